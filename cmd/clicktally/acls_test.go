package main

import (
	"bytes"
	"strings"
	"testing"
)

func runACLs(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := root()
	cmd.SetOut(&out)
	cmd.SetArgs(append([]string{"acls"}, args...))
	err := cmd.Execute()
	return out.String(), err
}

func TestACLsPrintsATableAndCommands(t *testing.T) {
	table, err := runACLs(t, "--topic-prefix", "ads")
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(strings.TrimSpace(table), "\n"); !strings.HasPrefix(lines[0], "ROLE") ||
		strings.Join(strings.Fields(lines[1])[:6], " ") != "tracker User:ads-tracker topic ads.events. prefixed Write" {
		t.Errorf("the table begins with\n%s\n%s", lines[0], lines[1])
	}
	commands, err := runACLs(t, "--topic-prefix", "ads", "-o", "commands", "--principal", "tracker=User:CN=edge's")
	if err != nil {
		t.Fatal(err)
	}
	want := `kafka-acls.sh --add --allow-principal 'User:CN=edge'\''s' --operation Write --topic 'ads.events.' --resource-pattern-type prefixed`
	if first, _, _ := strings.Cut(commands, "\n"); first != want {
		t.Errorf("the first command is\n%s\nwant\n%s", first, want)
	}
}

func TestACLsSaysWhatItCannotPrint(t *testing.T) {
	for args, want := range map[string]string{
		"--principal tracker=edge": "User:NAME",
		"--principal edge=User:e":  "the roles are",
		"-o yaml":                  "table or commands",
	} {
		if _, err := runACLs(t, strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want it to say %q", args, err, want)
		}
	}
}
