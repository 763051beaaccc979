package crd

import (
	"context"
	"fmt"
	"maps"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validator judges objects of every ClickTally kind by their definitions. It is
// safe for concurrent use.
type Validator struct {
	kinds map[schema.GroupVersionKind]*kindValidator
}

// NewValidator returns a Validator for the definitions in this package. Rules
// are compiled once per kind, when the kind is first asked for.
func NewValidator() (*Validator, error) {
	definitions, err := Definitions()
	if err != nil {
		return nil, err
	}
	v := &Validator{kinds: map[schema.GroupVersionKind]*kindValidator{}}
	for _, definition := range definitions {
		if err := v.add(definition); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (v *Validator) add(definition *apiextensionsv1.CustomResourceDefinition) error {
	internal, err := internalForm(definition)
	if err != nil {
		return err
	}
	for _, version := range internal.Spec.Versions {
		validation := version.Schema
		if validation == nil {
			validation = internal.Spec.Validation
		}
		kind := schema.GroupVersionKind{Group: internal.Spec.Group, Version: version.Name, Kind: internal.Spec.Names.Kind}
		v.kinds[kind], err = newKindValidator(validation.OpenAPIV3Schema)
		if err != nil {
			return fmt.Errorf("%s: %w", kind.Kind, err)
		}
	}
	return nil
}

// Kinds returns the kinds that the Validator knows, ordered by name.
func (v *Validator) Kinds() []schema.GroupVersionKind {
	return slices.SortedFunc(maps.Keys(v.kinds), func(a, b schema.GroupVersionKind) int {
		return slices.Compare([]string{a.Kind, a.Version}, []string{b.Kind, b.Version})
	})
}

// Default sets the fields of object that its definition has defaults for, in
// place, as an API server does before it validates and stores.
func (v *Validator) Default(object *unstructured.Unstructured) error {
	kind, ok := v.kinds[object.GroupVersionKind()]
	if !ok {
		return unknownKind(object)
	}
	kind.setDefaults(object.Object)
	return nil
}

// Validate returns what is wrong with newObject, judged with defaults set, and
// judged as an update of oldObject unless that is nil. Neither is changed.
//
// It is as strict as `kubectl apply --validate=strict`: a field that the
// definition does not know is an error. As on an API server, cross-field rules
// are skipped while a value has the wrong type or size; they speak once that is
// right.
func (v *Validator) Validate(ctx context.Context, newObject, oldObject *unstructured.Unstructured) field.ErrorList {
	kind, ok := v.kinds[newObject.GroupVersionKind()]
	if !ok {
		return field.ErrorList{unknownKind(newObject)}
	}
	candidate := newObject.DeepCopy()
	kind.setDefaults(candidate.Object)
	if oldObject == nil {
		return kind.validateCreate(ctx, candidate)
	}
	stored := oldObject.DeepCopy()
	kind.setDefaults(stored.Object)
	return kind.validateUpdate(ctx, candidate, stored)
}

func unknownKind(object *unstructured.Unstructured) *field.Error {
	return field.Invalid(field.NewPath("kind"), object.GetKind(),
		fmt.Sprintf("apiVersion %q has no such kind", object.GetAPIVersion()))
}
