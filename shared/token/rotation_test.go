package token

import (
	"crypto"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	hour = time.Hour
	day  = 24 * hour
)

// published is a `signing` document and the time it was written.
type published struct {
	at   time.Time
	keys *SigningKeys
}

// simulate calls rotate as an unreliable daily schedule would: at times twice,
// at times days late, once after a long pause. It returns every document.
func simulate(t *testing.T, schedule Schedule, span time.Duration) []published {
	t.Helper()
	pool := testKeys()
	take := func(in state, now time.Time) signingKey {
		if len(pool) == 0 {
			t.Fatal("the simulation needs more keys")
		}
		key := pool[0]
		pool = pool[1:]
		key.state, key.createdAt, key.stateSince = in, now, now
		return key
	}
	now := signingMoment
	keys := &SigningKeys{keys: []signingKey{take(stateNext, now), take(stateCurrent, now)}}
	history := []published{{now, keys}}
	gaps := []time.Duration{day, day, 0, day + 3*time.Minute, 4 * day, day, 12 * hour, 12 * hour, -2 * hour, 26 * hour, day}
	for i := 0; now.Before(signingMoment.Add(span)); i++ {
		now = now.Add(gaps[i%len(gaps)])
		if i == 100 {
			now = now.Add(40 * day)
		}
		rotated, changed, err := keys.rotate(now, schedule, func() (signingKey, error) { return take(stateNext, now), nil })
		if err != nil {
			t.Fatal(err)
		}
		if rotated.count(stateCurrent) != 1 || rotated.count(stateNext) != 1 || len(rotated.keys) > 4 {
			t.Fatalf("%s: the keys are %s", now, rotated)
		}
		if changed {
			history = append(history, published{now, rotated})
		}
		keys = rotated
	}
	return history
}

// in returns the document in force at the given time.
func in(history []published, at time.Time) *SigningKeys {
	found := history[0].keys
	for _, document := range history {
		if !document.at.After(at) {
			found = document.keys
		}
	}
	return found
}

// refusals counts the tokens that somebody refuses: signed at any time with a
// copy of the document of any admitted age, and verified at any time of its
// life by a JWK Set of any admitted age.
func refusals(history []published, span time.Duration) (refused int) {
	ages := []time.Duration{0, hour, LongestStaleness / 2, LongestStaleness}
	lives := []time.Duration{0, time.Minute, LongestToken / 2, LongestToken}
	for at := signingMoment; at.Before(signingMoment.Add(span)); at = at.Add(5 * hour) {
		for _, signerAge := range ages {
			kid := in(history, at.Add(-signerAge)).Current().ID
			for _, life := range lives {
				for _, setAge := range ages {
					if _, found := in(history, at.Add(life-setAge)).ByID(kid); !found {
						refused++
					}
				}
			}
		}
	}
	return refused
}

func TestR46NoTokenIsEverRefused(t *testing.T) {
	const span = 2 * 365 * day
	history := simulate(t, Quarterly(), span)
	if len(history) < 12 {
		t.Fatalf("only %d documents in two years: the simulation rotates too little", len(history))
	}
	if count := refusals(history, span); count != 0 {
		t.Errorf("%d tokens were refused", count)
	}
	for _, document := range history {
		input := []byte(document.at.String())
		signature, err := document.keys.Current().Sign(input)
		if err != nil {
			t.Fatal(err)
		}
		later := in(history, document.at.Add(LongestStaleness+LongestToken))
		digest := sha256.Sum256(input)
		public := publicFromJWKS(t, later, document.keys.Current().ID)
		if public == nil || rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) != nil {
			t.Errorf("%s: the signature doesn't verify %s later", document.at, LongestStaleness+LongestToken)
		}
	}
}

// The simulation would be worth nothing if it could not see a refused token.
func TestR46SimulationSeesBadSchedules(t *testing.T) {
	const span = 365 * day
	for name, schedule := range map[string]Schedule{
		"dropped too early": {Publish: 7 * day, Sign: 60 * day, Retain: 2 * day},
		"used too early":    {Publish: 0, Sign: 60 * day, Retain: 7 * day},
	} {
		history := simulate(t, schedule, span)
		if name == "used too early" {
			history = withholdNext(history)
		}
		if refusals(history, span) == 0 {
			t.Errorf("%s: no token was refused", name)
		}
		if _, _, err := keysInStates(stateNext, stateCurrent).Rotate(cryptorand.Reader, signingMoment, schedule); err == nil {
			t.Errorf("%s: Rotate accepted the schedule", name)
		}
	}
}

// withholdNext publishes keys only once they sign.
func withholdNext(history []published) (without []published) {
	for _, document := range history {
		kept := &SigningKeys{}
		for _, key := range document.keys.keys {
			if key.state != stateNext {
				kept.keys = append(kept.keys, key)
			}
		}
		without = append(without, published{document.at, kept})
	}
	return without
}

func TestRotateMovesKeysByAge(t *testing.T) {
	schedule := Quarterly()
	type key struct {
		State state
		Age   time.Duration
	}
	cases := map[string]struct {
		before []key
		after  []key
	}{
		"nothing is due": {
			before: []key{{stateNext, 89 * day}, {stateCurrent, 89 * day}},
			after:  []key{{stateNext, 89 * day}, {stateCurrent, 89 * day}},
		},
		"current is due": {
			before: []key{{stateNext, 90 * day}, {stateCurrent, 90 * day}},
			after:  []key{{stateNext, 0}, {stateCurrent, 0}, {statePrevious, 0}},
		},
		"current is due, next isn't published for long enough": {
			before: []key{{stateNext, 7*day - 1}, {stateCurrent, 400 * day}},
			after:  []key{{stateNext, 7*day - 1}, {stateCurrent, 400 * day}},
		},
		"previous may still be needed": {
			before: []key{{stateNext, 7*day - 1}, {stateCurrent, 7*day - 1}, {statePrevious, 7*day - 1}},
			after:  []key{{stateNext, 7*day - 1}, {stateCurrent, 7*day - 1}, {statePrevious, 7*day - 1}},
		},
		"previous is done": {
			before: []key{{stateNext, 7 * day}, {stateCurrent, 7 * day}, {statePrevious, 7 * day}},
			after:  []key{{stateNext, 7 * day}, {stateCurrent, 7 * day}},
		},
		"a long pause moves one key only": {
			before: []key{{stateNext, 500 * day}, {stateCurrent, 500 * day}, {statePrevious, 500 * day}},
			after:  []key{{stateNext, 0}, {stateCurrent, 0}, {statePrevious, 0}},
		},
		"the clock was set back": {
			before: []key{{stateNext, -900 * day}, {stateCurrent, -900 * day}, {statePrevious, -900 * day}},
			after:  []key{{stateNext, -900 * day}, {stateCurrent, -900 * day}, {statePrevious, -900 * day}},
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			keys := &SigningKeys{}
			for i, before := range test.before {
				made := testKeys()[i]
				made.state, made.stateSince = before.State, signingMoment.Add(-before.Age)
				keys.keys = append(keys.keys, made)
			}
			untouched := keys.String()
			rotated, changed, err := keys.rotate(signingMoment, schedule, func() (signingKey, error) {
				made := testKeys()[5]
				made.stateSince = signingMoment
				return made, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			var after []key
			for _, got := range rotated.keys {
				after = append(after, key{got.state, signingMoment.Sub(got.stateSince)})
			}
			if diff := cmp.Diff(test.after, after); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := !cmp.Equal(test.before, test.after); changed != want {
				t.Errorf("changed = %t, want %t", changed, want)
			}
			if keys.String() != untouched {
				t.Error("Rotate changed its receiver")
			}
		})
	}
}

func TestRotateKeepsTheKeysWhenNoneCanBeMade(t *testing.T) {
	broken := errors.New("no entropy")
	keys := keysInStates(stateNext, stateCurrent)
	_, changed, err := keys.rotate(signingMoment.Add(91*day), Quarterly(), func() (signingKey, error) { return signingKey{}, broken })
	if changed || !errors.Is(err, broken) {
		t.Errorf("changed = %t, err = %v", changed, err)
	}
}
