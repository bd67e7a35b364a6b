package settings

import (
	"testing"
	"time"
)

// TestR15MailsByDefault: five to an address and hour, twenty a day.
func TestR15MailsByDefault(t *testing.T) {
	s := Default()
	if s.Limits.MailsPerAddressHour != 5 || s.Limits.MailsPerAddressDay != 20 {
		t.Errorf("by default %d mails an hour and %d a day", s.Limits.MailsPerAddressHour, s.Limits.MailsPerAddressDay)
	}
	holds(t, "no limits", s, func() { s.Limits.MailsPerAddressHour, s.Limits.MailsPerAddressDay = 0, 0 }, true)
	holds(t, "only an hour's limit", s, func() { s.Limits.MailsPerAddressHour = 50 }, true)
	holds(t, "more an hour than a day", s, func() { s.Limits.MailsPerAddressDay = 49 }, false)
	holds(t, "a limit below none", s, func() { s.Limits.MailsPerAddressHour = -1 }, false)
}

// TestR26SourcesByDefault: Clerk's documented numbers, in its profile too.
func TestR26SourcesByDefault(t *testing.T) {
	profile, err := Load("clerk")
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*Settings{"by default": Default(), "clerk": profile} {
		if l := s.Limits; l.CreatesPerSource != 5 || l.AttemptsPerSource != 3 || l.SourceWindow.Std() != 10*time.Second {
			t.Errorf("%s: %+v", name, l)
		}
	}
	s := Default()
	holds(t, "more than a counter holds", s, func() { s.Limits.CreatesPerSource = 61 }, false)
	s = Default()
	holds(t, "a window of nothing", s, func() { s.Limits.SourceWindow = 0 }, false)
}

func TestRestrictionRules(t *testing.T) {
	for _, c := range []struct{ document, want string }{
		{`{"restrictions": {"blocklist": ["ada@example.com", "example.org", "@example.net", "*.example.edu", "xn--bcher-kva.example", "a+b@c.de"]}}`, ""},
		{`{"restrictions": {"blocklist": ["Example.org"]}}`, `restrictions.blocklist[0]: "Example.org" must be name@example.com, example.com or *.example.com, in lower case, its domain in ASCII (xn--…)`},
		{`{"restrictions": {"blocklist": ["ada@*.example.org", "org", "*", "*@example.org x", "bücher.example", "a@b@c.de", ""]}}`, "every one"},
		{`{"restrictions": {"blocklist": ["a.de", "a.de"]}}`, `restrictions.blocklist[1]: "a.de" appears twice`},
		{`{"restrictions": {"allowlist": ["a.de"]}, "attributes": {"email_address": {"requirement": "optional"}, "username": {"requirement": "required"}}}`,
			`restrictions.allowlist: needs attributes.email_address.requirement required, or a sign-up without an address would pass it by`},
		{`{"restrictions": {"allowlist": ["a.de"]}, "attributes": {"email_address": {"verify_at_sign_up": false}}}`,
			`restrictions.allowlist: needs attributes.email_address.verify_at_sign_up, or anybody could name an address of it`},
	} {
		_, err := Parse([]byte(c.document))
		faults, _ := err.(Faults)
		switch {
		case c.want == "" && err != nil, c.want != "" && err == nil:
			t.Errorf("%s: %v", c.document, err)
		case c.want == "every one" && len(faults) != 7:
			t.Errorf("%s: %d faults: %v", c.document, len(faults), err)
		case c.want != "" && c.want != "every one" && faults.Error() != "settings: "+c.want:
			t.Errorf("%s:\n got %v\nwant %s", c.document, err, c.want)
		}
	}
}

func TestAdmits(t *testing.T) {
	lists := Restrictions{
		Allowlist: []string{"a.example", "*.b.example", "ada@c.example", "ada@d.example", "eve@a.example"},
		Blocklist: []string{"bad@a.example", "worse.b.example", "d.example", "@e.example", "eve@a.example"},
	}
	for _, c := range []struct {
		local, domain string
		want          Admission
	}{
		{"x", "a.example", Admitted}, {"x", "sub.a.example", NotListed}, {"bad", "a.example", Blocked}, {"bad+1", "a.example", Blocked},
		{"x", "y.b.example", Admitted}, {"x", "z.y.b.example", Admitted}, {"x", "b.example", NotListed}, {"x", "notb.example", NotListed},
		{"x", "worse.b.example", Blocked}, {"ada", "c.example", Named}, {"eve", "c.example", NotListed}, {"ada+1", "c.example", NotListed},
		{"ada", "d.example", Named}, {"eve", "d.example", Blocked}, {"x", "e.example", Blocked}, {"eve", "a.example", Blocked},
	} {
		if got := lists.Admits(c.local, c.domain); got != c.want {
			t.Errorf("%s@%s: %d, want %d", c.local, c.domain, got, c.want)
		}
	}
	if got := new(Restrictions).Admits("x", "y.example"); got != Admitted {
		t.Errorf("without lists: %d", got)
	}
}
