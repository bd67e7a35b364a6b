package dispatch

import (
	"sync"
	"time"

	"github.com/doorstep-auth/doorstep/shared/secret"
)

// freshFor is how long a ring is used before it is read again: an operator who has
// rotated it tells receivers the new secret at once.
const freshFor = 5 * time.Minute

// freshKeys reads the ring now and then.
type freshKeys struct {
	read func() (*secret.Keyring, error)
	now  func() time.Time

	mu     sync.Mutex
	ring   *secret.Keyring
	readAt time.Time
}

// get is the ring as it was a short while ago. If it can't be read, the one before goes on.
func (k *freshKeys) get() (*secret.Keyring, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := k.now(); now.Sub(k.readAt) >= freshFor {
		ring, err := k.read()
		switch {
		case err == nil:
			k.ring, k.readAt = ring, now
		case k.ring == nil:
			return nil, err
		}
	}
	return k.ring, nil
}
