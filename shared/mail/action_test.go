package mail

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// withPages are settings with a page of its own for each purpose.
func withPages() *settings.Settings {
	s := testSettings()
	s.PublicURL = "https://auth.example"
	s.Passwords.ConfirmURL, s.Passwords.InviteURL = "https://app.example/confirm?theme=dark", "https://app.example/invited"
	s.Passwords.ResetURL, s.SSO.ConfirmURL = "https://app.example/reset", "https://sso.example/confirm"
	return s
}

// pageOf is where the link for a purpose leads with these settings.
func pageOf(s *settings.Settings, purpose signup.Purpose) string {
	return map[signup.Purpose]string{
		signup.ConfirmAddress: s.Passwords.ConfirmURL, signup.AcceptInvitation: s.Passwords.InviteURL,
		signup.ResetPassword: s.Passwords.ResetURL, signup.ConfirmSignUp: s.SSO.ConfirmURL,
	}[purpose]
}

// action is the mail of the nth user's challenge for purpose.
func (f *fixture) action(n int, purpose signup.Purpose) signup.DueMail {
	due := f.due(n)
	due.UserID, due.SignUpID, due.ClientID, due.Purpose = due.ClientID, due.ClientID, signup.ID{}, purpose
	return due
}

// actions has a mail of each purpose that is met by a link.
func (f *fixture) actions() (due []signup.DueMail) {
	for i, purpose := range linked {
		due = append(due, f.action(i+1, purpose))
	}
	return due
}

// byID are the mails that were sent.
func (f *fixture) byID() map[string]Message {
	sent := map[string]Message{}
	for _, m := range f.sender.sent {
		sent[m.ID] = m
	}
	return sent
}

func TestLinkedPurposesAreThoseOfTheDomain(t *testing.T) {
	for _, p := range []signup.Purpose{
		"", signup.ProveAddress, signup.SignInByMail, signup.ConfirmAddress, signup.AcceptInvitation, signup.ResetPassword, signup.ConfirmSignUp,
	} {
		if p.Linked() != slices.Contains(linked, p) {
			t.Errorf("%q is met by a link: %t", p, p.Linked())
		}
	}
}

// The mail for a purpose that is met by a link carries the link and nothing else that
// opens anything; R13: in its bodies only.
func TestR13LinkedMailCarriesItsLink(t *testing.T) {
	s := withPages()
	f := newFixture(t, func(o *Options) { o.Settings = s })
	f.store.claims = nobodys
	due := f.actions()
	if failures := f.Deliver(t.Context(), due); failures != nil {
		t.Fatal(failures)
	}
	sent, key := f.byID(), f.keys.Current()
	for _, d := range due {
		m := sent[d.MailID]
		if m.Kind != string(d.Purpose) {
			t.Errorf("%s is mailed as %q", d.Purpose, m.Kind)
		}
		showsLink(t, m, d.ActionURL(key, s).Reveal())
		opens := meets(t, d, key, pageOf(s, d.Purpose), d.ActionURL(key, s).Reveal())
		if both := m.Text.Reveal() + m.HTML.Reveal(); strings.Contains(both, d.Code(key).Reveal()) || strings.Contains(both, "auth.example") {
			t.Errorf("more than the link is in\n%s", both)
		}
		if strings.Contains(f.log.String()+m.Subject+fmt.Sprintf("%+v %#v %q", m, m, m), opens) {
			t.Errorf("what opens the link of %s is in the log or the subject", d.Purpose)
		}
	}
}

// meets holds a link to leading to page with what meets the challenge of d, which it returns.
func meets(t *testing.T, d signup.DueMail, key secret.MACKey, page, link string) string {
	t.Helper()
	got, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	want, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	query := want.Query()
	opens := secret.DeriveConfirmToken(key, d.UserID, d.Nonce).Reveal()
	if d.Purpose == signup.ConfirmSignUp {
		query.Set("confirm_token", opens)
	} else {
		opens = secret.DeriveActionCode(key, string(d.Purpose), d.UserID, d.Nonce, []byte(d.Canonical)).Reveal()
		query.Set("oobCode", opens)
		query.Set("uid", d.UserID.Checked())
	}
	if diff := cmp.Diff(query, got.Query()); diff != "" {
		t.Errorf("query for %s (-want +got):\n%s", d.Purpose, diff)
	}
	if got.Scheme != want.Scheme || got.Host != want.Host || got.Path != want.Path {
		t.Errorf("the link for %s leads to %s", d.Purpose, got.Redacted())
	}
	return opens
}

// Another process knows nothing of the first: the mail goes twice, with the same link.
func TestLinkedMailSentTwiceCarriesTheSameLink(t *testing.T) {
	pages := func(o *Options) { o.Settings = withPages() }
	first, second := newFixture(t, pages), newFixture(t, pages)
	first.store.claims, second.store.claims = nobodys, nobodys
	due := first.actions()
	first.Deliver(t.Context(), due)
	second.now = moment.Add(4 * time.Second)
	second.Deliver(t.Context(), due)
	again, seen := second.byID(), map[string]bool{}
	for id, m := range first.byID() {
		link := linkIn(t, m)
		if other := linkIn(t, again[id]); other != link {
			t.Errorf("%s carries %s and %s", m.Kind, link, other)
		}
		seen[link] = true
	}
	if len(seen) != len(due) {
		t.Errorf("%d links for %d mails", len(seen), len(due))
	}
}

// linkIn is the line of the mail's text that is a link.
func linkIn(t *testing.T, m Message) string {
	t.Helper()
	for line := range strings.Lines(m.Text.Reveal()) {
		if strings.HasPrefix(line, "https://") {
			return strings.TrimSpace(line)
		}
	}
	t.Fatalf("no link in %q", m.Text.Reveal())
	return ""
}

func TestExpiredLinksAreDropped(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Settings = withPages() })
	f.store.claims = nobodys
	due := f.actions()
	for i := range due {
		due[i].ExpiresAt = moment
	}
	if failures := f.Deliver(t.Context(), due); failures != nil || len(f.sender.sent) != 0 {
		t.Errorf("%v, %d mails", failures, len(f.sender.sent))
	}
	for id, outcome := range f.outcomes(t) {
		if outcome != "expired" {
			t.Errorf("%s: %s", id, outcome)
		}
	}
}

// An invitation that was held up says how long it still lives.
func TestLinkedMailSaysHowLongItLives(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Settings = withPages() })
	f.store.claims = nobodys
	fresh, late := f.action(1, signup.AcceptInvitation), f.action(2, signup.AcceptInvitation)
	fresh.ExpiresAt, late.ExpiresAt = moment.Add(24*time.Hour-time.Second), moment.Add(24*time.Hour-10*time.Minute)
	f.Deliver(t.Context(), []signup.DueMail{fresh, late})
	for id, want := range map[string]string{fresh.MailID: "24 hours", late.MailID: "23 hours"} {
		if text := f.byID()[id].Text.Reveal(); !strings.Contains(text, " in "+want+" ") {
			t.Errorf("%s isn't in\n%s", want, text)
		}
	}
}

// Without a page to lead to nothing is mailed, and nobody else's mail waits for it.
func TestLinkThatLeadsNowhereIsRefused(t *testing.T) {
	f := newFixture(t, nil)
	f.store.claims = nobodys
	due := append(f.actions(), f.due(9))
	if failures := f.Deliver(t.Context(), due); failures != nil {
		t.Fatal(failures)
	}
	if len(f.sender.sent) != 1 || f.sender.sent[0].ID != due[len(linked)].MailID {
		t.Errorf("%d mails", len(f.sender.sent))
	}
	for _, d := range due[:len(linked)] {
		if f.store.refusals[d.MailID] != RefusedPage {
			t.Errorf("%s: %q", d.Purpose, f.store.refusals[d.MailID])
		}
	}
}

func nobodys([]identifier.Identifier) ([]signup.Claim, error) { return nil, nil }

// TestR21OwnerIsMailedByWhoKeptQuiet: a sign-up or invitation that told nobody of the
// address's account tells its owner, whatever the progressive sign-up does; what only a
// holder is mailed, and a sign-up that refuses a taken address, don't ask.
func TestR21OwnerIsMailedByWhoKeptQuiet(t *testing.T) {
	for _, test := range []struct {
		purpose             signup.Purpose
		protected, disclose bool
		want                string
	}{
		{signup.ConfirmAddress, false, false, "existing_account"},
		{signup.ConfirmAddress, true, true, "confirm_address"},
		{signup.AcceptInvitation, false, false, "existing_account"},
		{signup.AcceptInvitation, true, true, "accept_invitation"},
		{signup.ResetPassword, true, false, "reset_password"},
		{signup.ConfirmSignUp, true, false, "confirm_sign_up"},
		{signup.SignInByMail, true, false, "sign_in_code"},
		{signup.ProveAddress, true, true, "existing_account"},
		{signup.ProveAddress, false, false, "address_code"},
	} {
		t.Run(fmt.Sprintf("%s protected=%t disclose=%t", test.purpose, test.protected, test.disclose), func(t *testing.T) {
			s := withPages()
			s.EnumerationProtection, s.Passwords.DiscloseAddresses = test.protected, test.disclose
			f := newFixture(t, func(o *Options) { o.Settings = s })
			asked := false
			f.store.claims = func(ids []identifier.Identifier) ([]signup.Claim, error) {
				asked = true
				return []signup.Claim{{Identifier: ids[0], Owner: signup.ID{9}, State: signup.VerifiedClaim}}, nil
			}
			if failures := f.Deliver(t.Context(), []signup.DueMail{f.action(1, test.purpose)}); failures != nil {
				t.Fatal(failures)
			}
			m := f.sender.sent[0]
			if owned := test.want == "existing_account"; m.Kind != test.want || asked != owned {
				t.Errorf("sent %s, want %s; asked: %t", m.Kind, test.want, asked)
			}
			if m.Kind == "existing_account" && strings.Contains(m.Text.Reveal()+m.HTML.Reveal(), "://") {
				t.Errorf("the owner is mailed a link:\n%s", m.Text.Reveal())
			}
		})
	}
}

// Whose own invitation it is, and who has only claimed the address without proving it,
// doesn't keep the link from being mailed.
func TestR21OwnClaimsDontSuppressLinks(t *testing.T) {
	for name, claim := range map[string]func(signup.DueMail) signup.Claim{
		"its own": func(d signup.DueMail) signup.Claim { return signup.Claim{Owner: d.UserID, State: signup.VerifiedClaim} },
		"somebody's, unconfirmed": func(signup.DueMail) signup.Claim {
			return signup.Claim{Owner: signup.ID{9}, State: signup.UnverifiedClaim}
		},
	} {
		f := newFixture(t, func(o *Options) { o.Settings = withPages() })
		due := f.action(1, signup.AcceptInvitation)
		f.store.claims = func(ids []identifier.Identifier) ([]signup.Claim, error) {
			held := claim(due)
			held.Identifier = ids[0]
			return []signup.Claim{held}, nil
		}
		if failures := f.Deliver(t.Context(), []signup.DueMail{due}); failures != nil || f.sender.sent[0].Kind != "accept_invitation" {
			t.Errorf("%s: %v %v", name, failures, f.sender.sent)
		}
	}
}
