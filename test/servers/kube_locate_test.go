package servers

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestAnAPIServerIsFoundWhole(t *testing.T) {
	for sentence, c := range map[string]struct {
		programs []string
		found    bool
	}{
		"a folder with both programs":        {[]string{"etcd", "kube-apiserver"}, true},
		"a folder without an API server":     {[]string{"etcd"}, false},
		"a folder without etcd":              {[]string{"kube-apiserver"}, false},
		"a folder with neither says how too": {nil, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range c.programs {
				if err := os.WriteFile(filepath.Join(dir, name), nil, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("KUBEBUILDER_ASSETS", dir)
			if _, err := locateKube(); c.found != (err == nil) || !c.found && !errors.Is(err, errNoKube) {
				t.Errorf("found %v: %v", c.found, err)
			}
		})
	}
}
