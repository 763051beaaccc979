package crds_test

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestSamplesAreKeptAsWritten applies every object of config/samples, and again, as GitOps does.
func TestSamplesAreKeptAsWritten(t *testing.T) {
	c := newCluster(t)
	for name, objects := range samples(t) {
		for _, object := range objects {
			if err := c.apply(owner, object); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			first := c.live(object)
			for _, difference := range differences("", asHeld(object, c.namespace), first.Object) {
				t.Errorf("%s: %s", name, difference)
			}
			c.mustApply(owner, object) // which may write down the status that every new object is shown with
			first = c.live(object)
			c.mustApply(owner, object)
			if again := c.live(object); again.GetResourceVersion() != first.GetResourceVersion() {
				t.Errorf("%s: applying it again without a change wrote it again", name)
			}
		}
	}
	if len(c.warnings.texts) > 0 {
		t.Errorf("the API server warned: %q", c.warnings.texts)
	}
}

// asHeld is an object in the test's namespace. An API server holds the strings of a Secret encoded.
func asHeld(object *unstructured.Unstructured, namespace string) map[string]any {
	held := object.DeepCopy()
	held.SetNamespace(namespace)
	if texts, found, _ := unstructured.NestedStringMap(held.Object, "stringData"); found {
		data := map[string]any{}
		for key, text := range texts {
			data[key] = base64.StdEncoding.EncodeToString([]byte(text))
		}
		delete(held.Object, "stringData")
		held.Object["data"] = data
	}
	return held.Object
}

// differences names what was set and is not held so. What is held beyond that, such as a default, is none.
func differences(path string, set, held any) []string {
	var found []string
	switch set := set.(type) {
	case map[string]any:
		fields, _ := held.(map[string]any)
		for key, value := range set {
			found = append(found, differences(path+"."+key, value, fields[key])...)
		}
	case []any:
		items, _ := held.([]any)
		if len(items) != len(set) {
			return []string{fmt.Sprintf("%s has %d items, want %d", path, len(items), len(set))}
		}
		for i, value := range set {
			found = append(found, differences(fmt.Sprintf("%s[%d]", path, i), value, items[i])...)
		}
	default:
		if !reflect.DeepEqual(set, held) {
			found = append(found, fmt.Sprintf("%s is %v, want %v", path, held, set))
		}
	}
	return found
}
