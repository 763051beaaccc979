package chart_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(root + "/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| `([^`]*)` \\| (.+) \\|$")

// TestTheREADMEListsEveryValue with its default and what it says.
func TestTheREADMEListsEveryValue(t *testing.T) {
	listed := map[string]any{}
	for _, line := range row.FindAllStringSubmatch(read(t, "charts/clicktally/README.md"), -1) {
		var value any
		if err := json.Unmarshal([]byte(line[2]), &value); err != nil {
			t.Fatalf("%s: %v", line[1], err)
		}
		listed[line[1]] = value
	}
	want := map[string]any{}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		inner, isObject := value.(map[string]any)
		if !isObject || len(inner) == 0 || strings.HasSuffix(path, ".resources") {
			want[path] = value
			return
		}
		for key, one := range inner {
			walk(strings.TrimPrefix(path+"."+key, "."), one)
		}
	}
	walk("", own(t))
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("-values.yaml +README.md:\n%s", diff)
	}
}

var (
	command = regexp.MustCompile(`(?m)^helm (install|upgrade) clicktally charts/clicktally (.*)$`)
	sample  = regexp.MustCompile("(?s)```yaml\n(.*?)```")
)

// TestTheCommandsOfTheDocsRender what they say, with the values.yaml that stands there.
func TestTheCommandsOfTheDocsRender(t *testing.T) {
	text := read(t, "docs/install.md")
	stated := sample.FindStringSubmatch(text)
	if stated == nil {
		t.Fatal("docs/install.md has no values.yaml")
	}
	path := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(path, []byte(stated[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	commands := command.FindAllStringSubmatch(text, -1)
	if len(commands) < 4 {
		t.Fatalf("%d commands of Helm", len(commands))
	}
	for _, c := range commands {
		flags := strings.Fields(strings.NewReplacer("--create-namespace", "", "values.yaml", path).Replace(c[2]))
		if _, complaints, err := helm(t, append([]string{"template", "clicktally", chart}, flags...)...); err != nil {
			t.Errorf("%s: %v: %s", c[0], err, complaints)
		}
	}
	for _, folder := range regexp.MustCompile(`kustomize build config/(\S+)`).FindAllStringSubmatch(text, -1) {
		kustomize(t, folder[1])
	}
}

// TestTheRolesThatTheDocsNameExist, and the objects too.
func TestTheRolesThatTheDocsNameExist(t *testing.T) {
	rendered := render(t, "clicktally")
	for _, name := range regexp.MustCompile("`(clicktally-[a-z-]+)`").FindAllStringSubmatch(read(t, "docs/install.md"), -1) {
		if made := "\n  name: " + name[1] + "\n"; !strings.Contains(rendered, made) && name[1] != "clicktally-system" {
			t.Errorf("the chart makes no %s", name[1])
		}
	}
}
