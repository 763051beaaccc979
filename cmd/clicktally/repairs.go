package main

import (
	"context"
	"errors"
	"os"
	"os/user"

	"github.com/spf13/pflag"

	"github.com/clicktally/clicktally/runtime/repair"
)

// repairFlags say which pipeline is changed, and by whom.
type repairFlags struct {
	pipelineFlags

	by string
}

func (f *repairFlags) add(flags *pflag.FlagSet) {
	f.pipelineFlags.add(flags)
	flags.StringVar(&f.by, "by", "", "who does it, for the record (default: your login on this machine)")
}

// who is who does it: as stated, else the login.
func (f *repairFlags) who() (string, error) {
	if f.by != "" {
		return f.by, nil
	}
	u, err := user.Current()
	if err != nil {
		return "", errors.New("state who you are with --by: this machine does not say")
	}
	host, err := os.Hostname()
	if err != nil {
		return u.Username, nil //nolint:nilerr // a name without a host still says who
	}
	return u.Username + "@" + host, nil
}

// repairing runs one command against the stores.
func (f *repairFlags) repairing(ctx context.Context, do func(context.Context, *repair.Pipeline) error) error {
	p, closeAll, err := f.connect()
	if err != nil {
		return err
	}
	defer closeAll()
	return do(ctx, p)
}
