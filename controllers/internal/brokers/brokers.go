// Package brokers reaches the Kafka of an AggregationPipeline.
package brokers

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// Keys of the Secrets that a pipeline names.
const (
	usernameKey = "username"
	passwordKey = "password"
	caKey       = "ca.crt"
)

// answerWithin is how long a request is tried again while no broker can be reached: then the status says so.
const answerWithin = 5 * time.Second

// Options reach the pipeline's brokers as the operator: by spec.kafka.auth. Secrets are read from secrets,
// which should not be a cache: the operator keeps no Secrets in memory. The login is read again whenever a
// connection is made, so that a changed password needs no restart.
func Options(ctx context.Context, secrets client.Reader, pipeline *v1alpha1.AggregationPipeline) ([]kgo.Opt, error) {
	spec := &pipeline.Spec.Kafka
	seeds := make([]string, len(spec.BootstrapServers))
	for i, server := range spec.BootstrapServers {
		seeds[i] = string(server)
	}
	options := []kgo.Opt{kgo.SeedBrokers(seeds...), kgo.RetryTimeout(answerWithin)}
	if spec.TLS != nil {
		config := &tls.Config{MinVersion: tls.VersionTLS12}
		if ref := spec.TLS.CARef; ref != nil {
			pem, err := value(ctx, secrets, pipeline.Namespace, "spec.kafka.tls.caRef", *ref, caKey)
			if err != nil {
				return nil, err
			}
			config.RootCAs = x509.NewCertPool()
			if !config.RootCAs.AppendCertsFromPEM(pem) {
				return nil, fmt.Errorf("spec.kafka.tls.caRef: key %s of Secret %s holds no PEM certificate", caKey, ref.Name)
			}
		}
		options = append(options, kgo.DialTLSConfig(config))
	}
	if spec.Auth == nil {
		return options, nil
	}
	login := func(ctx context.Context) (scram.Auth, error) {
		user, err := value(ctx, secrets, pipeline.Namespace, "spec.kafka.auth.secretRef", spec.Auth.SecretRef, usernameKey)
		if err != nil {
			return scram.Auth{}, err
		}
		pass, err := value(ctx, secrets, pipeline.Namespace, "spec.kafka.auth.secretRef", spec.Auth.SecretRef, passwordKey)
		return scram.Auth{User: string(user), Pass: string(pass)}, err
	}
	if _, err := login(ctx); err != nil {
		return nil, err // said now, rather than after many tries to connect
	}
	method, err := mechanism(string(spec.Auth.Mechanism), login)
	if err != nil {
		return nil, err
	}
	return append(options, kgo.SASL(method)), nil
}

func mechanism(name string, login func(context.Context) (scram.Auth, error)) (sasl.Mechanism, error) {
	switch name {
	case "PLAIN":
		return plain.Plain(func(ctx context.Context) (plain.Auth, error) {
			auth, err := login(ctx)
			return plain.Auth{User: auth.User, Pass: auth.Pass}, err
		}), nil
	case "SCRAM-SHA-256":
		return scram.Sha256(login), nil
	case "SCRAM-SHA-512":
		return scram.Sha512(login), nil
	}
	return nil, fmt.Errorf("spec.kafka.auth.mechanism: %q is not PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", name)
}

// +kubebuilder:rbac:groups="",resources=secrets,verbs=get

// value reads one key of a Secret. The error names the field, the Secret and the key.
func value(ctx context.Context, secrets client.Reader, namespace, field string, ref v1alpha1.SecretRef, key string) ([]byte, error) {
	secret := &corev1.Secret{}
	if err := secrets.Get(ctx, types.NamespacedName{Namespace: namespace, Name: string(ref.Name)}, secret); err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	if len(secret.Data[key]) == 0 {
		return nil, fmt.Errorf("%s: Secret %s has no key %s", field, ref.Name, key)
	}
	return secret.Data[key], nil
}
