// Package tokens reads the Secrets by which traffic sources prove themselves. Of Secrets the operator keeps the
// metadata only; what is in one is read from the API server itself when that says that it has changed.
package tokens

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// Key of a Secret that holds the token.
	Key = "token"
	// MinBytes of a token that a tracker takes, white space around it aside.
	MinBytes = 16
	// MaxBytes of a token that a tracker takes.
	MaxBytes = 4 << 10
)

// ErrUnusable says that there is no token that could be used: the message names the Secret and the key, says
// what to do, and holds nothing of what is in it.
var ErrUnusable = errors.New("no usable token")

// unusable is an ErrUnusable in words for users.
type unusable string

func (u unusable) Error() string      { return string(u) }
func (unusable) Is(target error) bool { return target == ErrUnusable }
func unusablef(format string, args ...any) error {
	return unusable(fmt.Sprintf(format, args...))
}

// Reader reads tokens.
type Reader struct {
	// Metadata is a cache of the metadata of Secrets.
	Metadata client.Reader
	// Live reads from the API server itself.
	Live client.Reader
}

// Read returns the token in a Secret. The error is ErrUnusable when its owner has to act.
func (r *Reader) Read(ctx context.Context, key types.NamespacedName) ([]byte, error) {
	secret := &corev1.Secret{}
	err := r.Live.Get(ctx, key, secret)
	if apierrors.IsNotFound(err) {
		return nil, unusablef("Secret %s does not exist: create it with the key %s", key.Name, Key)
	}
	if err != nil {
		return nil, fmt.Errorf("read Secret %s: %w", key, err)
	}
	token, found := secret.Data[Key]
	token = bytes.TrimSpace(token)
	switch {
	case secret.Type == corev1.SecretTypeServiceAccountToken:
		// Who may write a TrafficSource may not thereby hand out the rights of a ServiceAccount.
		return nil, unusablef("Secret %s holds the token of a ServiceAccount, which no traffic source may be given: use one of its own", key.Name)
	case !found:
		return nil, unusablef("Secret %s has no key %s: add it", key.Name, Key)
	case len(token) < MinBytes:
		return nil, unusablef("key %s of Secret %s has %d bytes: a token has %d or more", Key, key.Name, len(token), MinBytes)
	case len(token) > MaxBytes:
		return nil, unusablef("key %s of Secret %s has %d bytes: a token has at most %d", Key, key.Name, len(token), MaxBytes)
	}
	return token, nil
}

// Version says whether a Secret is the one that was read before: empty when there is none. It costs no look at
// the API server.
func (r *Reader) Version(ctx context.Context, key types.NamespacedName) (string, error) {
	metadata := Metadata()
	err := r.Metadata.Get(ctx, key, metadata)
	if apierrors.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look at Secret %s: %w", key, err)
	}
	return string(metadata.UID) + "/" + metadata.ResourceVersion, nil
}

// Metadata is an empty object to read the metadata of a Secret into.
func Metadata() *metav1.PartialObjectMetadata {
	metadata := &metav1.PartialObjectMetadata{}
	metadata.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	return metadata
}
