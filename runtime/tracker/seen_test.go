package tracker

import "testing"

// The tracker of these tests trusts one proxy, which states the visitor's address in X-Forwarded-For.
func TestAHeartbeatSaysWhetherVisitorsAreKnown(t *testing.T) {
	w := newWorld(t, nil)
	for range 3 {
		w.send("GET", "/v1/click?cid=bare", "", "X-Forwarded-For: 198.51.100.7")
	}
	w.send("GET", "/v1/click?cid=bare", "", "X-Forwarded-For: ")
	w.post("/events/track", `{}`, "X-Forwarded-For: ") // whoever calls this is a server, or a page that was counted
	w.eventually("the heartbeat counts three known visitors and a hidden one", func() bool {
		h := w.lastHeartbeat()
		return h.GetAddressesKnown() == 3 && h.GetAddressesHidden() == 1
	})
}
