// Package controllers holds the control plane: one folder per kind that reconciles it, and what they
// share. It compiles custom resources into the catalog and keeps the data plane's workloads.
package controllers

import (
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// NewScheme knows the kinds of ClickTally and those of Kubernetes itself.
func NewScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(scheme.AddToScheme(s)) // fails only for a type that is registered twice
	utilruntime.Must(v1alpha1.AddToScheme(s))
	return s
}
