package build

import "github.com/clicktally/clicktally/api/v1alpha1"

// Keys of the Secret that ClickTally makes for a pipeline. All trackers of a pipeline share it, so that
// one reads the click ids of the others.
const (
	// KeyClickIDs holds the keys of click ids, one a line: the first signs, all verify.
	KeyClickIDs = "click-ids"
	// KeyHash holds the key of user and device hashes.
	KeyHash = "hash"
)

// KeysName is the name of that Secret.
func KeysName(pipeline v1alpha1.ObjectName) string { return Base(string(pipeline)) + "-keys" }
