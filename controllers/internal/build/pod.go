package build

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// NonRoot is the user and group of every process.
const NonRoot int64 = 65532

// Pod is a pod with one container, which has the component's name.
type Pod struct {
	*Meta

	// Installation gives pull policy and pull secrets.
	Installation   *Installation
	Image          string
	ServiceAccount string
	// AccountToken gives the container a token of the ServiceAccount.
	AccountToken bool
	Args         []string
	Env          []*applycorev1.EnvVarApplyConfiguration
	Ports        []*applycorev1.ContainerPortApplyConfiguration
	Mounts       []Mount
	// StartWithin bounds the time until /healthz answers first. Zero: the pod has no probes.
	StartWithin time.Duration
	// PreStop is how long a pod that is being stopped is still served before SIGTERM, whole seconds.
	PreStop time.Duration
	// Grace covers everything from there to the end of the process, whole seconds.
	Grace     time.Duration
	Resources corev1.ResourceRequirements
	// Overrides are the user's; nil: none.
	Overrides *v1alpha1.PodOverrides
	// Once is a pod that ends with success, and until then starts again and stands anywhere.
	Once bool
	// Never is a pod that ends, and does not start again.
	Never bool
}

// With adds what reaches a store.
func (p *Pod) With(clients ...Client) {
	for _, c := range clients {
		p.Args = append(p.Args, c.Args...)
		p.Env = append(p.Env, c.Env...)
		p.Mounts = append(p.Mounts, c.Mounts...)
	}
}

// Port is a TCP port of a container.
func Port(name string, number int32) *applycorev1.ContainerPortApplyConfiguration {
	return applycorev1.ContainerPort().WithName(name).WithContainerPort(number).WithProtocol(corev1.ProtocolTCP)
}

// Template is the pod under the restricted profile of the Pod Security Standards, with the user's
// overrides. Our labels win over the user's.
func (p *Pod) Template() (*applycorev1.PodTemplateSpecApplyConfiguration, error) {
	overrides := p.Overrides
	if overrides == nil {
		overrides = &v1alpha1.PodOverrides{}
	}
	labels := map[string]string{}
	maps.Copy(labels, overrides.Labels)
	maps.Copy(labels, p.Labels())
	if version := versionLabel(p.Image); version != "" {
		labels[LabelVersion] = version
	}
	spec := applycorev1.PodSpec().
		WithServiceAccountName(p.ServiceAccount).
		WithAutomountServiceAccountToken(p.AccountToken).
		WithEnableServiceLinks(false).
		WithTerminationGracePeriodSeconds(int64(p.Grace / time.Second)).
		WithSecurityContext(podSecurity()).
		WithContainers(p.container())
	switch {
	case p.Never:
		spec.WithRestartPolicy(corev1.RestartPolicyNever)
	case p.Once:
		spec.WithRestartPolicy(corev1.RestartPolicyOnFailure)
	}
	for _, name := range p.Installation.PullSecrets {
		spec.WithImagePullSecrets(applycorev1.LocalObjectReference().WithName(name))
	}
	for _, m := range p.Mounts {
		if m.Volume != nil {
			spec.WithVolumes(m.Volume)
		}
	}
	if err := p.place(spec, overrides); err != nil {
		return nil, err
	}
	template := applycorev1.PodTemplateSpec().WithLabels(labels).WithSpec(spec)
	if len(overrides.Annotations) > 0 {
		template.WithAnnotations(overrides.Annotations)
	}
	return template, nil
}

func (p *Pod) container() *applycorev1.ContainerApplyConfiguration {
	c := applycorev1.Container().
		WithName(string(p.Component)).
		WithImage(p.Image).
		WithArgs(p.Args...).
		WithEnv(p.Env...).
		WithPorts(p.Ports...).
		WithResources(applyResources(p.Resources)).
		WithSecurityContext(containerSecurity())
	if p.Installation.PullPolicy != "" {
		c.WithImagePullPolicy(p.Installation.PullPolicy)
	}
	if target := memoryTarget(p.Resources); target != nil {
		c.WithEnv(target)
	}
	for _, m := range p.Mounts {
		mount := applycorev1.VolumeMount().WithName(m.Name).WithMountPath(m.Path)
		if m.ReadOnly {
			mount.WithReadOnly(true)
		}
		c.WithVolumeMounts(mount)
	}
	if p.StartWithin > 0 {
		c.WithStartupProbe(startProbe(p.StartWithin)).WithLivenessProbe(liveProbe()).WithReadinessProbe(readyProbe())
	}
	if p.PreStop > 0 {
		sleep := applycorev1.SleepAction().WithSeconds(int64(p.PreStop / time.Second))
		c.WithLifecycle(applycorev1.Lifecycle().WithPreStop(applycorev1.LifecycleHandler().WithSleep(sleep)))
	}
	return c
}

func podSecurity() *applycorev1.PodSecurityContextApplyConfiguration {
	return applycorev1.PodSecurityContext().
		WithRunAsNonRoot(true).WithRunAsUser(NonRoot).WithRunAsGroup(NonRoot).
		WithFSGroup(NonRoot).WithFSGroupChangePolicy(corev1.FSGroupChangeOnRootMismatch).
		WithSeccompProfile(applycorev1.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))
}

func containerSecurity() *applycorev1.SecurityContextApplyConfiguration {
	return applycorev1.SecurityContext().
		WithAllowPrivilegeEscalation(false).WithReadOnlyRootFilesystem(true).
		WithCapabilities(applycorev1.Capabilities().WithDrop("ALL"))
}

// place says on which nodes the pods may stand, and how far apart.
func (p *Pod) place(spec *applycorev1.PodSpecApplyConfiguration, o *v1alpha1.PodOverrides) error {
	if len(o.NodeSelector) > 0 {
		spec.WithNodeSelector(o.NodeSelector)
	}
	if err := convert(o.Tolerations, &spec.Tolerations); err != nil {
		return err
	}
	if o.Affinity != nil {
		if err := convert(o.Affinity, &spec.Affinity); err != nil {
			return err
		}
	}
	if p.Once || p.Never {
		return nil
	}
	if len(o.TopologySpreadConstraints) > 0 {
		return convert(o.TopologySpreadConstraints, &spec.TopologySpreadConstraints)
	}
	for _, key := range []string{corev1.LabelTopologyZone, corev1.LabelHostname} {
		spec.WithTopologySpreadConstraints(applycorev1.TopologySpreadConstraint().
			WithTopologyKey(key).WithMaxSkew(1).WithWhenUnsatisfiable(corev1.ScheduleAnyway).WithLabelSelector(p.podSelector()))
	}
	return nil
}

// convert takes what a user wrote into the form that is applied: both have the same JSON.
func convert(from, to any) error {
	text, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if err != nil {
		return fmt.Errorf("take over spec.pod: %w", err)
	}
	return nil
}
