package reviews

import (
	"crypto/sha256"
	"maps"
	"sync"
	"time"

	"github.com/clicktally/clicktally/runtime/query"
)

// digest stands for a token: the tokens themselves are not kept.
type digest = [sha256.Size]byte

// answers are what the API server said lately, by token. They are safe for concurrent use.
type answers struct {
	most  int
	holds time.Duration

	mu      sync.Mutex
	byToken map[digest]answer
}

type answer struct {
	access query.Access
	asked  time.Time
}

func newAnswers(most int, holds time.Duration) *answers {
	return &answers{most: most, holds: holds, byToken: map[digest]answer{}}
}

func (a *answers) get(key digest, now time.Time) (access query.Access, known bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found, known := a.byToken[key]
	if !known || now.Sub(found.asked) >= a.holds {
		return query.Nobody, false
	}
	return found.access, true
}

// put makes room where there is none: first what is over goes, then any.
func (a *answers) put(key digest, access query.Access, asked time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.byToken) >= a.most {
		maps.DeleteFunc(a.byToken, func(_ digest, one answer) bool { return asked.Sub(one.asked) >= a.holds })
	}
	for other := range a.byToken {
		if len(a.byToken) < a.most {
			break
		}
		delete(a.byToken, other)
	}
	a.byToken[key] = answer{access, asked}
}
