package folder

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// Schema judges objects by their definitions; config/crd's Validator is one. Validate gets the form
// that was read before as old, nil when there is none.
type Schema interface {
	Default(object *unstructured.Unstructured) error
	Validate(ctx context.Context, object, old *unstructured.Unstructured) field.ErrorList
}

// defaultNamespace is where an object lives that states no namespace.
const defaultNamespace = "default"

// document is one object of a file.
type document struct {
	ref    compile.Ref
	file   string
	first  int        // line of the file at which the document begins
	root   *yaml.Node // its lines count from the document's own beginning
	raw    *unstructured.Unstructured
	object any // *v1alpha1.Campaign and so on, *Secret, *Namespace
}

// Secret is a v1 Secret of the folder.
type Secret struct {
	Namespace, Name string
	Data            map[string][]byte
}

// Namespace is a v1 Namespace of the folder.
type Namespace struct {
	Name   string
	Labels map[string]string
}

// line returns the line of the file at which a field is written.
func (d *document) line(path string) int {
	_, line, _ := find(d.root, path)
	return d.first + line - 1
}

func (d *document) problem(path, message string) Problem {
	return Problem{
		Problem: compile.Problem{Ref: d.ref, Field: path, Severity: compile.Error, Reason: v1alpha1.ReasonInvalid, Message: message},
		File:    d.file, Line: d.line(path),
	}
}

func (d *document) notice(path, message string) Problem {
	p := d.problem(path, message)
	p.Severity = compile.Notice
	return p
}

// newDocument identifies an object; ok is false when it is of a kind that nobody here reads.
func newDocument(file string, first int, root *yaml.Node, content map[string]any) (d *document, ok bool, problem *Problem) {
	raw := &unstructured.Unstructured{Object: content}
	d = &document{file: file, first: first, root: root, raw: raw}
	if raw.GetAPIVersion() == "" || raw.GetKind() == "" {
		p := d.problem("", "is no object: apiVersion and kind are required")
		return d, false, &p
	}
	d.ref = compile.Ref{Kind: raw.GetKind(), Namespace: raw.GetNamespace(), Name: raw.GetName()}
	switch {
	case raw.GetAPIVersion() == "v1" && raw.GetKind() == "Namespace":
	case raw.GetAPIVersion() == v1alpha1.GroupVersion.String() || raw.GetAPIVersion() == "v1" && raw.GetKind() == "Secret":
		if d.ref.Namespace == "" {
			d.ref.Namespace = defaultNamespace
			raw.SetNamespace(defaultNamespace)
		}
	default:
		p := d.notice("kind", fmt.Sprintf("%s of %s is not read by ClickTally", raw.GetKind(), raw.GetAPIVersion()))
		return d, false, &p
	}
	if d.ref.Name == "" {
		p := d.problem("metadata.name", "is required")
		return d, false, &p
	}
	return d, true, nil
}

// decode checks the document and fills its object.
func (d *document) decode(ctx context.Context, schema Schema, old *document) []Problem {
	if d.raw.GetAPIVersion() == "v1" {
		return d.decodeCore()
	}
	target := newObject(d.ref.Kind)
	if target == nil {
		return []Problem{d.problem("kind", fmt.Sprintf("%s has no kind %q", v1alpha1.GroupVersion, d.ref.Kind))}
	}
	if problems := d.validate(ctx, schema, old); len(problems) > 0 {
		return problems
	}
	defaulted := d.raw
	if schema != nil {
		defaulted = d.raw.DeepCopy()
		if err := schema.Default(defaulted); err != nil {
			return []Problem{d.problem("", err.Error())}
		}
	}
	err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(defaulted.Object, target, true)
	if err != nil {
		return d.decodeErrors(err)
	}
	d.object = target
	return nil
}

func newObject(kind string) runtime.Object {
	switch kind {
	case compile.KindCampaign:
		return &v1alpha1.Campaign{}
	case compile.KindFraudPolicy:
		return &v1alpha1.FraudPolicy{}
	case compile.KindPipeline:
		return &v1alpha1.AggregationPipeline{}
	case compile.KindSchedule:
		return &v1alpha1.BillingSchedule{}
	case compile.KindTracker:
		return &v1alpha1.Tracker{}
	case compile.KindTrafficSource:
		return &v1alpha1.TrafficSource{}
	}
	return nil
}

func (d *document) validate(ctx context.Context, schema Schema, old *document) []Problem {
	if schema == nil {
		return nil
	}
	var before *unstructured.Unstructured
	if old != nil {
		before = old.raw
	}
	var problems []Problem
	for _, e := range schema.Validate(ctx, d.raw, before) {
		problems = append(problems, d.problem(e.Field, d.message(e)))
	}
	return problems
}

// message is what the schema says, without the value, and with advice for the commonest slip: a
// number where text belongs, such as an amount without quotes.
func (d *document) message(e *field.Error) string {
	n, _, exact := find(d.root, e.Field)
	if exact && e.Type == field.ErrorTypeTypeInvalid && n.Kind == yaml.ScalarNode && n.Style == 0 && n.Tag != "!!str" &&
		strings.Contains(e.Detail, "type string") {
		return quoteIt(n)
	}
	switch e.Type {
	case field.ErrorTypeRequired:
		return "is required"
	case field.ErrorTypeDuplicate:
		return "is there twice"
	}
	detail := e.Detail
	for _, prefix := range []string{e.Field + " in body ", e.Field + ": "} {
		detail = strings.TrimPrefix(detail, prefix)
	}
	if detail == "" {
		detail = strings.ToLower(e.Type.String())
	}
	return detail
}

// decodeErrors names the field of every error of a strict decoding.
func (d *document) decodeErrors(err error) []Problem {
	errs := []error{err}
	if strict, ok := err.(interface{ Errors() []error }); ok {
		errs = strict.Errors()
	}
	var problems []Problem
	for _, e := range errs {
		path := ""
		if _, quoted, ok := strings.Cut(e.Error(), `unknown field "`); ok {
			path, _, _ = strings.Cut(quoted, `"`)
			problems = append(problems, d.problem(path, "is no known field"))
			continue
		}
		problems = append(problems, d.problem(path, e.Error()))
	}
	return problems
}

// decodeCore reads the two core kinds that a folder may hold beside ours.
func (d *document) decodeCore() []Problem {
	if d.ref.Kind == "Namespace" {
		d.object = &Namespace{Name: d.ref.Name, Labels: d.raw.GetLabels()}
		return nil
	}
	secret := &Secret{Namespace: d.ref.Namespace, Name: d.ref.Name, Data: map[string][]byte{}}
	encoded, _, err := unstructured.NestedStringMap(d.raw.Object, "data")
	if err != nil {
		return []Problem{d.problem("data", "values must be text in base64")}
	}
	for key, value := range encoded {
		secret.Data[key], err = base64.StdEncoding.DecodeString(value)
		if err != nil {
			return []Problem{d.problem("data."+key, "is not base64: write plain text under stringData")}
		}
	}
	plain, _, err := unstructured.NestedStringMap(d.raw.Object, "stringData")
	if err != nil {
		return []Problem{d.problem("stringData", "values must be text: write numbers in quotes")}
	}
	for key, value := range plain {
		secret.Data[key] = []byte(value)
	}
	d.object = secret
	return nil
}
