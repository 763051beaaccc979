package process

import (
	"fmt"
	"os"
	"strings"
)

// Credentials reads <store>_USERNAME and <store>_PASSWORD from the environment, or from the mounted
// files that <store>_USERNAME_FILE and <store>_PASSWORD_FILE name. Both are empty where neither is set.
func Credentials(store string) (username, password string, err error) {
	for name, to := range map[string]*string{"USERNAME": &username, "PASSWORD": &password} {
		*to = os.Getenv(store + "_" + name)
		path := os.Getenv(store + "_" + name + "_FILE")
		if path == "" {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return "", "", fmt.Errorf("read the credentials of %s: %w", store, err)
		}
		*to = strings.TrimSpace(string(content))
	}
	return username, password, nil
}
