package folder_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/clicktally/clicktally/runtime/catalog/folder"
)

func TestWatcherTellsOfEveryKindOfChange(t *testing.T) {
	long := time.Minute
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cases := map[string]func(t *testing.T, dir string){
		"a file is written in place": func(t *testing.T, dir string) { write(t, dir, map[string]string{"a.yaml": "changed"}) },
		"an editor replaces a file by rename": func(t *testing.T, dir string) {
			write(t, dir, map[string]string{".a.yaml.swp": "new"})
			must(t, os.Rename(filepath.Join(dir, ".a.yaml.swp"), filepath.Join(dir, "a.yaml")))
		},
		"a file is removed":             func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "a.yaml"))) },
		"a file in a folder is written": func(t *testing.T, dir string) { write(t, dir, map[string]string{"sub/b.yaml": "changed"}) },
		"a folder with a file is made":  func(t *testing.T, dir string) { write(t, dir, map[string]string{"new/c.yaml": "x"}) },
		"a ConfigMap's link is pointed at a new version": func(t *testing.T, dir string) {
			write(t, dir, map[string]string{"..v2/m.yaml": "two"})
			must(t, os.Symlink("..v2", filepath.Join(dir, "..data_tmp")))
			must(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
		},
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{"a.yaml": "a", "sub/b.yaml": "b", "..v1/m.yaml": "one"})
			must(t, os.Symlink("..v1", filepath.Join(dir, "..data")))
			must(t, os.Symlink("..data/m.yaml", filepath.Join(dir, "m.yaml")))
			w, err := folder.NewWatcher(dir)
			must(t, err)
			defer w.Close()
			change(t, dir)
			paths, err := w.Next(t.Context(), long)
			if err != nil || len(paths) == 0 {
				t.Fatalf("told of %v, error %v", paths, err)
			}
		})
	}
}

func TestAFileInANewFolderIsWatched(t *testing.T) {
	dir := t.TempDir()
	w, err := folder.NewWatcher(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	write(t, dir, map[string]string{"new/a.yaml": "one"})
	if _, err := w.Next(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{"new/a.yaml": "two"})
	if paths, err := w.Next(t.Context(), time.Minute); err != nil || len(paths) == 0 {
		t.Fatalf("told of %v, error %v", paths, err)
	}
}

func TestNextEndsWithItsContextAndItsTime(t *testing.T) {
	w, err := folder.NewWatcher(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if paths, err := w.Next(t.Context(), time.Millisecond); err != nil || len(paths) > 0 {
		t.Errorf("after its time: %v %v", paths, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Next(ctx, time.Minute); err == nil {
		t.Error("no error after its context")
	}
}
