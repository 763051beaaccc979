package lint

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/folder"
)

// repairing is a schema that lets an object with small slips through, as if they were corrected: text
// without quotes, and fields that do not exist. So one run names the mistakes that the schema's and
// the compiler's other rules find as well, instead of one more with every run.
type repairing struct {
	folder.Schema

	broken map[compile.Ref]field.ErrorList // rules that speak only once the slips are corrected
}

// Validate corrects the object in place and returns what cannot be corrected.
func (r *repairing) Validate(ctx context.Context, object, old *unstructured.Unstructured) field.ErrorList {
	errs := r.Schema.Validate(ctx, object, old)
	repaired := 0
	for _, err := range errs {
		switch {
		case repair(object, err):
			repaired++
		case !isRule(err):
			return errs
		}
	}
	if repaired > 0 {
		errs = r.Schema.Validate(ctx, object, old)
	}
	for _, err := range errs {
		if !isRule(err) {
			return errs
		}
	}
	ref := compile.Ref{Kind: object.GetKind(), Namespace: object.GetNamespace(), Name: object.GetName()}
	r.broken[ref] = errs
	return nil
}

// isRule reports whether the value has the right type and only breaks a rule: the compiler can go on.
func isRule(err *field.Error) bool {
	return err.Type == field.ErrorTypeInvalid || err.Type == field.ErrorTypeDuplicate
}

func repair(object *unstructured.Unstructured, err *field.Error) bool {
	steps := pathSteps(err.Field)
	switch err.Type {
	case field.ErrorTypeTypeInvalid:
		return strings.Contains(err.Detail, "type string") && change(object.Object, steps, quoted)
	case field.ErrorTypeForbidden:
		return err.Detail == "unknown field" && remove(object.Object, steps)
	default:
		return false
	}
}

// quoted is a number or a boolean as the text it was meant to be.
func quoted(value any) (any, bool) {
	switch v := value.(type) {
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return nil, false
}

// change replaces the value at a path.
func change(node any, steps []string, to func(any) (any, bool)) bool {
	if len(steps) == 0 {
		return false
	}
	switch node := node.(type) {
	case map[string]any:
		if len(steps) > 1 {
			return change(node[steps[0]], steps[1:], to)
		}
		value, ok := to(node[steps[0]])
		if ok {
			node[steps[0]] = value
		}
		return ok
	case []any:
		i, err := strconv.Atoi(steps[0])
		if err != nil || i < 0 || i >= len(node) {
			return false
		}
		if len(steps) > 1 {
			return change(node[i], steps[1:], to)
		}
		value, ok := to(node[i])
		if ok {
			node[i] = value
		}
		return ok
	}
	return false
}

// remove deletes the key at a path; true also when it is gone already.
func remove(node any, steps []string) bool {
	for len(steps) > 1 {
		switch at := node.(type) {
		case map[string]any:
			node = at[steps[0]]
		case []any:
			i, err := strconv.Atoi(steps[0])
			if err != nil || i < 0 || i >= len(at) {
				return false
			}
			node = at[i]
		default:
			return false
		}
		steps = steps[1:]
	}
	parent, ok := node.(map[string]any)
	if ok && len(steps) == 1 {
		delete(parent, steps[0])
	}
	return ok
}

// pathSteps cuts "spec.offers[0].url" into its keys and indexes.
func pathSteps(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(".[]", r) })
}

// problems returns the rules that are broken, with their place in set.
func (r *repairing) problems(set *folder.Set) []folder.Problem {
	var list []folder.Problem
	for ref, errs := range r.broken {
		for _, err := range errs {
			message := err.Detail
			if err.Type == field.ErrorTypeDuplicate {
				message = "is there twice"
			}
			message = strings.TrimPrefix(message, fmt.Sprintf("%s in body ", err.Field))
			list = append(list, set.Locate(compile.Problem{Ref: ref, Field: err.Field, Severity: compile.Error, Message: message}))
		}
	}
	return list
}
