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

func TestNoPasswordIsEverAnArgumentOrAVariable(t *testing.T) {
	auth := &v1alpha1.PasswordAuth{SecretRef: v1alpha1.SecretRef{Name: "login"}}
	redis, err := RedisClient(&v1alpha1.Redis{Addresses: []v1alpha1.HostPort{"r:1"}, Auth: auth})
	if err != nil {
		t.Fatal(err)
	}
	kafka := KafkaClient(&v1alpha1.Kafka{}, &v1alpha1.KafkaAuth{Mechanism: "PLAIN", SecretRef: auth.SecretRef})
	for store, c := range map[string]Client{"redis": redis, "kafka": kafka, "clickhouse": ClickHouseClient(&v1alpha1.ClickHouse{Auth: auth})} {
		files := 0
		for _, e := range c.Env {
			if e.ValueFrom != nil && *e.ValueFrom.SecretKeyRef.Key != "username" {
				t.Errorf("%s: variable %s holds key %s", store, *e.Name, *e.ValueFrom.SecretKeyRef.Key)
			}
			if e.ValueFrom == nil && *e.Value == SecretFile(store, "password") {
				files++
			}
		}
		if files != 1 {
			t.Errorf("%s: %d files with the password", store, files)
		}
	}
}
