package clickhouse

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	// LibraryEnv names the environment variable that holds the path of libchdb and goes before every other place.
	LibraryEnv = "CLICKTALLY_CHDB"
	// LibraryVersion is the version of libchdb that hack/fetch-chdb fetches and this package was tested with.
	LibraryVersion = "26.7.3-stable.1"
	// libraryName is the same on every system: the packages for macOS call it so too.
	libraryName = "libchdb.so"
	// minLibraryBytes tells the engine from an empty or cut-off file.
	minLibraryBytes = 100 << 20
)

// ErrNoLibrary is wrapped by the error of Locate when libchdb is nowhere.
var ErrNoLibrary = errors.New("libchdb, the embedded ClickHouse engine, is missing")

// Locate returns the path of libchdb: the file named by CLICKTALLY_CHDB, else the first found in the cache of hack/fetch-chdb,
// beside the binary, and in the system's library folders. The error says what is missing, where it was looked for and how to get it.
func Locate() (string, error) {
	if path := os.Getenv(LibraryEnv); path != "" {
		if err := usable(path); err != nil {
			return "", fmt.Errorf("%s=%s: %w: point it at %s or unset it and run `make chdb`", LibraryEnv, path, err, libraryName)
		}
		return path, nil
	}
	var tried []string
	for _, path := range candidates() {
		if usable(path) == nil {
			return path, nil
		}
		tried = append(tried, path)
	}
	return "", fmt.Errorf("%w: run `make chdb` (about 180 MB to download, 570 MB on disk), or set %s to the path of %s; looked at %s",
		ErrNoLibrary, LibraryEnv, libraryName, strings.Join(tried, ", "))
}

func candidates() []string {
	var paths []string
	if cache := cacheDir(); cache != "" {
		paths = append(paths, filepath.Join(cache, "clicktally", "chdb", LibraryVersion, libraryName))
	}
	if self, err := os.Executable(); err == nil {
		paths = append(paths, filepath.Join(filepath.Dir(self), libraryName))
	}
	for _, dir := range []string{"/usr/local/lib", "/usr/lib", "/usr/lib64", "/opt/homebrew/lib"} {
		paths = append(paths, filepath.Join(dir, libraryName))
	}
	return paths
}

// cacheDir follows the same rule as hack/fetch-chdb on every system.
func cacheDir() string {
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".cache")
}

func usable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() < minLibraryBytes {
		return fmt.Errorf("is no libchdb: a regular file above %d bytes is expected", minLibraryBytes)
	}
	return nil
}
