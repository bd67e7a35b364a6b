package deskree

import (
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/token"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

// TestR44IdentityTokenIsNoOtherKind, and no other kind is one, though all have the same
// keys, issuer, audience, subject and session.
func TestR44IdentityTokenIsNoOtherKind(t *testing.T) {
	s := newSite(t, immediate)
	made := s.post("/signup", adas)
	uid, identity := made.At("data", "uid"), made.At("data", "idToken")
	expect := token.Expect{Issuer: "https://api.example.com", Audience: "doorstep"}
	genuine, err := s.api.Keys.Verify(token.UserIdentity, identity, wiretest.Epoch, expect)
	if err != nil {
		t.Fatal(err)
	}
	s.ok("GET", users+"/"+uid, "", bearer(identity)...)
	for _, kind := range []token.Kind{token.Session, token.Handshake, token.AccountAccess, token.AccountIdentity} {
		if _, err := s.api.Keys.Verify(kind, identity, wiretest.Epoch, expect); err == nil {
			t.Errorf("it is taken for kind %d", kind)
		}
		other, err := s.api.Keys.Current().Mint(kind, genuine.All)
		if err != nil {
			t.Fatal(err)
		}
		s.refused("GET", users+"/"+uid, "", 403, "This session is over. Sign in again.", "signed_out", bearer(other.Reveal())...)
	}
	s.refused("DELETE", base, "", 403, "This session is over. Sign in again.", "signed_out", bearer(made.At("data", "refreshToken"))...)
	s.refused("POST", base+"/token/refresh", text(map[string]string{"refresh_token": identity}), 400, "INVALID_REFRESH_TOKEN", "refresh_token_invalid")
	id, err := signup.ParseChecked(uid)
	if err != nil {
		t.Fatal(err)
	}
	session, err := s.api.Accounts.Refresh(t.Context(), s.api.Accounts.RefreshToken(s.session(id)))
	if err != nil {
		t.Fatal(err)
	}
	opaque := s.api.Accounts.BearerToken(session).Reveal()
	s.refused("POST", base+"/token/refresh", text(map[string]string{"refresh_token": opaque}), 400, "INVALID_REFRESH_TOKEN", "refresh_token_invalid")
}

// session is the user's only one.
func (s *site) session(user signup.ID) *signup.Session {
	s.t.Helper()
	all, err := s.store.UserSessions(s.t.Context(), user)
	if err != nil || len(all) != 1 {
		s.t.Fatalf("%d sessions, %v", len(all), err)
	}
	return all[0]
}

// TestR50IdentityTokenEnds with its life, and at once with its session.
func TestR50IdentityTokenEnds(t *testing.T) {
	s := newSite(t, immediate)
	made := s.post("/signup", adas)
	uid, own := made.At("data", "uid"), bearer(made.At("data", "idToken"))
	s.clock.Forward(59 * time.Minute)
	s.ok("GET", users+"/"+uid, "", own...)
	s.clock.Forward(2 * time.Minute)
	s.refused("GET", users+"/"+uid, "", 403, "This session is over. Sign in again.", "signed_out", own...)

	own = bearer(s.post("/sign-in/email", adas).At("data", "idToken"))
	s.ok("GET", users+"/"+uid, "", own...)
	s.post("/password-reset", `{"email":"ada.l@example.com"}`)
	_, code, _ := s.link(s.user("ada.l@example.com"))
	s.post("/verify/password-reset", text(map[string]string{"oobCode": code, "newPassword": another}))
	s.refused("GET", users+"/"+uid, "", 403, "This session is over. Sign in again.", "signed_out", own...)
}

// TestTokensAreOfTheirAudience: one for somebody else opens nothing here.
func TestTokensAreOfTheirAudience(t *testing.T) {
	s := newSite(t, immediate)
	made := s.post("/signup", adas)
	s.api.settings().Passwords.Audience = "another"
	s.refused("DELETE", base, "", 403, "This session is over. Sign in again.", "signed_out", bearer(made.At("data", "idToken"))...)
}
