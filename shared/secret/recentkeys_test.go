package secret

import (
	"crypto/rand"
	"testing"
	"time"
)

// A rotation leaves the key before valid, and a quick series of them each one that was current within the day.
func TestRecentKeys(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ring := new(Keyring)
	for _, age := range []time.Duration{96 * time.Hour, 48 * time.Hour, 3 * time.Hour, 2 * time.Hour, time.Hour} {
		var err error
		if ring, err = ring.Rotate(rand.Reader, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	for since, want := range map[time.Duration]int{24 * time.Hour: 4, 150 * time.Minute: 3, time.Minute: 2, 1000 * time.Hour: 5} {
		recent := ring.Recent(now.Add(-since))
		if len(recent) != want || recent[0].ID != ring.Current().ID {
			t.Errorf("since %s ago: %v, want %d keys", since, recent, want)
		}
	}
	one, err := NewKeyring(rand.Reader, now)
	if err != nil || len(one.Recent(now)) != 1 {
		t.Errorf("%v, %v", one.Recent(now), err)
	}
}
