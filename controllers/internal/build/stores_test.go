package build

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

func TestRedisModesAndTheirAddresses(t *testing.T) {
	two := []v1alpha1.HostPort{"redis-1:6379", "redis-0:6379"}
	for name, test := range map[string]struct {
		redis v1alpha1.Redis
		want  []string
		wrong string
	}{
		"one server needs no mode":     {v1alpha1.Redis{Addresses: two[:1]}, []string{"--redis=redis-1:6379", "--redis-mode=Standalone"}, ""},
		"two servers without a mode":   {v1alpha1.Redis{Addresses: two}, nil, "spec.redis.addresses"},
		"two servers in mode one":      {v1alpha1.Redis{Addresses: two, Mode: v1alpha1.RedisStandalone}, nil, "spec.redis.addresses"},
		"a cluster":                    {v1alpha1.Redis{Addresses: two, Mode: v1alpha1.RedisCluster}, []string{"--redis=redis-0:6379,redis-1:6379", "--redis-mode=Cluster"}, ""},
		"sentinels name the server":    {v1alpha1.Redis{Addresses: two, Mode: v1alpha1.RedisSentinel, MasterName: "live"}, []string{"--redis=redis-0:6379,redis-1:6379", "--redis-mode=Sentinel", "--redis-master=live"}, ""},
		"TLS by the system's roots":    {v1alpha1.Redis{Addresses: two[:1], TLS: &v1alpha1.TLS{}}, []string{"--redis=redis-1:6379", "--redis-mode=Standalone", "--redis-tls"}, ""},
		"TLS by an authority of yours": {v1alpha1.Redis{Addresses: two[:1], TLS: &v1alpha1.TLS{CARef: &v1alpha1.SecretRef{Name: "ca"}}}, []string{"--redis=redis-1:6379", "--redis-mode=Standalone", "--redis-tls", "--redis-ca-file=/etc/clicktally/redis-ca/ca.crt"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := RedisClient(&test.redis)
			invalid, ok := errors.AsType[*InvalidError](err)
			if (test.wrong != "") != ok || ok && invalid.Field != test.wrong {
				t.Fatalf("%v, want a mistake at %q", err, test.wrong)
			}
			if diff := cmp.Diff(test.want, got.Args); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnotherOrderOfASetRestartsNothing(t *testing.T) {
	one := KafkaClient(&v1alpha1.Kafka{BootstrapServers: []v1alpha1.HostPort{"b:1", "a:1"}}, nil)
	other := KafkaClient(&v1alpha1.Kafka{BootstrapServers: []v1alpha1.HostPort{"a:1", "b:1"}}, nil)
	if !slices.Equal(one.Args, other.Args) {
		t.Errorf("%v and %v", one.Args, other.Args)
	}
}

func TestClickHouseServersAreTriedInTheirOrder(t *testing.T) {
	got := ClickHouseClient(&v1alpha1.ClickHouse{Addresses: []v1alpha1.HostPort{"b:9000", "a:9000"}})
	if diff := cmp.Diff([]string{"--clickhouse=b:9000,a:9000", "--database=clicktally"}, got.Args); diff != "" {
		t.Error(diff)
	}
}

// The names are those of docs/kafka.md, docs/redis.md and docs/clickhouse.md.
func TestNoPasswordIsEverAnArgumentOrAVariable(t *testing.T) {
	auth := &v1alpha1.PasswordAuth{SecretRef: v1alpha1.SecretRef{Name: "login"}}
	redis, err := RedisClient(&v1alpha1.Redis{Addresses: []v1alpha1.HostPort{"r:1"}, Auth: auth})
	if err != nil {
		t.Fatal(err)
	}
	kafka := KafkaClient(&v1alpha1.Kafka{}, &v1alpha1.KafkaAuth{Mechanism: "PLAIN", SecretRef: auth.SecretRef})
	// A user name of Redis or ClickHouse may be absent from the Secret, and is then absent from the process.
	const absent = "username of login, or nothing"
	for store, test := range map[string]struct {
		client Client
		want   map[string]string
	}{
		"kafka": {kafka, map[string]string{
			"KAFKA_USERNAME_FILE": "/etc/clicktally/kafka/username", "KAFKA_PASSWORD_FILE": "/etc/clicktally/kafka/password",
		}},
		"redis":      {redis, map[string]string{"REDIS_USERNAME": absent, "REDIS_PASSWORD_FILE": "/etc/clicktally/redis/password"}},
		"clickhouse": {ClickHouseClient(&v1alpha1.ClickHouse{Auth: auth}), map[string]string{"CLICKHOUSE_USERNAME": absent, "CLICKHOUSE_PASSWORD_FILE": "/etc/clicktally/clickhouse/password"}},
	} {
		got := map[string]string{}
		for _, e := range test.client.Env {
			switch {
			case e.ValueFrom == nil:
				got[*e.Name] = *e.Value
			case e.ValueFrom.SecretKeyRef.Optional != nil && *e.ValueFrom.SecretKeyRef.Optional:
				got[*e.Name] = *e.ValueFrom.SecretKeyRef.Key + " of " + *e.ValueFrom.SecretKeyRef.Name + ", or nothing"
			default:
				got[*e.Name] = "needed"
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s:\n%s", store, diff)
		}
	}
}
