package tracker

import (
	corev1 "k8s.io/api/core/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
)

// Bounds of a Secret: Kubernetes takes 1 MiB, and what a key costs beside its token is the name.
const maxSourcesBytes = 1 << 20

// Source is a TrafficSource that proves itself by a token.
type Source struct {
	// Namespace and Name are the TrafficSource's; the name is the ts_id.
	Namespace, Name string
	Token           []byte
}

// SourcesName of the Secret that Sources builds.
func SourcesName(t *v1alpha1.Tracker) string { return Name(t) + "-sources" }

// Sources is the Secret that the fleet reads tokens from, one file namespace.ts_id for each source of
// the campaigns that it serves. A token that is gone is no longer in it, and works no longer. The error
// is a build.InvalidError when they do not fit.
func Sources(in *Input, sources []Source) (*applycorev1.SecretApplyConfiguration, error) {
	files, bytes := make(map[string][]byte, len(sources)), 0
	for _, s := range sources {
		name := s.Namespace + "." + s.Name
		files[name] = s.Token
		bytes += len(name) + len(s.Token)
	}
	if bytes > maxSourcesBytes {
		return nil, build.Invalid("spec.allowedCampaigns", "tokens of %d traffic sources take %d bytes and at most %d fit into a Secret, so new ones do not work: use a second tracker for some campaigns", len(files), bytes, maxSourcesBytes)
	}
	secret := build.Mark(in.meta(), applycorev1.Secret(SourcesName(in.Tracker), in.Tracker.Namespace)).WithType(corev1.SecretTypeOpaque)
	if len(files) > 0 {
		secret.WithData(files)
	}
	return secret, nil
}
