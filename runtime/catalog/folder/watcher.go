package folder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// quiet is how long nothing must happen before a change is handed on: editors and checkouts write
	// in several steps.
	quiet = 50 * time.Millisecond
	// latest bounds the wait for quiet.
	latest = 500 * time.Millisecond
)

// Watcher tells when something below its folders has changed: written, replaced by rename, removed,
// or swapped behind a link as a mounted ConfigMap is. It has one user at a time.
type Watcher struct {
	dirs    []string
	notify  *fsnotify.Watcher
	watched map[string]os.FileInfo // what stood at each path when its watch began
}

// NewWatcher begins to watch. Load after it was made, and no change is missed. The caller closes it.
func NewWatcher(dirs ...string) (*Watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch folder: %w", err)
	}
	w := &Watcher{dirs: dirs, notify: notify, watched: map[string]os.FileInfo{}}
	if err := w.addAll(); err != nil {
		return nil, errors.Join(err, notify.Close())
	}
	return w, nil
}

// Close stops watching.
func (w *Watcher) Close() error { return w.notify.Close() }

// Next waits for a change and then for quiet, and returns the paths it was told of. It returns
// without paths after atMost, so that its caller looks at the folder from time to time: notifications
// get lost on network file systems and when the kernel's queue is full. Its error is ctx's, unless the watcher is closed or a new folder
// cannot be watched.
func (w *Watcher) Next(ctx context.Context, atMost time.Duration) ([]string, error) {
	overall := time.NewTimer(atMost)
	defer overall.Stop()
	var paths []string
	var calm <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-overall.C:
			return paths, w.addAll()
		case <-calm:
			return paths, w.addAll()
		case event := <-w.notify.Events:
			if event.Op == fsnotify.Chmod || event.Name == "" {
				continue
			}
			if event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename) {
				delete(w.watched, event.Name)
			}
			if len(paths) == 0 {
				overall.Reset(latest)
			}
			paths = append(paths, event.Name)
			calm = time.After(quiet)
		case err, open := <-w.notify.Errors:
			if !open {
				return nil, errors.New("watch folder: watcher is closed")
			}
			if err != nil { // a full queue: what happened is unknown, so look at everything
				overall.Reset(quiet)
			}
		}
	}
}

// addAll watches every folder that is not watched yet. A folder that has gone is no error here: the
// loader reports it.
func (w *Watcher) addAll() error {
	for _, dir := range w.dirs {
		if info, err := os.Lstat(dir); err == nil && (info.Mode()&fs.ModeSymlink != 0 || !info.IsDir()) {
			if err := w.add(filepath.Dir(dir)); err != nil {
				return err
			}
		}
		root, err := w.root(dir)
		if err != nil {
			return err
		}
		if root == "" {
			continue
		}
		err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist): // gone since it was listed
				return fs.SkipDir
			case err != nil:
				return err
			case !entry.IsDir():
				return nil
			case path != root && strings.HasPrefix(entry.Name(), "."):
				return fs.SkipDir
			}
			relative, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			return w.add(filepath.Join(dir, relative))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// root resolves dir, empty while it is not there. Then its parent is watched, so that its return is seen.
func (w *Watcher) root(dir string) (string, error) {
	root, err := filepath.EvalSymlinks(dir)
	if err == nil {
		return root, nil
	}
	if err := w.add(filepath.Dir(filepath.Clean(dir))); err != nil {
		return "", err
	}
	root, _ = filepath.EvalSymlinks(dir) // it may have come before the watch; else this is empty
	return root, nil
}

// add watches a folder. A watch holds the folder itself, not its path: where another has taken its
// place, by rename or behind a link, the watch begins anew.
func (w *Watcher) add(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("watch folder: %w", err)
	}
	if known := w.watched[dir]; known != nil {
		if os.SameFile(known, info) {
			return nil
		}
		if err := w.notify.Remove(dir); err != nil && !errors.Is(err, fsnotify.ErrNonExistentWatch) {
			return fmt.Errorf("watch folder %s: %w", dir, err)
		}
	}
	if err := w.notify.Add(dir); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("watch folder %s: %w", dir, err)
	}
	w.watched[dir] = info
	return nil
}
