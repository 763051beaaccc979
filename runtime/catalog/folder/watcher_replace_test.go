package folder_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/clicktally/clicktally/runtime/catalog/folder"
)

// A checkout puts a whole folder in place of another. What is written there afterwards must be told of
// too, and not only when the folder is looked at anyway.
func TestTheFolderThatTookAnothersPlaceIsWatched(t *testing.T) {
	cases := map[string]func(dir, other string) error{
		"renamed away, then another renamed to its name": func(dir, other string) error {
			return errors.Join(os.Rename(dir, dir+".old"), os.Rename(other, dir))
		},
		"removed with all in it, then made again": func(dir, other string) error {
			return errors.Join(os.RemoveAll(dir), os.Rename(other, dir))
		},
		"a link to it that is pointed at another": func(dir, other string) error {
			return errors.Join(os.Symlink(other, dir+".new"), os.Rename(dir+".new", dir))
		},
	}
	for name, replace := range cases {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			dir, other := filepath.Join(base, "conf"), filepath.Join(base, "other")
			write(t, other, map[string]string{"a.yaml": "new", "sub/b.yaml": "new"})
			write(t, filepath.Join(base, "first"), map[string]string{"a.yaml": "a", "sub/b.yaml": "b"})
			place := os.Rename
			if name == "a link to it that is pointed at another" {
				place = os.Symlink
			}
			if err := place(filepath.Join(base, "first"), dir); err != nil {
				t.Fatal(err)
			}
			w, err := folder.NewWatcher(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if err := replace(dir, other); err != nil {
				t.Fatal(err)
			}
			told(t, w)
			for _, file := range []string{"a.yaml", "sub/b.yaml"} {
				write(t, dir, map[string]string{file: "written later"})
				told(t, w)
			}
		})
	}
}

func TestAFolderThatWasAwayIsWatchedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "conf")
	write(t, dir, map[string]string{"a.yaml": "a"})
	w, err := folder.NewWatcher(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	told(t, w)
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	told(t, w)
	write(t, dir, map[string]string{"a.yaml": "written later"})
	told(t, w)
}

// told waits until a change is told of; what comes of one change may be told of in several calls.
func told(t *testing.T, w *folder.Watcher) {
	t.Helper()
	paths, err := w.Next(t.Context(), 5*time.Second)
	if err != nil || len(paths) == 0 {
		t.Fatalf("told of %v, error %v", paths, err)
	}
}
