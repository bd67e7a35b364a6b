package token

import (
	"errors"
	"testing"
	"time"
)

func TestRereading(t *testing.T) {
	old, rotated := keysInStates(stateNext, stateCurrent), &SigningKeys{keys: testKeys()[2:4:4]}
	now, reads, fail := signingMoment, 0, false
	keys := old.Rereading(func() (*SigningKeys, error) {
		if reads++; fail {
			return nil, errors.New("unreachable")
		}
		return rotated, nil
	}, func() time.Time { return now })
	newKid := rotated.keys[0].id
	known := func() bool { _, is := keys.ByID(newKid); return is }
	for _, step := range []struct {
		after time.Duration
		fail  bool
		known bool
		reads int
	}{
		{0, false, false, 0},
		{freshFor - 1, false, false, 0},
		{1, true, false, 1},               // serves on
		{retryAfter - 1, false, false, 1}, // and waits
		{1, false, true, 2},
		{freshFor - 1, true, true, 2},
		{1, true, true, 3},
		{retryAfter, true, true, 4},
	} {
		now, fail = now.Add(step.after), step.fail
		if known() != step.known || reads != step.reads {
			t.Errorf("after %s: known %t after %d reads, want %+v", now.Sub(signingMoment), known(), reads, step)
		}
	}
}

// Every use of the keys sees the newest copy, and the ones made from it are plain.
func TestRereadingIsSeenEverywhere(t *testing.T) {
	now := signingMoment
	later := &SigningKeys{keys: append([]signingKey{}, testKeys()[3:5]...)}
	later.keys[0].state, later.keys[1].state = stateNext, stateCurrent
	keys := keysInStates(stateNext, stateCurrent).Rereading(func() (*SigningKeys, error) { return later, nil }, func() time.Time { return now })
	now = now.Add(freshFor)
	if keys.Current().ID != later.Current().ID || keys.String() != later.String() {
		t.Errorf("%s, want %s", keys, later)
	}
	got, err := keys.JWKS()
	want, _ := later.JWKS()
	if err != nil || string(got) != string(want) {
		t.Errorf("JWKS %s (%v)", got, err)
	}
	document, err := keys.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if parsed, err := ParseSigningKeys(document); err != nil || parsed.String() != later.String() {
		t.Errorf("%s, %v", parsed, err)
	}
}
