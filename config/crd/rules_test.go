package crd

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// ruleCase is one rule with an object that keeps it and one that breaks it. Both
// are merge patches, in YAML, upon the kind's base.
type ruleCase struct {
	rule     string // says in a sentence what holds
	before   string // patch that makes the old object; empty: the object is new
	accepted string
	rejected string
	path     string // where the user is told
	message  string // what the user is told, or a part of it
}

// kindCases are the cases of one kind.
type kindCases struct {
	kind  string
	base  string
	cases []ruleCase
}

// everyKind is filled by the files beside this one, one per kind.
var everyKind = []kindCases{
	aggregationPipelineCases, billingScheduleCases, campaignCases,
	fraudPolicyCases, trackerCases, trafficSourceCases,
}

func TestEveryRuleAcceptsAndRejects(t *testing.T) {
	validator := newValidator(t)
	for _, k := range everyKind {
		for _, c := range k.cases {
			t.Run(k.kind+": "+c.rule, func(t *testing.T) {
				var before *unstructured.Unstructured
				if c.before != "" {
					before = patched(t, k.base, c.before)
				}
				for _, err := range validator.Validate(t.Context(), patched(t, k.base, c.accepted), before) {
					t.Errorf("accepted case: %v", err)
				}
				errs := validator.Validate(t.Context(), patched(t, k.base, c.rejected), before)
				if len(errs) != 1 || errs[0].Field != c.path || !strings.Contains(errs[0].Error(), c.message) {
					t.Errorf("rejected case: got %q, want only %s: %s", errs, c.path, c.message)
				}
			})
		}
	}
}

// TestEveryRuleHasARejectedCase walks the generated definitions, so that a new
// rule without a case is red.
func TestEveryRuleHasARejectedCase(t *testing.T) {
	validator := newValidator(t)
	var rejections []string
	for _, k := range everyKind {
		for _, c := range k.cases {
			var before *unstructured.Unstructured
			if c.before != "" {
				before = patched(t, k.base, c.before)
			}
			for _, err := range validator.Validate(t.Context(), patched(t, k.base, c.rejected), before) {
				rejections = append(rejections, place(k.kind, err.Field)+": "+err.Detail)
			}
		}
	}

	definitions, err := Definitions()
	if err != nil {
		t.Fatal(err)
	}
	rules := 0
	for _, definition := range definitions {
		root := definition.Spec.Versions[0].Schema.OpenAPIV3Schema
		for _, rule := range rulesOf(definition.Spec.Names.Kind, "", root) {
			rules++
			if !slices.ContainsFunc(rejections, rule.MatchString) {
				t.Errorf("no rejected case breaks %s", rule)
			}
		}
	}
	if rules < 50 {
		t.Errorf("found %d rules in the definitions, want at least 50: does the walk still reach them?", rules)
	}
}

// rulesOf returns, for each rule at a schema and below it, what its rejection
// looks like: place and message.
func rulesOf(kind, path string, schema *apiextensionsv1.JSONSchemaProps) []*regexp.Regexp {
	var rules []*regexp.Regexp
	for _, rule := range schema.XValidations {
		message := regexp.QuoteMeta(rule.Message)
		if template := formatted.FindStringSubmatch(rule.MessageExpression); template != nil {
			message = strings.ReplaceAll(regexp.QuoteMeta(template[1]), "%d", `\d+`)
		}
		rules = append(rules, regexp.MustCompile("^"+regexp.QuoteMeta(place(kind, path+rule.FieldPath))+": "+message+"$"))
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		property := schema.Properties[name]
		rules = append(rules, rulesOf(kind, path+"."+name, &property)...)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		rules = append(rules, rulesOf(kind, path+"[]", schema.Items.Schema)...)
	}
	return rules
}

var (
	index     = regexp.MustCompile(`\[[^\]]*\]`)
	formatted = regexp.MustCompile(`^'([^']*)'\.format\(`)
)

// place names a field of a kind; all items of a list are one place.
func place(kind, path string) string {
	return kind + " " + strings.TrimPrefix(index.ReplaceAllString(path, "[]"), ".")
}

func newValidator(tb testing.TB) *Validator {
	tb.Helper()
	validator, err := NewValidator()
	if err != nil {
		tb.Fatal(err)
	}
	return validator
}

// patched returns the object in YAML with a merge patch (RFC 7396) applied.
func patched(tb testing.TB, object, patch string) *unstructured.Unstructured {
	tb.Helper()
	target := map[string]any{}
	parse(tb, object, &target)
	changes := map[string]any{}
	parse(tb, patch, &changes)
	return &unstructured.Unstructured{Object: merge(target, changes)}
}

func merge(target, patch map[string]any) map[string]any {
	for key, value := range patch {
		inner, isMap := value.(map[string]any)
		old, wasMap := target[key].(map[string]any)
		switch {
		case value == nil:
			delete(target, key)
		case isMap && wasMap:
			target[key] = merge(old, inner)
		default:
			target[key] = value
		}
	}
	return target
}

func parse(tb testing.TB, document string, into *map[string]any) {
	tb.Helper()
	data, err := yaml.YAMLToJSONStrict([]byte(document))
	if err != nil {
		tb.Fatalf("%v in:\n%s", err, document)
	}
	if err := json.Unmarshal(data, into); err != nil {
		tb.Fatalf("%v in:\n%s", err, document)
	}
}
