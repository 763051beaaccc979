package tracker

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/controllers/internal/build/tracker"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/controllers/internal/tokens"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
)

var kindSecret = corev1.SchemeGroupVersion.WithKind("Secret")

// project keeps the Secret from which the fleet reads the tokens of the traffic sources that may call it. Who
// has none that can be used is left out; the source's own status says why. Secrets are read only when
// something of them has changed since the last time.
func (r *reconciler) project(ctx context.Context, o *observed) error {
	if errors.Is(o.trouble, publish.ErrFenced) {
		return nil // another operator leads, and knows more: two that know different sources write against each other
	}
	sources := r.publishing.Sources(o.name())
	versions, err := r.versions(ctx, o, sources)
	key := client.ObjectKeyFromObject(o.tracker)
	if err != nil || r.projected[key] == versions {
		return err
	}
	var list []tracker.Source
	for _, s := range sources {
		token, err := r.tokens.Read(ctx, types.NamespacedName{Namespace: s.Namespace, Name: s.Secret})
		switch {
		case errors.Is(err, tokens.ErrUnusable):
			continue
		case err != nil:
			return err
		}
		list = append(list, tracker.Source{Namespace: s.Namespace, Name: s.Name, Token: token})
	}
	secret, err := tracker.Sources(o.input(r.installation), list)
	if invalid, ok := errors.AsType[*build.InvalidError](err); ok {
		o.notice(invalid.Field, v1alpha1.ReasonInvalid, invalid.Problem)
		return nil
	}
	if err != nil {
		return err
	}
	if err := r.secrets.Apply(ctx, o.tracker, build.Desired{Kind: kindSecret, Name: tracker.SourcesName(o.tracker), Object: secret}); err != nil {
		return err
	}
	// What was written is in the versions of the next look, which therefore reads once more and writes nothing.
	r.projected[key] = versions
	return nil
}

// versions digests who may call and what is known of the Secrets, the projected one included.
func (r *reconciler) versions(ctx context.Context, o *observed, sources []publishing.Source) ([sha256.Size]byte, error) {
	digest := sha256.New()
	note := func(secret types.NamespacedName, what string) error {
		version, err := r.tokens.Version(ctx, secret)
		fmt.Fprintf(digest, "%s %s %s\n", what, secret, version)
		return err
	}
	err := note(types.NamespacedName{Namespace: o.tracker.Namespace, Name: tracker.SourcesName(o.tracker)}, string(o.tracker.UID))
	for i := 0; i < len(sources) && err == nil; i++ {
		err = note(types.NamespacedName{Namespace: sources[i].Namespace, Name: sources[i].Secret}, sources[i].Name)
	}
	return [sha256.Size]byte(digest.Sum(nil)), err
}

// callersOf are the trackers whose callers prove themselves by a Secret.
func (r *reconciler) callersOf(_ context.Context, secret client.Object) []reconcile.Request {
	if !r.publishing.SecretUsed(client.ObjectKeyFromObject(secret)) {
		return nil
	}
	var requests []reconcile.Request
	for _, key := range r.publishing.TrackersIn(secret.GetNamespace()) {
		requests = append(requests, reconcile.Request{NamespacedName: key})
	}
	return requests
}

// notice tells of what keeps nothing from being served.
func (o *observed) notice(field, reason, message string) {
	o.problems = append(o.problems, compile.Problem{Field: field, Reason: reason, Message: message, Severity: compile.Notice})
}
