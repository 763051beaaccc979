package crd

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
)

// kindValidator judges objects of one kind. Its steps and their order are those
// of k8s.io/apiextensions-apiserver/pkg/registry/customresource.
type kindValidator struct {
	structural *structuralschema.Structural
	openAPI    validation.SchemaValidator
	rules      func() *cel.Validator
}

func newKindValidator(definition *apiextensions.JSONSchemaProps) (*kindValidator, error) {
	structural, err := structuralschema.NewStructural(definition)
	if err != nil {
		return nil, fmt.Errorf("read structural schema: %w", err)
	}
	openAPI, _, err := validation.NewSchemaValidator(definition)
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	return &kindValidator{
		structural: structural,
		openAPI:    openAPI,
		rules: sync.OnceValue(func() *cel.Validator {
			return cel.NewValidator(structural, true, celconfig.PerCallLimit)
		}),
	}, nil
}

func (k *kindValidator) setDefaults(object map[string]any) {
	defaulting.PruneNonNullableNullsWithoutDefaults(object, k.structural)
	defaulting.Default(object, k.structural)
}

func (k *kindValidator) validateCreate(ctx context.Context, object *unstructured.Unstructured) field.ErrorList {
	errs := k.pruneUnknown(object.Object)
	errs = append(errs, metavalidation.ValidateObjectMetaAccessor(object, true, metavalidation.NameIsDNSSubdomain, field.NewPath("metadata"))...)
	errs = append(errs, validation.ValidateCustomResource(nil, object.Object, k.openAPI)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, k.structural, object.Object)...)
	if blocksRules(errs) {
		return errs
	}
	broken, _ := k.rules().Validate(ctx, nil, k.structural, object.Object, nil, celconfig.RuntimeCELCostBudget)
	return withRules(errs, broken)
}

// validateUpdate forgives, as an API server does, what was wrong before and did
// not change.
func (k *kindValidator) validateUpdate(ctx context.Context, object, old *unstructured.Unstructured) field.ErrorList {
	errs := k.pruneUnknown(object.Object)
	k.pruneUnknown(old.Object)
	unchanged := common.NewCorrelatedObject(object.Object, old.Object, &model.Structural{Structural: k.structural})

	errs = append(errs, metavalidation.ValidateObjectMetaAccessor(object, true, metavalidation.NameIsDNSSubdomain, field.NewPath("metadata"))...)
	errs = append(errs, validation.ValidateCustomResourceUpdate(nil, object.Object, old.Object, k.openAPI, validation.WithRatcheting(unchanged))...)
	if len(listtype.ValidateListSetsAndMaps(nil, k.structural, old.Object)) == 0 {
		errs = append(errs, listtype.ValidateListSetsAndMaps(nil, k.structural, object.Object)...)
	}
	if blocksRules(errs) {
		return errs
	}
	broken, _ := k.rules().Validate(ctx, nil, k.structural, object.Object, old.Object, celconfig.RuntimeCELCostBudget, cel.WithRatcheting(unchanged))
	return withRules(errs, broken)
}

// withRules appends what the rules found to what the schema found. A rule that
// could not be evaluated stumbled over a value that the schema has named already.
func withRules(errs, broken field.ErrorList) field.ErrorList {
	for _, err := range broken {
		if len(errs) > 0 && strings.Contains(err.Detail, "evaluating rule: ") {
			continue
		}
		errs = append(errs, err)
	}
	return errs
}

// pruneUnknown removes the fields that the schema does not know and returns an
// error for each.
func (k *kindValidator) pruneUnknown(object map[string]any) field.ErrorList {
	invalid, inMeta := objectmeta.CoerceWithOptions(nil, object, k.structural, true, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	inSpec := pruning.PruneWithOptions(object, k.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})

	var errs field.ErrorList
	if invalid != nil {
		errs = append(errs, invalid)
	}
	for _, path := range slices.Sorted(slices.Values(append(inMeta, inSpec...))) {
		errs = append(errs, field.Forbidden(field.NewPath(path), "unknown field"))
	}
	return errs
}

// blocksRules reports whether an error makes the cost or the types of rules
// unpredictable.
func blocksRules(errs field.ErrorList) bool {
	return slices.ContainsFunc(errs, func(err *field.Error) bool {
		switch err.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return true
		default:
			return false
		}
	})
}
