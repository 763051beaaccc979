package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// programsVariable names folders, in the form of PATH, with the programs of a cluster. Without it hack/fetch-kube finds
// or builds them.
const programsVariable = "CLUSTER_PROGRAMS"

// fetchScript is found from any folder of the checkout.
const fetchScript = "hack/fetch-kube"

// programs are the folders of the cluster's programs, in the form of PATH.
func programs(ctx context.Context) (string, error) {
	if folders := os.Getenv(programsVariable); folders != "" {
		return folders, nil
	}
	script, err := findUp(fetchScript)
	if err != nil {
		return "", err
	}
	fetch := exec.CommandContext(ctx, script, "node")
	fetch.Stderr = os.Stderr
	folders, err := fetch.Output()
	if err != nil {
		return "", fmt.Errorf("%s node: %w", fetchScript, err)
	}
	return strings.TrimSpace(string(folders)), nil
}

// findUp finds a file in the working directory or the nearest folder above it.
func findUp(name string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no " + name + " here or above: run this in a checkout, or set " + programsVariable)
		}
		dir = parent
	}
}
