package build

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// MaxBase is the most characters of a Base. Kubernetes puts a StatefulSet's name and eleven characters
// of a revision into one label, so 52 is the longest StatefulSet that gets pods.
const MaxBase = 52

// hashLength characters of a SHA-256 keep shortened names apart.
const hashLength = 8

// Services have the strictest names: a label of DNS that begins with a letter.
var serviceName = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)

// Base is what the names of all objects of a custom resource begin with: its own name where that can
// name a Service and is at most MaxBase characters long, else a form of it that ends in a hash. Any
// suffix of up to 11 characters gives a name of at most 63.
func Base(name string) string {
	if len(name) <= MaxBase && serviceName.MatchString(name) {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	hash := hex.EncodeToString(sum[:])[:hashLength]
	plain := strings.ReplaceAll(name, ".", "-")
	if plain == "" || plain[0] < 'a' || plain[0] > 'z' {
		plain = "x" + plain
	}
	plain = plain[:min(len(plain), MaxBase-hashLength-1)]
	return strings.TrimRight(plain, "-") + "-" + hash
}
