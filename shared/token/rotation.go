package token

import (
	"fmt"
	"io"
	"time"
)

const (
	// LongestToken bounds the life of every token signed with these keys; no
	// setting may allow a longer one.
	LongestToken = 24 * time.Hour

	// LongestStaleness bounds how old the copy of the `signing` document may be
	// that a function signs with or publishes, and how long a verifier may keep
	// a JWK Set: the life of a Lambda execution environment and the caches on
	// the way, with a wide margin (AWS ends environments within hours, and names
	// no limit).
	LongestStaleness = 3 * 24 * time.Hour
)

// Schedule says how long a key stays in each state.
type Schedule struct {
	Publish time.Duration // least time as next, more than LongestStaleness
	Sign    time.Duration // time as current
	Retain  time.Duration // time as previous, more than LongestStaleness + LongestToken
}

// Quarterly is the schedule of a deployment: a key is published for 90 days or
// more, signs for 90 days, and verifies for 7 more.
func Quarterly() Schedule {
	const day = 24 * time.Hour
	return Schedule{Publish: 7 * day, Sign: 90 * day, Retain: 7 * day}
}

// Rotate returns the keys as they have to be at now, and whether that differs
// from k, which stays as it is. It is meant to be called far more often than
// keys change, daily say; at most one key moves per call:
//
//   - a previous key is dropped once it was previous for schedule.Retain;
//   - when the current key has signed for schedule.Sign and the next one has been
//     published for schedule.Publish, current becomes previous, next becomes
//     current, and a new next key is made from rand (see NewSigningKeys).
//
// A late call only keeps keys longer, and a clock set back changes nothing.
func (k *SigningKeys) Rotate(rand io.Reader, now time.Time, schedule Schedule) (*SigningKeys, bool, error) {
	if err := schedule.validate(); err != nil {
		return nil, false, err
	}
	return k.rotate(now, schedule, func() (signingKey, error) {
		return newSigningKey(rand, stateNext, now)
	})
}

func (k *SigningKeys) rotate(now time.Time, schedule Schedule, makeNext func() (signingKey, error)) (*SigningKeys, bool, error) {
	rotated := &SigningKeys{}
	moves := k.due(now, schedule)
	if moves {
		next, err := makeNext()
		if err != nil {
			return nil, false, err
		}
		rotated.keys = append(rotated.keys, next)
	}
	for _, key := range k.all() {
		switch {
		case key.state == statePrevious && now.Sub(key.stateSince) >= schedule.Retain:
			continue
		case moves && key.state == stateCurrent:
			key.state, key.stateSince = statePrevious, now
		case moves && key.state == stateNext:
			key.state, key.stateSince = stateCurrent, now
		}
		rotated.keys = append(rotated.keys, key)
	}
	if !moves && len(rotated.keys) == len(k.all()) {
		return k, false, nil
	}
	return rotated, true, nil
}

// due reports whether next has to take current's place.
func (k *SigningKeys) due(now time.Time, schedule Schedule) bool {
	for _, key := range k.all() {
		age := now.Sub(key.stateSince)
		if key.state == stateCurrent && age < schedule.Sign || key.state == stateNext && age < schedule.Publish {
			return false
		}
	}
	return true
}

func (s Schedule) validate() error {
	switch {
	case s.Publish <= LongestStaleness:
		return fmt.Errorf("token: a key has to be published for more than %s before it signs, not %s", LongestStaleness, s.Publish)
	case s.Sign <= 0:
		return fmt.Errorf("token: a key has to sign for some time, not %s", s.Sign)
	case s.Retain <= LongestStaleness+LongestToken:
		return fmt.Errorf("token: a key has to verify for more than %s after it signed, not %s", LongestStaleness+LongestToken, s.Retain)
	}
	return nil
}
