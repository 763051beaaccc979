// Package pipeline builds what all workloads of an AggregationPipeline share. See package build for the
// rules.
package pipeline

import (
	"encoding/hex"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
)

// Input is what is built from. Pipeline and Installation are required.
type Input struct {
	Pipeline     *v1alpha1.AggregationPipeline
	Installation *build.Installation
	// Owner is the pipeline; nil: the Secret stays when the pipeline goes, and a pipeline of the same
	// name reads the old click ids.
	Owner *build.Owner
}

// MinKeyBytes of a key that ClickTally makes.
const MinKeyBytes = 32

// Keys is the Secret of the keys that trackers sign click ids and hash visitors with. It is made once
// and never applied again: other keys make every click id out there unreadable, and every visitor new.
// The keys are random bytes from the caller, at least MinKeyBytes each; they stand in it as hex.
func Keys(in *Input, clickIDs, hash []byte) (*applycorev1.SecretApplyConfiguration, error) {
	data := map[string][]byte{}
	for _, key := range []struct {
		name  string
		bytes []byte
	}{{build.KeyClickIDs, clickIDs}, {build.KeyHash, hash}} {
		if len(key.bytes) < MinKeyBytes {
			return nil, fmt.Errorf("key %s has %d bytes, it must have %d", key.name, len(key.bytes), MinKeyBytes)
		}
		data[key.name] = hex.AppendEncode(nil, key.bytes)
	}
	m := &build.Meta{
		Namespace: in.Pipeline.Namespace, Component: build.Pipeline, Instance: in.Pipeline.Name,
		Installation: in.Installation.Name, Owner: in.Owner,
	}
	name := build.KeysName(v1alpha1.ObjectName(in.Pipeline.Name))
	return build.Mark(m, applycorev1.Secret(name, m.Namespace)).WithType(corev1.SecretTypeOpaque).WithData(data), nil
}
