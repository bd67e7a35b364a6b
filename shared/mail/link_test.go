package mail

import (
	"strings"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// A mail carries what the challenge says and the instance takes: code, link or both.
func TestMailCarriesWhatTheChallengeHas(t *testing.T) {
	for name, c := range map[string]struct {
		strategies []string
		publicURL  string
		change     func(*signup.DueMail)
		link       string // what it begins with, empty for none
		code       bool
	}{
		"code only": {[]string{"email_code"}, "https://auth.example", func(*signup.DueMail) {}, "", true},
		"code and link": {[]string{"email_code", "email_link"}, "https://auth.example/door",
			func(d *signup.DueMail) { d.Linked = true }, "https://auth.example/door/v1/verify?token=", true},
		"through a proxy": {[]string{"email_code", "email_link"}, "https://auth.example",
			func(d *signup.DueMail) { d.Linked, d.LinkBase = true, "https://app.example/__clerk" }, "https://app.example/__clerk/v1/verify?token=", true},
		"link only": {[]string{"email_link"}, "https://auth.example",
			func(d *signup.DueMail) { d.Linked = true }, "https://auth.example/v1/verify?token=", false},
		"a link that can't work": {[]string{"email_code", "email_link"}, "https://auth.example",
			func(d *signup.DueMail) { d.LinkBase = "https://auth.example" }, "", true},
		"nowhere to lead": {[]string{"email_code", "email_link"}, "", func(d *signup.DueMail) { d.Linked = true }, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := testSettings()
			s.Attributes.EmailAddress.Strategies, s.PublicURL = c.strategies, c.publicURL
			f := newFixture(t, func(o *Options) { o.Settings = s })
			due := f.due(1)
			c.change(&due)
			if failures := f.Deliver(t.Context(), []signup.DueMail{due}); failures != nil {
				t.Fatal(failures)
			}
			carries(t, f, due, c.link, c.code)
		})
	}
}

// carries holds the one mail that was sent to what it has to carry.
func carries(t *testing.T, f *fixture, due signup.DueMail, link string, code bool) {
	t.Helper()
	text, key := f.sender.sent[0].Text.Reveal(), f.keys.Current()
	if has := strings.Contains(text, "\n"+due.Code(key).Reveal()+"\n"); has != code {
		t.Errorf("the code is in the mail: %v\n%s", has, text)
	}
	token := secret.DeriveLinkToken(key, due.ClientID, due.SignUpID, due.Nonce, []byte(due.Canonical)).Reveal()
	if link != "" && !strings.Contains(text, "\n"+link+token+"\n") {
		t.Errorf("the link %s isn't in\n%s", link+token, text)
	}
	if link == "" && strings.Contains(text, "token=") {
		t.Errorf("a link in\n%s", text)
	}
	if strings.Contains(f.log.String(), token) {
		t.Error("R13: the link is in the log")
	}
}
