package settings

import (
	"testing"
	"time"
)

// The lower ends of what settings may allow, and what they allow unasked.

func TestR1PasswordLength(t *testing.T) {
	s := Default()
	if s.Password.MinLength != 15 {
		t.Errorf("by default a password has %d or more code points, want 15", s.Password.MinLength)
	}
	holds(t, "password.min_length 8", s, func() { s.Password.MinLength = 8 }, true)
	holds(t, "password.min_length 7", s, func() { s.Password.MinLength = 7 }, false)
}

func TestR2LongPasswords(t *testing.T) {
	s := Default()
	holds(t, "password.max_length 64", s, func() { s.Password.MaxLength = 64 }, true)
	holds(t, "password.max_length 63", s, func() { s.Password.MaxLength = 63 }, false)
}

// No key can ask for a composition of passwords: this is all that their policy says.
func TestR3NoCompositionRule(t *testing.T) {
	known := map[string]bool{
		"password.min_length": true, "password.max_length": true, "password.breach_check": true, "password.breach_url": true,
		"password.context_words": true, "password.argon2": true, "password.argon2.memory_kib": true,
		"password.argon2.iterations": true, "password.argon2.lanes": true,
	}
	for _, key := range Keys() {
		if len(key.Name) > 9 && key.Name[:9] == "password." && !known[key.Name] {
			t.Errorf("%s is new: is it a composition rule?", key.Name)
		}
	}
}

func TestR8HashCost(t *testing.T) {
	s := Default()
	if s.Password.Argon2 != (Argon2{MemoryKiB: 19456, Iterations: 2, Lanes: 1}) {
		t.Errorf("by default a hash costs %+v, want 19 MiB, 2 passes, 1 lane", s.Password.Argon2)
	}
	holds(t, "memory below 19 MiB", s, func() { s.Password.Argon2.MemoryKiB = 19455 }, false)
	s = Default()
	holds(t, "one pass", s, func() { s.Password.Argon2.Iterations = 1 }, false)
	s = Default()
	holds(t, "no lane", s, func() { s.Password.Argon2.Lanes = 0 }, false)
}

func TestR11CodeLife(t *testing.T) {
	s := Default()
	holds(t, "code_life 10m", s, func() { s.Verification.CodeLife = Duration(10 * time.Minute) }, true)
	holds(t, "code_life above 10m", s, func() { s.Verification.CodeLife++ }, false)
}

func TestR15AttemptsByDefault(t *testing.T) {
	if attempts := Default().Verification.MaxAttempts; attempts != 5 {
		t.Errorf("by default %d wrong codes are judged, want 5", attempts)
	}
}

func TestR51SessionsEnd(t *testing.T) {
	s := Default()
	if s.Session.IdleLife.Std() != 7*24*time.Hour || s.Session.AbsoluteLife.Std() != 30*24*time.Hour {
		t.Errorf("by default a session lives %s idle and %s at most", s.Session.IdleLife, s.Session.AbsoluteLife)
	}
	holds(t, "sessions without end", s, func() { s.Session.AbsoluteLife = 0 }, false)
	s = Default()
	holds(t, "idle sessions without end", s, func() { s.Session.IdleLife = 0 }, false)
}

func holds(t *testing.T, what string, s *Settings, change func(), valid bool) {
	t.Helper()
	change()
	if err := s.Validate(); (err == nil) != valid {
		t.Errorf("%s: valid is %v, want %v (%v)", what, err == nil, valid, err)
	}
}
