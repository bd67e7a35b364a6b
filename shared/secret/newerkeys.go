package secret

import (
	"sync"
	"time"
)

// rereadAfter is the shortest time between two reads of the mac secret for keys
// that aren't known: made-up ids don't make requests.
const rereadAfter = 30 * time.Second

// newerKeys reads the mac secret again when a key is asked for that wasn't in it
// at the start: a process outlives a rotation, and others use the new key at once.
type newerKeys struct {
	read func() (*Keyring, error)
	now  func() time.Time

	mu   sync.Mutex
	last time.Time
	ring *Keyring
}

// Rereading returns a ring with the keys of r that calls read when ByID is asked
// for a key it doesn't hold, every 30 seconds at most. Current stays r's.
func (r *Keyring) Rereading(read func() (*Keyring, error), now func() time.Time) *Keyring {
	return &Keyring{keys: r.keys, newer: &newerKeys{read: read, now: now}}
}

func (n *newerKeys) byID(id string) (MACKey, bool) {
	if n == nil || !validMACKeyID(id) {
		return MACKey{}, false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ring != nil {
		if key, known := n.ring.ByID(id); known {
			return key, true
		}
	}
	if now := n.now(); now.Sub(n.last) >= rereadAfter {
		n.last = now
		if ring, err := n.read(); err == nil {
			n.ring = ring
			return ring.ByID(id)
		}
	}
	return MACKey{}, false
}
