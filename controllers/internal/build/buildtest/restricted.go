package buildtest

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// Restricted checks a pod against the profile restricted of the Pod Security Standards, and against
// what we ask for beyond it: a user of our own, a root file system that cannot be written, no token.
func Restricted(t *testing.T, pod *corev1.PodTemplateSpec) {
	t.Helper()
	spec := &pod.Spec
	for what, ok := range map[string]bool{
		"shares nothing with the host":    !spec.HostNetwork && !spec.HostPID && !spec.HostIPC,
		"has a security context":          spec.SecurityContext != nil,
		"has no token":                    spec.AutomountServiceAccountToken != nil && !*spec.AutomountServiceAccountToken,
		"has an account of its own":       spec.ServiceAccountName != "" && spec.ServiceAccountName != "default",
		"gets no variables from Services": spec.EnableServiceLinks != nil && !*spec.EnableServiceLinks,
		"has one container":               len(spec.Containers) == 1 && len(spec.InitContainers) == 0,
	} {
		if !ok {
			t.Fatalf("not so: the pod %s", what)
		}
	}
	s, c := spec.SecurityContext, &spec.Containers[0]
	for what, ok := range map[string]bool{
		"is not root":          s.RunAsNonRoot != nil && *s.RunAsNonRoot && s.RunAsUser != nil && *s.RunAsUser == 65532,
		"has its own group":    s.RunAsGroup != nil && *s.RunAsGroup == 65532 && s.FSGroup != nil && *s.FSGroup == 65532,
		"has a seccomp filter": s.SeccompProfile != nil && s.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
		"sets no sysctl":       len(s.Sysctls) == 0,
		"has a context":        c.SecurityContext != nil,
		"asks for memory":      !c.Resources.Requests.Memory().IsZero() && !c.Resources.Limits.Memory().IsZero(),
		"asks for CPU":         !c.Resources.Requests.Cpu().IsZero(),
	} {
		if !ok {
			t.Fatalf("not so: the process %s", what)
		}
	}
	cs := c.SecurityContext
	for what, ok := range map[string]bool{
		"gets no more rights":     cs.AllowPrivilegeEscalation != nil && !*cs.AllowPrivilegeEscalation && cs.Privileged == nil,
		"writes to no image":      cs.ReadOnlyRootFilesystem != nil && *cs.ReadOnlyRootFilesystem,
		"has no capability":       cs.Capabilities != nil && len(cs.Capabilities.Add) == 0 && len(cs.Capabilities.Drop) == 1 && cs.Capabilities.Drop[0] == "ALL",
		"binds no low port":       !slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.ContainerPort < 1024 || p.HostPort != 0 }),
		"mounts no host's folder": !slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool { return v.HostPath != nil }),
	} {
		if !ok {
			t.Errorf("not so: the container %s", what)
		}
	}
}
