package zato

import (
	"slices"
	"strings"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/settings"
)

// TestR9R21TakenNamesCostAsMuch: a sign-up with a taken name or address makes the same
// requests as one with a free one, up to the one that would store it, and hashes the
// password as well.
func TestR9R21TakenNamesCostAsMuch(t *testing.T) {
	s := newSite(t, open, func(s *settings.Settings) { *s = *settings.Default(); open(s); s.PublicURL = "https://api.example.com" })
	s.ok("/signup", signUpOf("taken", nil))
	work := func(body string) (calls []string, hashed int) {
		s.store.reset()
		before := s.passwords.hashed
		s.post("/signup", body)
		return s.store.calls, s.passwords.hashed - before
	}
	free, hashed := work(signUpOf("free", nil))
	if !slices.Equal(free, []string{"Count", "Claims", "Complete", "NoteAttempt"}) || hashed != 1 {
		t.Fatalf("a free name: %q, %d hashes", free, hashed)
	}
	want := slices.DeleteFunc(free, func(call string) bool { return call == "Complete" })
	for name, body := range map[string]string{
		"taken name": signUpOf("taken", map[string]any{"email": "other@example.com"}), "taken address": signUpOf("other", map[string]any{"email": "taken@example.com"}),
	} {
		if calls, hashed := work(body); !slices.Equal(calls, want) || hashed != 1 {
			t.Errorf("%s: %q, %d hashes", name, calls, hashed)
		}
	}
}

// TestR21TakenNamesAnswerLikeRefusedOnes: by default a name that is taken, reserved or
// malformed gets the same answer, and what is told of a password doesn't depend on it.
func TestR21TakenNamesAnswerLikeRefusedOnes(t *testing.T) {
	s := newSite(t, open, func(s *settings.Settings) { s.SSO.MinPasswordLength = 8 })
	s.ok("/signup", signUpOf("taken", nil))
	shape := func(r answered) string { return strings.ReplaceAll(r.Text, r.At("cid"), "") }
	want := shape(s.post("/signup", signUpOf("zato", nil)))
	for _, name := range []string{"taken", "TAKEN", "a b", "x@y"} {
		if got := shape(s.post("/signup", signUpOf(name, map[string]any{"email": "new@example.com"}))); got != want {
			t.Errorf("%q is told %s, not %s", name, got, want)
		}
	}
	for _, password := range []string{"x", "iloveyou1", "my-password-is"} {
		taken := shape(s.post("/signup", signUpOf("taken", map[string]any{"password": password})))
		if taken == want {
			t.Errorf("password %q is told %s", password, taken)
		}
		if free := shape(s.post("/signup", signUpOf("free", map[string]any{"password": password}))); free != taken {
			t.Errorf("password %q: a free name is told %s, a taken one %s", password, free, taken)
		}
	}
	for _, body := range []string{logInOf("taken"), logInOf("nobody")} {
		if got := shape(s.post("/login", strings.ReplaceAll(body, "horse", "house"))); got != want {
			t.Errorf("log-in is told %s", got)
		}
	}
}
