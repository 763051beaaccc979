package pipeline

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/controllers/internal/build/buildtest"
)

func TestGoldenFiles(t *testing.T) {
	p := buildtest.Minimal(t).Pipeline
	in := &Input{Pipeline: p, Installation: buildtest.Installation(), Owner: buildtest.Owner("AggregationPipeline", p.Name)}
	secret, err := Keys(in, bytes.Repeat([]byte{0x0a}, 32), bytes.Repeat([]byte{0xff}, 32))
	if err != nil {
		t.Fatal(err)
	}
	buildtest.Golden(t, "minimal", []build.Desired{{Kind: corev1.SchemeGroupVersion.WithKind("Secret"), Name: "main-keys", Object: secret}})
	// Trackers read lines: a key is one, whatever its bytes.
	want := map[string][]byte{"click-ids": bytes.Repeat([]byte("0a"), 32), "hash": bytes.Repeat([]byte("ff"), 32)}
	if diff := cmp.Diff(want, buildtest.As[corev1.Secret](t, secret).Data); diff != "" {
		t.Error(diff)
	}
}

func TestAShortKeyIsRefused(t *testing.T) {
	in := &Input{Pipeline: buildtest.Minimal(t).Pipeline, Installation: buildtest.Installation()}
	long := make([]byte, 32)
	for name, keys := range map[string][2][]byte{"of click ids": {long[:31], long}, "of hashes": {long, nil}} {
		if _, err := Keys(in, keys[0], keys[1]); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
