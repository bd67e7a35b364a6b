package secret

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"
)

// TestR62RotationReachesRunningProcesses: a process that read the ring before a
// rotation finds the new key when somebody else has used it.
func TestR62RotationReachesRunningProcesses(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	old, err := NewKeyring(rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	rotated, err := old.Rotate(rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	reads, fail := 0, true
	running := old.Rereading(func() (*Keyring, error) {
		if reads++; fail {
			return nil, errors.New("out of reach")
		}
		return rotated, nil
	}, func() time.Time { return now })

	if _, known := running.ByID(rotated.Current().ID); known || reads != 1 {
		t.Fatalf("known %v after %d failed reads", known, reads)
	}
	fail = false
	if _, known := running.ByID(rotated.Current().ID); known || reads != 1 {
		t.Fatalf("read again at once (%d reads)", reads)
	}
	now = now.Add(rereadAfter)
	for range 2 {
		if key, known := running.ByID(rotated.Current().ID); !known || string(key.Key) != string(rotated.Current().Key) {
			t.Fatal("the new key isn't found")
		}
	}
	if reads != 2 || running.Current().ID != old.Current().ID {
		t.Errorf("%d reads; current is %s", reads, running.Current().ID)
	}
	now = now.Add(rereadAfter)
	if _, known := running.ByID("not an id"); known || reads != 2 {
		t.Error("a malformed id was looked up")
	}
}
