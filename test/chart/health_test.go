package chart_test

import (
	"os"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// health is what Argo CD shows of an object, and what kstatus says, which Flux and `helm --wait` go by.
func health(t *testing.T, object *unstructured.Unstructured) (argo, kstatus string) {
	t.Helper()
	script, err := os.ReadFile(root + "/deploy/argocd/health.lua")
	if err != nil {
		t.Fatal(err)
	}
	state := lua.NewState(lua.Options{SkipOpenLibs: true}) // Argo CD opens these and no others
	defer state.Close()
	for name, library := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(library), Protect: true}, lua.LString(name)); err != nil {
			t.Fatal(err)
		}
	}
	state.SetGlobal("obj", luaValue(state, object.Object))
	if err := state.DoString(string(script)); err != nil {
		t.Fatal(err)
	}
	result, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		t.Fatalf("the script returns %v", state.Get(-1))
	}
	if result.RawGetString("message").String() == "nil" {
		t.Error("the script gives no message")
	}
	computed, err := status.Compute(object)
	if err != nil {
		t.Fatal(err)
	}
	return result.RawGetString("status").String(), computed.Status.String()
}

func luaValue(state *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case map[string]any:
		table := state.NewTable()
		for key, one := range v {
			table.RawSetString(key, luaValue(state, one))
		}
		return table
	case []any:
		table := state.NewTable()
		for _, one := range v {
			table.Append(luaValue(state, one))
		}
		return table
	case string:
		return lua.LString(v)
	case bool:
		return lua.LBool(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	}
	return lua.LNil
}

// TestHealth: the two agree with what design 4 says of conditions.
func TestHealth(t *testing.T) {
	const head = "apiVersion: clicktally.dev/v1alpha1\nkind: Campaign\nmetadata: {name: a, namespace: ads, generation: 3}\n"
	for sentence, k := range map[string]struct{ object, argo, kstatus string }{
		// As the definitions have it, of which test/crds is the proof. Without a status kstatus takes an object for done.
		"nobody has looked at it": {head + `
status: {conditions: [{type: Accepted, status: Unknown, reason: Pending, message: x}, {type: Ready, status: Unknown, reason: Pending, message: x}]}`, "Progressing", "InProgress"},
		"an edit that nobody has looked at": {head + `
status: {observedGeneration: 2, conditions: [{type: Ready, status: "True", reason: Serving, message: "", observedGeneration: 2}]}`, "Progressing", "InProgress"},
		"an edit is on its way": {head + `
status: {observedGeneration: 3, conditions: [{type: Reconciling, status: "True", reason: Progressing, message: waiting}, {type: Ready, status: "False", reason: Progressing, message: waiting}]}`, "Progressing", "InProgress"},
		"Kafka is away": {head + `
status: {observedGeneration: 3, conditions: [{type: Reconciling, status: "True", reason: Progressing, message: waiting}, {type: Ready, status: Unknown, reason: Progressing, message: waiting}]}`, "Progressing", "InProgress"},
		"it serves": {head + `
status: {observedGeneration: 3, conditions: [{type: Accepted, status: "True", reason: Accepted, message: ""}, {type: Ready, status: "True", reason: Serving, message: generation 3 serves}]}`, "Healthy", "Current"},
		"bad weather is no illness": {head + `
status: {observedGeneration: 3, conditions: [{type: Durable, status: "False", reason: JournalFilling, message: x}, {type: Ready, status: "True", reason: Serving, message: x}]}`, "Healthy", "Current"},
		"a mistake that its user must mend": {head + `
status: {observedGeneration: 3, conditions: [{type: Accepted, status: "False", reason: Invalid, message: x}, {type: Stalled, status: "True", reason: Invalid, message: x}, {type: Ready, status: "False", reason: Invalid, message: x}]}`, "Degraded", "Failed"},
	} {
		t.Run(sentence, func(t *testing.T) {
			argo, kstatus := health(t, objects(t, k.object)[0])
			if argo != k.argo || kstatus != k.kstatus {
				t.Errorf("Argo CD shows %s, want %s; kstatus says %s, want %s", argo, k.argo, kstatus, k.kstatus)
			}
		})
	}
	suspended := objects(t, head+"spec: {suspend: Reconciliation}\n")[0]
	if argo, _ := health(t, suspended); argo != "Suspended" {
		t.Errorf("Argo CD shows %s of a suspended object", argo)
	}
}

// TestTheConfigMapHoldsTheScript that is tested above.
func TestTheConfigMapHoldsTheScript(t *testing.T) {
	script, err := os.ReadFile(root + "/deploy/argocd/health.lua")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(root + "/deploy/argocd/argocd-cm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	customizations, _, _ := unstructured.NestedString(objects(t, string(text))[0].Object, "data", "resource.customizations")
	byKind := map[string]map[string]string{}
	if err := yaml.UnmarshalStrict([]byte(customizations), &byKind); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]map[string]string{"clicktally.dev/*": {"health.lua": string(script)}}, byKind); diff != "" {
		t.Errorf("-health.lua +argocd-cm.yaml:\n%s", diff)
	}
}
