package trafficsource

import (
	"context"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/status"
	"github.com/clicktally/clicktally/controllers/internal/tokens"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// maxKnown bounds what is remembered; more Secrets are read more often.
const maxKnown = 20_000

// keys judges the Secrets that sources name. It is used by one worker.
type keys struct {
	sources client.Reader
	reader  *tokens.Reader
	known   map[string]known // by source, namespace/name
}

// known is what was found in a Secret, so that it is read once for each of its versions.
type known struct {
	secret, version string
	unusable        error // nil for a token that can be used
}

// complete says in the status which Secret or which key is missing.
func (k *keys) complete(ctx context.Context, source *v1alpha1.TrafficSource, verdict *status.Verdict) error {
	name := source.Namespace + "/" + source.Name
	if source.Spec.Postback == nil || source.Spec.Postback.Auth == nil {
		delete(k.known, name)
		return nil
	}
	secret := types.NamespacedName{Namespace: source.Namespace, Name: string(source.Spec.Postback.Auth.SecretRef.Name)}
	version, err := k.reader.Version(ctx, secret)
	if err != nil {
		return err
	}
	found, ok := k.known[name]
	if !ok || found.secret != secret.Name || found.version != version || version == "" {
		_, err := k.reader.Read(ctx, secret)
		if err != nil && !errors.Is(err, tokens.ErrUnusable) {
			return err
		}
		if len(k.known) >= maxKnown {
			clear(k.known) // of sources that are gone, mostly
		}
		found = known{secret: secret.Name, version: version, unusable: err}
		k.known[name] = found
	}
	if found.unusable != nil {
		verdict.Problems = append(slices.Clip(verdict.Problems), compile.Problem{
			Field: "spec.postback.auth.secretRef", Severity: compile.Error, Reason: v1alpha1.ReasonRefNotFound, Message: found.unusable.Error(),
		})
	}
	return nil
}

// sourcesOf are the sources that name a Secret.
func (k *keys) sourcesOf(ctx context.Context, secret client.Object) []reconcile.Request {
	list := &v1alpha1.TrafficSourceList{}
	if err := k.sources.List(ctx, list, client.InNamespace(secret.GetNamespace())); err != nil {
		return nil // the cache is not there yet, and will bring every source
	}
	var requests []reconcile.Request
	for i := range list.Items {
		s := &list.Items[i]
		if p := s.Spec.Postback; p != nil && p.Auth != nil && string(p.Auth.SecretRef.Name) == secret.GetName() {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(s)})
		}
	}
	return requests
}
