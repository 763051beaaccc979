package folder

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// maxNodes bounds what one document expands to, aliases included.
	maxNodes = 1 << 20
	// maxDepth bounds nesting; an alias within its own anchor would have no end.
	maxDepth = 64
)

// positioned is an error at a line of its document.
type positioned struct {
	line    int
	field   string
	message string
}

func (e *positioned) Error() string { return e.message }

// booleans are words that YAML 1.1, which kubectl reads, takes for true or false.
var booleans = []string{"y", "n", "yes", "no", "on", "off"}

// converter turns a YAML tree into what encoding/json would have read.
type converter struct{ nodes, depth int }

func (c *converter) value(n *yaml.Node, path string) (any, error) {
	c.nodes++
	c.depth++
	defer func() { c.depth-- }()
	if c.nodes > maxNodes || c.depth > maxDepth {
		return nil, &positioned{n.Line, path, "document is too large or too deep once its aliases are expanded"}
	}
	switch n.Kind {
	case yaml.AliasNode:
		return c.value(n.Alias, path)
	case yaml.MappingNode:
		return c.mapping(n, path)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for i, item := range n.Content {
			v, err := c.value(item, fmt.Sprintf("%s[%d]", path, i))
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.ScalarNode:
		return scalar(n, path)
	}
	return nil, &positioned{n.Line, path, "is no value"}
}

func (c *converter) mapping(n *yaml.Node, path string) (any, error) {
	m := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		at := join(path, key.Value)
		switch _, twice := m[key.Value]; {
		case key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge":
			return nil, &positioned{key.Line, path, "keys must be plain words; merge keys are not supported"}
		case twice:
			return nil, &positioned{key.Line, at, "is there twice"}
		case isBoolean(key):
			return nil, &positioned{key.Line, at, quoteIt(key) + ": YAML reads it as true or false"}
		}
		v, err := c.value(n.Content[i+1], at)
		if err != nil {
			return nil, err
		}
		m[key.Value] = v
	}
	return m, nil
}

func scalar(n *yaml.Node, path string) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		return strconv.ParseBool(strings.ToLower(n.Value))
	case "!!int":
		var i int64
		if err := n.Decode(&i); err != nil {
			return nil, &positioned{n.Line, path, "number is too large"}
		}
		return i, nil
	case "!!float":
		var f float64
		if err := n.Decode(&f); err != nil {
			return nil, &positioned{n.Line, path, "is no number"}
		}
		return f, nil
	}
	if isBoolean(n) {
		return nil, &positioned{n.Line, path, quoteIt(n) + ": YAML reads it as true or false"}
	}
	return n.Value, nil
}

func isBoolean(n *yaml.Node) bool {
	return n.Style == 0 && slices.Contains(booleans, strings.ToLower(n.Value))
}

func quoteIt(n *yaml.Node) string { return fmt.Sprintf("write %q in quotes", n.Value) }

// join appends a key to a path in the form of apimachinery's field.Path.
func join(path, key string) string {
	switch {
	case strings.ContainsAny(key, "./["):
		return path + "[" + key + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// find returns the node at path, or the deepest node on the way to it, with the line it begins at:
// that of its key, where it has one.
func find(root *yaml.Node, path string) (node *yaml.Node, line int, exact bool) {
	node, line = root, root.Line
	for _, step := range steps(path) {
		for node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		next, at := child(node, step)
		if next == nil {
			return node, line, false
		}
		node, line = next, at
	}
	return node, line, true
}

func child(n *yaml.Node, step string) (*yaml.Node, int) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i+1], n.Content[i].Line
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && 0 <= i && i < len(n.Content) {
			return n.Content[i], n.Content[i].Line
		}
	}
	return nil, 0
}

// steps cuts "spec.offers[0].url" and "labels[example.org/team]" into their keys.
func steps(path string) []string {
	var list []string
	for path != "" {
		switch path[0] {
		case '.':
			path = path[1:]
		case '[':
			inside, rest, _ := strings.Cut(path[1:], "]")
			list, path = append(list, inside), rest
		default:
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			list, path = append(list, path[:end]), path[end:]
		}
	}
	return list
}

// parse reads one YAML document; nil without error is an empty one. Lines count from 1.
func parse(text string) (*yaml.Node, map[string]any, error) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return nil, nil, syntaxError(err)
	}
	if document.Kind == 0 || len(document.Content) == 0 || document.Content[0].ShortTag() == "!!null" {
		return nil, nil, nil
	}
	root := document.Content[0]
	value, err := (&converter{}).value(root, "")
	if err != nil {
		return root, nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return root, nil, &positioned{root.Line, "", "is not an object"}
	}
	return root, object, nil
}

// syntaxError takes the line out of the library's message, which has the form "yaml: line 3: what".
func syntaxError(err error) error {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(message, "line "); ok {
		if number, what, ok := strings.Cut(rest, ": "); ok {
			if line, err := strconv.Atoi(number); err == nil {
				return &positioned{line: line, message: "not valid YAML: " + what}
			}
		}
	}
	return &positioned{line: 1, message: "not valid YAML: " + message}
}

// asPositioned returns the place an error of this file's functions stands at.
func asPositioned(err error) *positioned {
	if p, ok := errors.AsType[*positioned](err); ok {
		return p
	}
	return &positioned{line: 1, message: err.Error()}
}
