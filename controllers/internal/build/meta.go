package build

import (
	"regexp"

	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
)

// Labels of our own, beside app.kubernetes.io/*.
const (
	LabelName         = "app.kubernetes.io/name"
	LabelInstance     = "app.kubernetes.io/instance"
	LabelComponent    = "app.kubernetes.io/component"
	LabelVersion      = "app.kubernetes.io/version"
	LabelManagedBy    = "app.kubernetes.io/managed-by"
	LabelInstallation = "clicktally.dev/installation"
)

// product is the value of LabelName and LabelManagedBy.
const product = "clicktally"

// Component is the part of ClickTally that an object belongs to.
type Component string

// Components, as values of LabelComponent.
const (
	Tracker    Component = "tracker"
	Drain      Component = "drain"
	Pipeline   Component = "pipeline"
	Aggregator Component = "aggregator"
	Query      Component = "query"
	Seal       Component = "seal"
)

// Meta is what all objects of a component have in common.
type Meta struct {
	Namespace string
	Component Component
	// Instance is the name of the custom resource.
	Instance     string
	Installation string
	Owner        *Owner
}

// Selector finds the pods of the component, and never changes: selectors are immutable.
func (m *Meta) Selector() map[string]string {
	return map[string]string{LabelName: product, LabelComponent: string(m.Component), LabelInstance: Base(m.Instance)}
}

// Labels are the Selector, who manages the object, and which installation does.
func (m *Meta) Labels() map[string]string {
	labels := m.Selector()
	labels[LabelManagedBy] = product
	labels[LabelInstallation] = m.Installation
	return labels
}

func (m *Meta) podSelector() *applymetav1.LabelSelectorApplyConfiguration {
	return applymetav1.LabelSelector().WithMatchLabels(m.Selector())
}

type marked[T any] interface {
	WithLabels(map[string]string) T
	WithOwnerReferences(...*Owner) T
}

// Mark gives an object the labels and the owner.
func Mark[T marked[T]](m *Meta, object T) T {
	object.WithLabels(m.Labels())
	if m.Owner != nil {
		object.WithOwnerReferences(m.Owner)
	}
	return object
}

var labelValue = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)
