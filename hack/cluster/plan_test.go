package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheCommandLine(t *testing.T) {
	archive := filepath.Join(t.TempDir(), "a.tar")
	if err := os.WriteFile(archive, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want plan
		ok   bool
	}{
		"up runs no command":               {[]string{"up"}, plan{}, true},
		"run takes a command with flags":   {[]string{"run", "--", "test", "-v"}, plan{command: []string{"test", "-v"}}, true},
		"images add up":                    {[]string{"run", "--image", archive, "--image", archive, "--", "x"}, plan{images: images{archive, archive}, command: []string{"x"}}, true},
		"logs go elsewhere":                {[]string{"up", "--keep-logs", "there"}, plan{keepLogs: "there"}, true},
		"nothing is no command line":       {nil, plan{}, false},
		"an unknown verb is refused":       {[]string{"down"}, plan{}, false},
		"up with a command is refused":     {[]string{"up", "--", "x"}, plan{}, false},
		"run without a command is refused": {[]string{"run"}, plan{}, false},
		"a missing archive is refused":     {[]string{"up", "--image", archive + "x"}, plan{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parse(test.args, io.Discard)
			if (err == nil) != test.ok {
				t.Fatalf("error %v, want accepted: %v", err, test.ok)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(plan{})); test.ok && diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}
