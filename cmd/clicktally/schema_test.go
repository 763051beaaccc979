package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestSchemaPrintsTheTablesOfOneServerOrOfACluster(t *testing.T) {
	for _, c := range []struct{ args, want, not string }{
		{"--database ads --raw-days 30", "TTL minute + toIntervalDay(30 + 7)", "ON CLUSTER"},
		{"--database ads --cluster main", "CREATE TABLE IF NOT EXISTS `ads`.progress ON CLUSTER `main` (", ") ENGINE = ReplacingMergeTree"},
	} {
		var out bytes.Buffer
		cmd := root()
		cmd.SetOut(&out)
		cmd.SetArgs(append([]string{"schema"}, strings.Fields(c.args)...))
		if err := cmd.Execute(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), c.want) || strings.Contains(out.String(), c.not) {
			t.Errorf("schema %s: want %q in it and not %q:\n%.2000s", c.args, c.want, c.not, out.String())
		}
	}
}
