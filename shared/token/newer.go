package token

import (
	"sync"
	"time"
)

const (
	// freshFor is how long a copy of the `signing` document is used before it is
	// read again: well within LongestStaleness, so that a rotation's times hold for a
	// process of any age.
	freshFor = 12 * time.Hour

	// retryAfter is the wait after a read that failed; meanwhile the copy serves on.
	retryAfter = 5 * time.Minute
)

// newerKeys holds the newest copy of the `signing` document that a process has read.
type newerKeys struct {
	read func() (*SigningKeys, error)
	now  func() time.Time

	mu   sync.Mutex
	keys []signingKey
	next time.Time // when to read again
}

// Rereading returns keys that begin as k and call read when they are used 12 hours
// or more after they were last read. When that fails they serve on and try again 5
// minutes later: a copy stays good for LongestStaleness.
func (k *SigningKeys) Rereading(read func() (*SigningKeys, error), now func() time.Time) *SigningKeys {
	return &SigningKeys{newer: &newerKeys{read: read, now: now, keys: k.keys, next: now().Add(freshFor)}}
}

// all are the keys as they are known now.
func (k *SigningKeys) all() []signingKey {
	if k.newer == nil {
		return k.keys
	}
	return k.newer.all()
}

func (n *newerKeys) all() []signingKey {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now := n.now(); !now.Before(n.next) {
		n.next = now.Add(retryAfter)
		if read, err := n.read(); err == nil {
			n.keys, n.next = read.keys, now.Add(freshFor)
		}
	}
	return n.keys
}
