// Package v1alpha1 is what a user of ClickTally writes: the kinds of the group
// clicktally.dev, their conditions, and the rules that a schema can hold.
//
// It imports apimachinery and core/v1 only, so that any client may use it.
// What a field means is said here and nowhere else; config/crd is generated
// from these comments and markers.
//
// +kubebuilder:object:generate=true
// +groupName=clicktally.dev
package v1alpha1
