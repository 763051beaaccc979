package publishing

import (
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// bell is rung by whoever has news; ringing it twice is ringing it once.
type bell chan struct{}

func (b bell) ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// inbox is what a publisher has not looked at yet. Its bell rings for every change.
type inbox struct {
	bell bell

	mu     sync.Mutex
	edited map[types.NamespacedName]bool // campaigns that were there before
	more   bool                          // something else has changed
}

func newInbox() *inbox { return &inbox{bell: make(bell, 1), edited: map[types.NamespacedName]bool{}} }

// put takes in a change: the campaign that was edited, or the empty name for any other.
func (b *inbox) put(campaign types.NamespacedName) {
	b.mu.Lock()
	if campaign.Name == "" {
		b.more = true
	} else {
		b.edited[campaign] = true
	}
	b.mu.Unlock()
	b.bell.ring()
}

// take empties the inbox. more says that campaigns are not all that has changed.
func (b *inbox) take() (campaigns []types.NamespacedName, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	campaigns, more = slices.Collect(maps.Keys(b.edited)), b.more
	clear(b.edited)
	b.more = false
	return campaigns, more
}
