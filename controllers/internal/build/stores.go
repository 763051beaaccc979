package build

import (
	"cmp"
	"slices"
	"strings"

	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// Keys of Secrets that users make, as the API documents them.
const (
	keyUsername = "username"
	keyPassword = "password"
	keyCA       = "ca.crt"
)

// Defaults of the API, for objects that no API server has seen.
const (
	defaultTopicPrefix = "clicktally"
	defaultDatabase    = "clicktally"
)

// Client is what a process needs to reach a store: arguments, variables, mounted files.
type Client struct {
	Args   []string
	Env    []*applycorev1.EnvVarApplyConfiguration
	Mounts []Mount
}

// KafkaClient logs in with auth, nil: without a login. The files are read again at every connection.
func KafkaClient(k *v1alpha1.Kafka, auth *v1alpha1.KafkaAuth) Client {
	c := Client{Args: []string{
		"--kafka=" + addresses(sorted(k.BootstrapServers)),
		"--topic-prefix=" + cmp.Or(k.TopicPrefix, defaultTopicPrefix),
	}}
	if auth != nil {
		const folder = "kafka"
		c.Args = append(c.Args, "--kafka-mechanism="+string(auth.Mechanism))
		c.Env = append(c.Env,
			Env("KAFKA_USERNAME_FILE", SecretFile(folder, keyUsername)),
			Env("KAFKA_PASSWORD_FILE", SecretFile(folder, keyPassword)))
		c.Mounts = append(c.Mounts, SecretMount(folder, auth.SecretRef.Name, File{keyUsername, keyUsername}, File{keyPassword, keyPassword}))
	}
	c.overTLS("kafka", k.TLS)
	return c
}

// RedisClient fails where the mode does not fit the addresses.
func RedisClient(r *v1alpha1.Redis) (Client, error) {
	mode := cmp.Or(r.Mode, v1alpha1.RedisStandalone)
	if mode == v1alpha1.RedisStandalone && len(r.Addresses) > 1 {
		return Client{}, Invalid("spec.redis.addresses", "names %d servers: set mode Cluster for a Redis Cluster, mode Sentinel for sentinels, or name one server", len(r.Addresses))
	}
	c := Client{Args: []string{"--redis=" + addresses(sorted(r.Addresses)), "--redis-mode=" + string(mode)}}
	if mode == v1alpha1.RedisSentinel {
		c.Args = append(c.Args, "--redis-master="+r.MasterName)
	}
	c.password("redis", "REDIS", r.Auth)
	c.overTLS("redis", r.TLS)
	return c, nil
}

// ClickHouseClient tries the servers in the order in which they are named.
func ClickHouseClient(h *v1alpha1.ClickHouse) Client {
	c := Client{Args: []string{
		"--clickhouse=" + addresses(h.Addresses),
		"--database=" + cmp.Or(string(h.Database), defaultDatabase),
	}}
	if h.Protocol == v1alpha1.ClickHouseHTTP {
		c.Args = append(c.Args, "--clickhouse-http")
	}
	if h.Cluster != "" {
		c.Args = append(c.Args, "--clickhouse-cluster="+string(h.Cluster))
	}
	c.password("clickhouse", "CLICKHOUSE", h.Auth)
	c.overTLS("clickhouse", h.TLS)
	return c
}

// password takes the user name from the Secret into a variable, because it may be absent there, and a
// file that is named must exist. The password is a file: it can change without a restart.
func (c *Client) password(folder, store string, auth *v1alpha1.PasswordAuth) {
	if auth == nil {
		return
	}
	username := applycorev1.SecretKeySelector().WithName(string(auth.SecretRef.Name)).WithKey(keyUsername).WithOptional(true)
	c.Env = append(c.Env,
		applycorev1.EnvVar().WithName(store+"_USERNAME").WithValueFrom(applycorev1.EnvVarSource().WithSecretKeyRef(username)),
		Env(store+"_PASSWORD_FILE", SecretFile(folder, keyPassword)))
	c.Mounts = append(c.Mounts, SecretMount(folder, auth.SecretRef.Name, File{keyPassword, keyPassword}))
}

func (c *Client) overTLS(store string, tls *v1alpha1.TLS) {
	if tls == nil {
		return
	}
	c.Args = append(c.Args, "--"+store+"-tls")
	if tls.CARef == nil {
		return
	}
	folder := store + "-ca"
	c.Args = append(c.Args, "--"+store+"-ca-file="+SecretFile(folder, keyCA))
	c.Mounts = append(c.Mounts, SecretMount(folder, tls.CARef.Name, File{keyCA, keyCA}))
}

func addresses(list []v1alpha1.HostPort) string {
	texts := make([]string, len(list))
	for i, a := range list {
		texts[i] = string(a)
	}
	return strings.Join(texts, ",")
}

// sorted is for sets whose order means nothing: another order must not restart a pod.
func sorted(list []v1alpha1.HostPort) []v1alpha1.HostPort { return slices.Sorted(slices.Values(list)) }
