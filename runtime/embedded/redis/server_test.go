package redis_test

import (
	"errors"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/clicktally/clicktally/runtime/embedded/redis"
)

func connect(t *testing.T) *goredis.Client {
	t.Helper()
	server, err := redis.Start(t.Context(), redis.Config{})
	if err != nil {
		t.Fatal(err)
	}
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr()})
	t.Cleanup(func() {
		client.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

func TestKeysExpireWithTheClock(t *testing.T) {
	client := connect(t)
	if err := client.Set(t.Context(), "short", "1", 300*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.Set(t.Context(), "long", "1", time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.Get(t.Context(), "short").Err(); err != nil {
		t.Fatalf("a key with time left: %v", err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for !errors.Is(client.Get(t.Context(), "short").Err(), goredis.Nil) {
		if time.Now().After(deadline) {
			t.Fatal("a key of 300 ms is still there after 10 s")
		}
	}
	left, err := client.TTL(t.Context(), "long").Result()
	if err != nil || left > time.Hour || left < 59*time.Minute {
		t.Errorf("time left of a key of one hour: %v, %v", left, err)
	}
}

func TestHigherOffsetWinsInAScript(t *testing.T) {
	client := connect(t)
	highest := goredis.NewScript(`
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old and tonumber(old) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], 7200000)
return 1`)
	for _, step := range []struct{ offset, written int64 }{{5, 1}, {9, 1}, {7, 0}} {
		written, err := highest.Run(t.Context(), client, []string{"pane"}, "p0", step.offset).Int64()
		if err != nil {
			t.Fatal(err)
		}
		if written != step.written {
			t.Errorf("offset %d: script answered %d, want %d", step.offset, written, step.written)
		}
	}
	if got := client.HGet(t.Context(), "pane", "p0").Val(); got != "9" {
		t.Errorf("field holds %s, want 9", got)
	}
}

func TestOtherThanLoopbackAddressesAreRefused(t *testing.T) {
	if _, err := redis.Start(t.Context(), redis.Config{Listen: "0.0.0.0:0"}); err == nil {
		t.Error("listening on every address was accepted")
	}
}
