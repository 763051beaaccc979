package machine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestGroupsAreRemovedFromTheInside(t *testing.T) {
	group := filepath.Join(t.TempDir(), "group")
	if err := os.MkdirAll(filepath.Join(group, "kubepods", "pod"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"that is there", "that is gone"} {
		if err := removeGroup(group); err != nil {
			t.Errorf("remove a group %s: %v", when, err)
		}
	}
	if _, err := os.Stat(group); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the group is there: %v", err)
	}
}
