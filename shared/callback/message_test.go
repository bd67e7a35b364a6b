package callback_test

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/doorstep-auth/doorstep/shared/callback"
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// What a receiver gets verifies with the library that Standard Webhooks publishes, its timestamp included.
func TestR57MessageVerifiesWithTheOfficialLibrary(t *testing.T) {
	c := newClock()
	r := newReceiver(t, c, "/hook")
	w := newWorld(t, c, r)
	w.announce("ada")
	all := r.attempts()
	if len(all) != 1 {
		t.Fatalf("%d attempts", len(all))
	}
	webhook, err := standardwebhooks.NewWebhook(callback.Secret(w.keys, r.url).Reveal())
	if err != nil {
		t.Fatal(err)
	}
	if err := webhook.Verify([]byte(all[0].body), all[0].header); err != nil {
		t.Error(err)
	}
	for _, spoilt := range []string{all[0].body + " ", strings.Replace(all[0].body, "ada", "eve", 1)} {
		if webhook.Verify([]byte(spoilt), all[0].header) == nil {
			t.Errorf("another body verifies: %s", spoilt)
		}
	}
	if id := all[0].id; !strings.HasPrefix(id, "msg_") || len(id) != 26 || strings.Contains(id, ".") {
		t.Errorf("webhook-id %q", id)
	}
	if kind := all[0].header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("Content-Type %q", kind)
	}
}

// While a receiver learns of a new secret, both verify, in one header with spaces between.
func TestR57TwoSecretsDuringARotation(t *testing.T) {
	c := newClock()
	r := newReceiver(t, c, "/hook")
	w := newWorld(t, c, r)
	before := callback.Secret(w.keys, r.url).Reveal()
	c.forward(90 * 24 * time.Hour)
	rotated, err := w.keys.Rotate(rand.Reader, c.now())
	if err != nil {
		t.Fatal(err)
	}
	w.keys = rotated
	c.forward(23 * time.Hour)
	w.announce("ada")
	after := callback.Secret(w.keys, r.url).Reveal()
	if before == after || !strings.HasPrefix(after, "whsec_") {
		t.Fatalf("%s, then %s", before, after)
	}
	for _, g := range r.attempts() {
		verify(t, before, g)
		verify(t, after, g)
		if list := strings.Split(g.header.Get("webhook-signature"), " "); len(list) != 2 || !strings.HasPrefix(list[1], "v1,") {
			t.Errorf("webhook-signature %q", list)
		}
	}
	if callback.Secret(w.keys, r.url+"2").Reveal() == after {
		t.Error("another URL has the same secret")
	}
}

// The body is documented; it has what is told of a user and nothing that lets anybody in.
func TestBodyTellsTheUserAndNoSecret(t *testing.T) {
	c := newClock()
	r := newReceiver(t, c, "/hook")
	w := newWorld(t, c, r)
	address := identifier.Identifier{Kind: identifier.KindEmailAddress, Display: "Ada@Example.com", Canonical: "ada@example.com"}
	full := w.user("ada", func(u *signup.User) {
		u.EmailAddress, u.Unconfirmed, u.Approval, u.Application, u.Applications = address, true, signup.Undecided, "crm", []string{"crm", "erp"}
		u.Challenge = &signup.Challenge{Purpose: signup.ConfirmSignUp, Address: address, Verification: signup.Verification{
			Strategy: "email_code", KeyID: "m_key", Nonce: []byte("nonce-nonce-nonc"), SentAt: c.now(), ExpiresAt: c.now().Add(time.Hour),
		}}
		u.FirstName, u.Device = "Augusta", "phone"
	})
	proved := w.user("eve", func(u *signup.User) {
		u.EmailAddress = address
		u.Proved = map[identifier.Kind]signup.Proved{address.Kind: {Strategy: "email_code", At: c.now()}}
	})
	rejected := w.user("bob", func(u *signup.User) { u.Approval = signup.Rejected })
	w.Announce(t.Context(), []*signup.User{full, proved, rejected})
	want := []map[string]any{
		{
			"user_id": "user_" + full.ID.String(), "username": "ada", "email": "Ada@Example.com", "email_verified": false,
			"sign_up_status": "before_confirmation", "approval_status": "before_decision", "current_app": "crm", "app_list": []any{"crm", "erp"},
		},
		{
			"user_id": "user_" + proved.ID.String(), "username": "eve", "email": "Ada@Example.com", "email_verified": true,
			"sign_up_status": "final", "approval_status": "approved", "current_app": nil, "app_list": []any{},
		},
		{
			"user_id": "user_" + rejected.ID.String(), "username": "bob", "email": nil, "email_verified": false,
			"sign_up_status": "final", "approval_status": "rejected", "current_app": nil, "app_list": []any{},
		},
	}
	all := r.attempts()
	if len(all) != len(want) {
		t.Fatalf("%d attempts", len(all))
	}
	for i, u := range []*signup.User{full, proved, rejected} {
		var sent map[string]any
		if err := json.Unmarshal([]byte(all[i].body), &sent); err != nil {
			t.Fatal(err)
		}
		made := u.CreatedAt.Format(time.RFC3339Nano)
		want[i]["sign_up_time"] = made
		same(t, "body", map[string]any{"type": "user.created", "timestamp": made, "data": want[i]}, sent)
		for _, hidden := range []string{"argon2id", "secret-of", "nonce", "bm9uY2", "m_key", "Augusta"} {
			if strings.Contains(all[i].body, hidden) {
				t.Errorf("the body tells %s: %s", hidden, all[i].body)
			}
		}
	}
}
