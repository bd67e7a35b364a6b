package mail

import (
	"errors"
	"strings"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// TestR21OwnerIsMailed: with enumeration protection, whose address it is gets neither
// code nor link, and everybody else gets what they always get.
func TestR21OwnerIsMailed(t *testing.T) {
	mine, theirs := signup.ID{1}, signup.ID{2}
	for name, c := range map[string]struct {
		protected bool
		owner     signup.ID
		state     signup.ClaimState
		kind      string
	}{
		"somebody's":               {true, theirs, signup.VerifiedClaim, "existing_account"},
		"nobody's":                 {true, signup.ID{}, "", "verification_link"},
		"unverified":               {true, theirs, signup.UnverifiedClaim, "verification_link"},
		"its own, delivered again": {true, mine, signup.VerifiedClaim, "verification_link"},
		"not protected":            {false, theirs, signup.VerifiedClaim, "verification_link"},
	} {
		t.Run(name, func(t *testing.T) {
			s := testSettings()
			s.EnumerationProtection, s.PublicURL = c.protected, "https://auth.example"
			f := newFixture(t, func(o *Options) { o.Settings = s })
			due := f.due(1)
			due.UserID, due.Linked = mine, true
			asked := 0
			f.store.claims = func(ids []identifier.Identifier) ([]signup.Claim, error) {
				asked++
				if len(ids) != 1 || ids[0].Kind != due.Kind || ids[0].Canonical != due.Canonical {
					t.Errorf("asked about %v", ids)
				}
				if c.state == "" {
					return nil, nil
				}
				return []signup.Claim{{Identifier: ids[0], Owner: c.owner, State: c.state}}, nil
			}
			if failures := f.Deliver(t.Context(), []signup.DueMail{due}); failures != nil {
				t.Fatal(failures)
			}
			sent := f.sender.sent[0]
			if sent.Kind != c.kind {
				t.Errorf("sent %s, want %s", sent.Kind, c.kind)
			}
			if logged := f.records(t)[0]["mail"]; logged != c.kind {
				t.Errorf("the log says %v", logged)
			}
			text, key := sent.Text.Reveal()+sent.HTML.Reveal(), f.keys.Current()
			if has := strings.Contains(text, due.Code(key).Reveal()) || strings.Contains(text, "token="); has != (c.kind != "existing_account") {
				t.Errorf("a code or link is in the mail: %v", has)
			}
			if want := map[bool]int{true: 1}[c.protected]; asked != want {
				t.Errorf("asked %d times for claims, want %d", asked, want)
			}
		})
	}
}

// TestR21UnknownOwnerWaits: as long as it can't be told whose the address is nothing
// is mailed, or its owner could be mailed a code.
func TestR21UnknownOwnerWaits(t *testing.T) {
	s := testSettings()
	s.EnumerationProtection = true
	f := newFixture(t, func(o *Options) { o.Settings = s })
	f.store.claims = func([]identifier.Identifier) ([]signup.Claim, error) { return nil, errors.New("throttled") }
	if failures := f.Deliver(t.Context(), f.dues(2)); len(failures) != 2 || len(f.sender.sent) != 0 {
		t.Errorf("failures %v, %d mails", failures, len(f.sender.sent))
	}
}

// TestR21OwnerIsToldHowToAnswer where a reply reaches somebody, and only there.
func TestR21OwnerIsToldHowToAnswer(t *testing.T) {
	for replyTo, want := range map[string]bool{"": false, "help@acme.example": true} {
		s := testSettings()
		s.EnumerationProtection, s.Mail.ReplyTo = true, replyTo
		f := newFixture(t, func(o *Options) { o.Settings = s })
		due := f.due(1)
		f.store.claims = func(ids []identifier.Identifier) ([]signup.Claim, error) {
			return []signup.Claim{{Identifier: ids[0], Owner: signup.ID{9}, State: signup.VerifiedClaim}}, nil
		}
		if failures := f.Deliver(t.Context(), []signup.DueMail{due}); failures != nil {
			t.Fatal(failures)
		}
		if got := strings.Contains(f.sender.sent[0].Text.Reveal(), "replying"); got != want || f.sender.sent[0].ReplyTo != replyTo {
			t.Errorf("reply_to %q: says so: %v", replyTo, got)
		}
	}
}
