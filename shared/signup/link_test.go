package signup

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// verifier and challenge are a pair of PKCE's.
var (
	verifier  = strings.Repeat("doorstep-", 6)
	challenge = s256(verifier)
)

func s256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// linked allows links, to one page and one app.
func linked(s *settings.Settings) {
	s.PublicURL = "https://auth.example"
	s.RedirectURLs = []string{"https://app.example/done", "pies://callback"}
	s.Attributes.EmailAddress.Strategies = []string{settings.EmailCode, settings.EmailLink}
}

func anybodys(s *settings.Settings) {
	linked(s)
	s.Verification.RequireSameClient = false
}

var (
	webLink = Link{RedirectURL: "https://app.example/done?x=1#/verify"}
	appLink = Link{RedirectURL: "pies://callback", Native: true, CodeChallenge: challenge, CodeChallengeMethod: "S256"}
)

// prepareLink asks for a mail with a link.
func (p *person) prepareLink(link Link) error {
	return p.keep(p.Prepare(p.t.Context(), p.caller, p.signUp, "email_link", link))
}

// link is the token in the newest mail to the person.
func (p *person) link() secret.LinkToken {
	p.t.Helper()
	due := p.store.DueMail(p.last.Client.ID)
	key, ok := p.Keys.ByID(due.KeyID)
	if !ok {
		p.t.Fatal("no mail is due")
	}
	_, text, _ := strings.Cut(due.LinkURL(key, p.Settings.PublicURL).Reveal(), "?token=")
	token := secret.ParseLinkToken(text)
	if token.IsZero() {
		p.t.Fatalf("the mail has no link: %+v", due)
	}
	return token
}

// confirm uses a link as caller, and keeps the token that comes with it.
func (p *person) confirm(token secret.LinkToken, caller Caller) *LinkAnswer {
	p.t.Helper()
	a, err := p.ConfirmLink(p.t.Context(), caller, token)
	if err != nil {
		p.t.Fatal(err)
	}
	if !a.Token.IsZero() {
		p.caller.Token = a.Token
	}
	return a
}

// mustConfirm uses the newest link as the client that began.
func (p *person) mustConfirm(want LinkStatus) *LinkAnswer {
	p.t.Helper()
	a := p.confirm(p.link(), p.caller)
	if a.Status != want {
		p.t.Fatalf("the link is %s (%v), want %s", a.Status, a.Cause, want)
	}
	return a
}

// withLink is a person who has been mailed a link.
func withLink(t *testing.T, change func(*settings.Settings), link Link) *person {
	t.Helper()
	p := newFixture(t, change).person()
	p.must(p.create(ada()))
	p.must(p.prepareLink(link))
	return p
}

// R17, R33: what a link must and may come with.
func TestR17R33LinkTerms(t *testing.T) {
	base := Link{RedirectURL: webLink.RedirectURL, Base: "https://app.example/__clerk"}
	native := func(change func(*Link)) Link {
		link := appLink
		change(&link)
		return link
	}
	sum := sha256.Sum256([]byte(verifier))
	web, app := LinkTerms{Linked: true, RedirectURL: webLink.RedirectURL}, LinkTerms{Linked: true, RedirectURL: "pies://callback", CodeChallenge: sum[:]}
	for name, c := range map[string]struct {
		change   func(*settings.Settings)
		strategy Strategy
		link     Link
		want     LinkTerms
		refused  string
	}{
		"web link":                          {linked, EmailLink, webLink, web, ""},
		"web code":                          {linked, EmailCode, webLink, web, ""},
		"web code without redirect":         {linked, EmailCode, Link{}, LinkTerms{Linked: true}, ""},
		"web link through a proxy":          {linked, EmailLink, base, LinkTerms{Linked: true, RedirectURL: base.RedirectURL, LinkBase: base.Base}, ""},
		"web link without redirect":         {linked, EmailLink, Link{}, LinkTerms{}, "form_param_missing (redirect_url)"},
		"relative redirect":                 {linked, EmailLink, Link{RedirectURL: "/done"}, LinkTerms{}, "invalid_redirect_url (redirect_url)"},
		"relative redirect, by code":        {linked, EmailCode, Link{RedirectURL: "/done"}, LinkTerms{}, "invalid_redirect_url (redirect_url)"},
		"a script":                          {linked, EmailLink, Link{RedirectURL: "javascript:alert(1)"}, LinkTerms{}, "invalid_redirect_url (redirect_url)"},
		"a header":                          {linked, EmailLink, Link{RedirectURL: "https://app.example/done\r\nSet-Cookie: a=b"}, LinkTerms{}, "invalid_redirect_url (redirect_url)"},
		"a name before the host":            {linked, EmailLink, Link{RedirectURL: "https://app.example@evil.example/done"}, LinkTerms{}, "invalid_redirect_url (redirect_url)"},
		"foreign redirect":                  {linked, EmailLink, Link{RedirectURL: "https://evil.example/done"}, LinkTerms{}, "prohibited_redirect_url (redirect_url)"},
		"foreign redirect, by code":         {linked, EmailCode, Link{RedirectURL: "https://evil.example/done"}, LinkTerms{}, "prohibited_redirect_url (redirect_url)"},
		"path above the registered one":     {linked, EmailLink, Link{RedirectURL: "https://app.example/"}, LinkTerms{}, "prohibited_redirect_url (redirect_url)"},
		"links off, by code":                {nil, EmailCode, Link{RedirectURL: "https://evil.example/", CodeChallengeMethod: "plain"}, LinkTerms{}, ""},
		"app link":                          {linked, EmailLink, appLink, app, ""},
		"app code":                          {linked, EmailCode, appLink, app, ""},
		"app code without PKCE":             {linked, EmailCode, Link{Native: true, RedirectURL: "pies://callback"}, LinkTerms{}, ""},
		"app code with nothing":             {linked, EmailCode, Link{Native: true}, LinkTerms{}, ""},
		"app code without redirect":         {linked, EmailCode, native(func(l *Link) { l.RedirectURL = "" }), LinkTerms{}, ""},
		"app link without PKCE":             {linked, EmailLink, Link{Native: true, RedirectURL: "pies://callback"}, LinkTerms{}, "form_param_missing (code_challenge)"},
		"app link with nothing":             {linked, EmailLink, Link{Native: true}, LinkTerms{}, "form_param_missing (code_challenge), form_param_missing (redirect_uri)"},
		"app link without redirect":         {linked, EmailLink, native(func(l *Link) { l.RedirectURL = "" }), LinkTerms{}, "form_param_missing (redirect_uri)"},
		"app link to a stranger's app":      {linked, EmailLink, native(func(l *Link) { l.RedirectURL = "cakes://callback" }), LinkTerms{}, "prohibited_redirect_url (redirect_uri)"},
		"app link, anybody's":               {anybodys, EmailLink, Link{Native: true, RedirectURL: "pies://callback"}, LinkTerms{Linked: true, RedirectURL: "pies://callback"}, ""},
		"app code, anybody's":               {anybodys, EmailCode, Link{Native: true}, LinkTerms{Linked: true}, ""},
		"app link with nothing, anybody's":  {anybodys, EmailLink, Link{Native: true}, LinkTerms{}, "form_param_missing (redirect_url)"},
		"method plain":                      {linked, EmailLink, native(func(l *Link) { l.CodeChallengeMethod = "plain" }), LinkTerms{}, "form_param_value_invalid (code_challenge_method)"},
		"method s256":                       {linked, EmailLink, native(func(l *Link) { l.CodeChallengeMethod = "s256" }), LinkTerms{}, "form_param_value_invalid (code_challenge_method)"},
		"no method, which would mean plain": {linked, EmailLink, native(func(l *Link) { l.CodeChallengeMethod = "" }), LinkTerms{}, "form_param_missing (code_challenge_method)"},
		"method without a challenge":        {linked, EmailLink, native(func(l *Link) { l.CodeChallenge = "" }), LinkTerms{}, "form_param_missing (code_challenge)"},
		"malformed challenge":               {linked, EmailLink, native(func(l *Link) { l.CodeChallenge = verifier }), LinkTerms{}, "form_param_format_invalid (code_challenge)"},
		"page with PKCE":                    {linked, EmailLink, native(func(l *Link) { l.Native = false }), app, ""},
	} {
		s := settings.Default()
		if c.change != nil {
			c.change(s)
		}
		got, err := c.link.accept(s, c.strategy)
		refused := ""
		if err != nil {
			refused = err.Error()
		}
		if diff := cmp.Diff(c.refused, refused); diff != "" {
			t.Errorf("%s: refused (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: terms (-want +got):\n%s", name, diff)
		}
	}
}

// A link in the browser that began verifies and completes; its strategy tells so.
func TestLinkCompletesTheSignUp(t *testing.T) {
	p := withLink(t, linked, webLink)
	old := p.caller
	v := p.emailVerification()
	if v.Strategy != "email_link" || v.StatusAt(p.last.Now, 5) != Unverified {
		t.Errorf("before: %+v", v)
	}
	a := p.mustConfirm(LinkVerified)
	if a.RedirectURL != webLink.RedirectURL || a.SignUpID != p.signUp || a.ClientID != p.last.Client.ID || !a.Approval.IsZero() {
		t.Errorf("the answer: %+v", a)
	}
	p.must(p.get())
	p.mustBe(Complete)
	v = p.emailVerification()
	if a.SessionID != p.last.SignUp.SessionID || p.last.Client.Active != a.SessionID || len(p.last.Sessions) != 1 {
		t.Errorf("the session: %+v of %+v", a, p.last.Client)
	}
	if v.Strategy != "email_link" || v.VerifiedAtClient != p.last.Client.ID || p.user().Proved[identifier.KindEmailAddress].Strategy != "email_link" {
		t.Errorf("after: %+v", v)
	}
	if a.Token.IsZero() || a.Token.Reveal() == old.Token.Reveal() {
		t.Error("R49: who signs in gets another token")
	}
}

// A link before the last fact verifies, and completes nothing.
func TestLinkBeforeTheLastFact(t *testing.T) {
	p := newFixture(t, linked).person()
	p.must(p.create(Input{EmailAddress: "ada@example.com", Strategy: "email_link", Link: webLink}))
	a := p.mustConfirm(LinkVerified)
	if !a.SessionID.IsZero() || !a.Token.IsZero() {
		t.Errorf("the answer: %+v", a)
	}
	p.must(p.get())
	p.mustBe(MissingRequirements)
	if r := Require(p.Settings, p.last.SignUp); len(r.Unverified) != 0 {
		t.Errorf("unverified: %v", r.Unverified)
	}
	p.must(p.update(Input{Password: ada().Password}))
	p.mustBe(Complete)
}

// R12: code and link are one challenge: whichever comes first is it, whatever was asked for.
func TestR12EitherCodeOrLink(t *testing.T) {
	for asked, prepare := range map[string]func(*person) error{
		"email_code": (*person).prepare, "email_link": func(p *person) error { return p.prepareLink(webLink) },
	} {
		for used, use := range map[string]func(p *person){
			"email_code": func(p *person) { p.must(p.attempt(p.code())) },
			"email_link": func(p *person) { p.mustConfirm(LinkVerified) },
		} {
			p := newFixture(t, linked).person()
			p.must(p.create(ada()))
			p.must(prepare(p))
			if got := p.emailVerification().Strategy; got != asked {
				t.Errorf("%s: the challenge's strategy is %s", asked, got)
			}
			link, code := p.link(), p.code()
			use(p)
			p.must(p.get())
			p.mustBe(Complete)
			if got := p.emailVerification().Strategy; got != used {
				t.Errorf("asked for %s, used the %s: the strategy is %s", asked, used, got)
			}
			verifiedAt := p.emailVerification().VerifiedAt
			p.clock.forward(time.Minute)
			p.mustFail(p.attempt(code), problem.VerificationAlreadyVerified)
			if a := p.confirm(link, p.caller); a.Status != LinkVerified || a.SessionID != p.last.SignUp.SessionID {
				t.Errorf("the link afterwards: %+v", a)
			}
			p.must(p.get())
			if len(p.store.users) != 1 || len(p.store.sessions) != 1 || p.emailVerification().VerifiedAt != verifiedAt || p.emailVerification().Strategy != used {
				t.Errorf("the second use had an effect: %d users, %+v", len(p.store.users), p.emailVerification())
			}
		}
	}
}

// R12: a link that is used again tells the same and writes nothing.
func TestR12UsedLinkHasNoFurtherEffect(t *testing.T) {
	p := withLink(t, linked, webLink)
	first := p.mustConfirm(LinkVerified)
	link := p.link()
	for range 3 {
		p.store.calls = nil
		again := p.confirm(link, p.caller)
		if again.Status != LinkVerified || again.SessionID != first.SessionID || !again.Token.IsZero() {
			t.Errorf("again: %+v", again)
		}
		if diff := cmp.Diff([]string{"LinkedClient"}, p.store.calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		p.clock.forward(20 * time.Minute)
	}
}

// R14: only the newest link of this very sign-up and address counts; the others
// tell where to go on, and change nothing.
func TestR14OnlyTheNewestLinkOfThisSignUpCounts(t *testing.T) {
	for name, c := range map[string]struct {
		replace  func(p *person)
		redirect string
	}{
		"a newer mail": {func(p *person) {
			p.clock.forward(time.Minute)
			p.must(p.prepareLink(Link{RedirectURL: "https://app.example/done/2"}))
		}, "https://app.example/done/2"},
		"a newer mail without a link": {func(p *person) {
			p.clock.forward(time.Minute)
			p.must(p.keep(p.Prepare(t.Context(), p.caller, p.signUp, "email_code", Link{Native: true})))
		}, ""},
		"another address": {func(p *person) { p.must(p.update(Input{EmailAddress: "countess@example.com"})) }, ""},
		"another address, mailed to": {func(p *person) {
			p.must(p.update(Input{EmailAddress: "countess@example.com"}))
			p.must(p.prepareLink(webLink))
		}, webLink.RedirectURL},
		"another sign-up": {func(p *person) { p.must(p.create(ada())); p.must(p.prepareLink(webLink)) }, ""},
		"a forgotten client": {func(p *person) {
			_, err := p.DeleteClient(t.Context(), p.caller)
			p.must(err)
		}, ""},
	} {
		p := withLink(t, linked, webLink)
		link := p.link()
		c.replace(p)
		p.store.calls = nil
		a := p.confirm(link, p.caller)
		if a.Status != LinkFailed || a.RedirectURL != c.redirect || !a.SessionID.IsZero() {
			t.Errorf("%s: %+v", name, a)
		}
		if diff := cmp.Diff([]string{"LinkedClient"}, p.store.calls); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", name, diff)
		}
	}
}

// R14: a link of one person says nothing about another.
func TestR14LinkOfAnotherClient(t *testing.T) {
	f := newFixture(t, linked)
	p, other := f.person(), f.person()
	for _, somebody := range []*person{p, other} {
		somebody.must(somebody.create(ada()))
		somebody.must(somebody.prepareLink(webLink))
	}
	mine, key := p.store.DueMail(p.last.Client.ID), f.Keys.Current()
	forged := linkToken(key, mine.Nonce, other.last.Client.ID, mine.SignUpID, mine.Canonical)
	if a := p.confirm(forged, p.caller); a.Status != LinkFailed || !a.SignUpID.IsZero() {
		t.Errorf("a link that joins two people: %+v", a)
	}
	approval := approvalToken(key, mine.Nonce, mine.ClientID, mine.SignUpID, mine.Canonical)
	if a := p.confirm(secret.ParseLinkToken(approval.Reveal()), p.caller); a.Status != LinkFailed {
		t.Errorf("an approval token as a link: %+v", a)
	}
}

// R11: a link lives as long as its code.
func TestR11LinkExpires(t *testing.T) {
	for life, want := range map[time.Duration]LinkStatus{10*time.Minute - time.Millisecond: LinkVerified, 10 * time.Minute: LinkExpired} {
		p := withLink(t, linked, webLink)
		p.clock.forward(life)
		if a := p.mustConfirm(want); a.RedirectURL != webLink.RedirectURL {
			t.Errorf("after %v: %+v", life, a)
		}
	}
}

// R15: five wrong codes end the link, too; using a link costs no attempt.
func TestR15WrongCodesEndTheLink(t *testing.T) {
	p := withLink(t, linked, webLink)
	for n := range 4 {
		p.mustFail(p.attempt(p.wrongCode(n)), problem.CodeIncorrect)
	}
	stranger := p.fixture.person()
	for range 10 {
		if a := p.confirm(p.link(), stranger.caller); a.Status != LinkMismatch {
			t.Fatalf("a stranger: %+v", a)
		}
	}
	p.must(p.get())
	if got := p.emailVerification().Attempts; got != 4 {
		t.Errorf("%d attempts", got)
	}
	p.mustFail(p.attempt(p.wrongCode(9)), problem.CodeIncorrect)
	p.mustConfirm(LinkFailed)
	p.must(p.get())
	p.mustBe(MissingRequirements)
}

func TestLinkOfAnAbandonedSignUp(t *testing.T) {
	p := newFixture(t, func(s *settings.Settings) {
		linked(s)
		s.SignUp.AbandonAfter = settings.Duration(10 * time.Minute)
	}).person()
	p.must(p.create(ada()))
	p.clock.forward(5 * time.Minute)
	p.must(p.prepareLink(webLink))
	p.clock.forward(5 * time.Minute)
	p.mustConfirm(LinkFailed)
}

// strangers are callers that aren't the client that began.
func strangers(p *person) map[string]Caller {
	other := p.fixture.person()
	other.must(other.create(Input{}))
	id := p.last.Client.ID
	return map[string]Caller{
		"no cookie":                      {},
		"another client":                 other.caller,
		"the client's id and no secret":  {Token: secret.DeriveClientToken(p.Keys.Current(), id, make([]byte, 16))},
		"an id that is nobody's":         {Token: secret.DeriveClientToken(p.Keys.Current(), ID{9}, make([]byte, 16))},
		"a token that isn't well-formed": {Token: secret.ParseClientToken("x")},
	}
}

// R16, R48: whoever isn't the client that began verifies nothing, learns nothing but
// where the link leads, and gets no token.
func TestR16StrangerVerifiesNothing(t *testing.T) {
	p := withLink(t, linked, webLink)
	for name, caller := range strangers(p) {
		p.store.calls = nil
		a, err := p.ConfirmLink(t.Context(), caller, p.link())
		if err != nil || a.Status != LinkMismatch || !a.Token.IsZero() || !a.SessionID.IsZero() || !a.Approval.IsZero() {
			t.Errorf("%s: %+v (%v)", name, a, err)
		}
		if a.Code.Reveal() != p.code() {
			t.Errorf("%s: the code for the client that began is missing", name)
		}
		if diff := cmp.Diff([]string{"LinkedClient"}, p.store.calls); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", name, diff)
		}
	}
	p.must(p.get())
	p.mustBe(MissingRequirements)
	p.mustConfirm(LinkVerified)
	for name, caller := range strangers(p) {
		if a, err := p.ConfirmLink(t.Context(), caller, p.link()); err != nil || a.Status != LinkMismatch || !a.SessionID.IsZero() || !a.Code.IsZero() {
			t.Errorf("%s, once it is verified: %+v (%v)", name, a, err)
		}
	}
}

// Where the settings take anybody's link, the session is still that of the client
// that began, and only that client gets its token, however late it comes.
func TestLinkUsedElsewhere(t *testing.T) {
	for name := range strangers(withLink(t, anybodys, webLink)) {
		p := withLink(t, anybodys, webLink)
		caller := strangers(p)[name]
		a, err := p.ConfirmLink(t.Context(), caller, p.link())
		if err != nil || a.Status != LinkVerified || a.SessionID != p.last.SignUp.SessionID {
			t.Fatalf("%s: %+v (%v)", name, a, err)
		}
		if !a.Token.IsZero() {
			t.Fatalf("%s: a stranger got a token of the client that began", name)
		}
		p.clock.forward(3 * time.Hour) // asleep meanwhile
		old := p.caller.Token.Reveal()
		p.must(p.get())
		p.mustBe(Complete)
		if v := p.emailVerification(); !v.VerifiedAtClient.IsZero() || len(p.last.Sessions) != 1 {
			t.Errorf("%s: %+v, %d sessions", name, v, len(p.last.Sessions))
		}
		if p.caller.Token.Reveal() == old {
			t.Errorf("%s: R49: the client that began keeps its token", name)
		}
	}
	p := withLink(t, anybodys, webLink)
	old := p.caller
	_, err := p.ConfirmLink(t.Context(), Caller{}, p.link())
	p.must(err)
	p.clock.forward(24*time.Hour + time.Millisecond)
	if a, err := p.Client(t.Context(), old); err != nil || a.Client != nil {
		t.Errorf("the earlier token is accepted for ever: %+v (%v)", a, err)
	}
}

// Somebody else has completed with the address meanwhile: the link fails and says nothing more.
func TestLinkOfATakenAddress(t *testing.T) {
	f := newFixture(t, linked)
	p, other := f.person(), f.person()
	for _, somebody := range []*person{p, other} {
		somebody.must(somebody.create(ada()))
		somebody.must(somebody.prepareLink(webLink))
	}
	other.mustConfirm(LinkVerified)
	a := p.mustConfirm(LinkFailed)
	if !problem.Has(a.Cause, problem.IdentifierExists) || !a.SessionID.IsZero() {
		t.Errorf("the answer: %+v", a)
	}
	p.must(p.get())
	if p.last.SignUp.EmailAddress.Canonical != "" || len(f.store.users) != 1 {
		t.Errorf("the sign-up: %+v", p.last.SignUp)
	}
}

// A redirect URL that isn't registered any more isn't followed.
func TestR17RedirectIsCheckedAgain(t *testing.T) {
	p := withLink(t, linked, webLink)
	p.Settings.RedirectURLs = []string{"https://new.example"}
	if a := p.mustConfirm(LinkVerified); a.RedirectURL != "" {
		t.Errorf("goes on to %s", a.RedirectURL)
	}
	q := withLink(t, linked, appLink)
	q.Settings.RedirectURLs = []string{"https://new.example"}
	if a := q.mustConfirm(LinkFailed); a.RedirectURL != "" || !a.Approval.IsZero() {
		t.Errorf("goes on to %+v", a)
	}
}

// R33: for a native client the link changes nothing: the app has to prove with its
// verifier that it began.
func TestR33NativeLink(t *testing.T) {
	p := withLink(t, linked, appLink)
	for name, caller := range strangers(p) {
		p.store.calls = nil
		a, err := p.ConfirmLink(t.Context(), caller, p.link())
		if err != nil || a.Status != LinkHandedOver || a.Approval.IsZero() || a.RedirectURL != "pies://callback" || !a.Token.IsZero() {
			t.Errorf("%s: %+v (%v)", name, a, err)
		}
		if diff := cmp.Diff([]string{"LinkedClient"}, p.store.calls); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", name, diff)
		}
	}
	approval := p.mustConfirm(LinkHandedOver).Approval.Reveal()
	p.must(p.get())
	p.mustBe(MissingRequirements)
	p.must(p.keep(p.CompleteLink(t.Context(), p.caller, p.signUp, approval, verifier)))
	p.mustBe(Complete)
	if v := p.emailVerification(); v.Strategy != "email_link" || v.VerifiedAtClient != p.last.Client.ID || p.last.Token.IsZero() {
		t.Errorf("the verification: %+v", v)
	}
	p.mustFail(p.keep(p.CompleteLink(t.Context(), p.caller, p.signUp, approval, verifier)), problem.ApprovalTokenConsumed)
	if p.last.Client == nil || len(p.last.Sessions) != 1 {
		t.Error("who lost the answer finds its session beside the refusal")
	}
	p.mustConfirm(LinkVerified)
}

// R33: what an app's last step is refused for, before anything is changed.
func TestR33CompletionIsRefused(t *testing.T) {
	type step struct {
		caller             Caller
		signUp             ID
		approval, verifier string
	}
	for name, c := range map[string]struct {
		before func(p *person)
		change func(p *person, s *step)
		want   *problem.Problem
	}{
		"no approval token":          {nil, func(_ *person, s *step) { s.approval = "" }, problem.ParamMissing},
		"no verifier":                {nil, func(_ *person, s *step) { s.verifier = "" }, problem.ParamMissing},
		"short verifier":             {nil, func(_ *person, s *step) { s.verifier = s.verifier[:42] }, problem.ParamFormatInvalid},
		"another verifier":           {nil, func(_ *person, s *step) { s.verifier += "x" }, problem.PKCEFailed},
		"the challenge as verifier":  {nil, func(_ *person, s *step) { s.verifier = challenge }, problem.PKCEFailed},
		"malformed token":            {nil, func(_ *person, s *step) { s.approval = "x" }, problem.ApprovalTokenInvalid},
		"the link's token":           {nil, func(p *person, s *step) { s.approval = p.link().Reveal() }, problem.ApprovalTokenInvalid},
		"another sign-up":            {nil, func(_ *person, s *step) { s.signUp = ID{9} }, problem.ApprovalTokenInvalid},
		"no sign-up":                 {nil, func(_ *person, s *step) { s.signUp = ID{} }, problem.ApprovalTokenInvalid},
		"another client":             {nil, func(p *person, s *step) { s.caller = strangers(p)["another client"] }, problem.ApprovalTokenInvalid},
		"no client":                  {nil, func(_ *person, s *step) { s.caller = Caller{} }, problem.ApprovalTokenInvalid},
		"expired":                    {func(p *person) { p.clock.forward(10 * time.Minute) }, nil, problem.ApprovalTokenExpired},
		"verified by the code":       {func(p *person) { p.must(p.attempt(p.code())) }, nil, problem.ApprovalTokenConsumed},
		"a newer mail":               {func(p *person) { p.clock.forward(time.Minute); p.must(p.prepareLink(appLink)) }, nil, problem.ApprovalTokenInvalid},
		"a newer mail without PKCE":  {func(p *person) { p.clock.forward(time.Minute); p.must(p.prepareLink(webLink)) }, nil, problem.ApprovalTokenInvalid},
		"another address":            {func(p *person) { p.must(p.update(Input{EmailAddress: "eve@example.com"})) }, nil, problem.ApprovalTokenInvalid},
		"ended by five wrong codes":  {func(p *person) { p.wrongCodes(5) }, nil, problem.VerificationFailed},
		"ended by four wrong codes?": {func(p *person) { p.wrongCodes(4) }, nil, nil},
	} {
		p := withLink(t, linked, appLink)
		s := step{p.caller, p.signUp, p.mustConfirm(LinkHandedOver).Approval.Reveal(), verifier}
		if c.before != nil {
			c.before(p)
			s.caller = p.caller
		}
		if c.change != nil {
			c.change(p, &s)
		}
		users := len(p.store.users)
		_, err := p.CompleteLink(t.Context(), s.caller, s.signUp, s.approval, s.verifier)
		if problemOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		if c.want != nil && len(p.store.users) != users {
			t.Errorf("%s: a user came into being", name)
		}
	}
}

func (p *person) wrongCodes(n int) {
	for i := range n {
		p.mustFail(p.attempt(p.wrongCode(i)), problem.CodeIncorrect)
	}
}

// R33: without PKCE no approval token does, were it made with the right key.
func TestR33ApprovalTokenNeedsPKCE(t *testing.T) {
	p := withLink(t, linked, webLink)
	due := p.store.DueMail(p.last.Client.ID)
	approval := approvalToken(p.Keys.Current(), due.Nonce, due.ClientID, due.SignUpID, due.Canonical).Reveal()
	p.mustFail(p.keep(p.CompleteLink(t.Context(), p.caller, p.signUp, approval, verifier)), problem.ApprovalTokenInvalid)
}

// A link isn't tried with a code, and a link-only instance takes no codes.
func TestAttemptWithTheLinkStrategy(t *testing.T) {
	p := withLink(t, linked, webLink)
	p.mustFail(p.keep(p.Attempt(t.Context(), p.caller, p.signUp, "email_link", p.code())), problem.VerificationStrategyInvalid)
	q := withLink(t, func(s *settings.Settings) {
		linked(s)
		s.Attributes.EmailAddress.Strategies = []string{settings.EmailLink}
	}, webLink)
	q.mustFail(q.attempt(q.code()), problem.ParamValueInvalid)
	q.mustFail(q.prepare(), problem.ParamValueInvalid)
	q.must(q.get())
	q.mustConfirm(LinkVerified)
}

// Faults of the store and of the keys come through; a conflict is tried again.
func TestLinkFaults(t *testing.T) {
	p := withLink(t, linked, webLink)
	link := p.link()
	for _, method := range []string{"LinkedClient", "Complete"} {
		p.store.before = func(called string) error {
			if called == method {
				return errBroken
			}
			return nil
		}
		if _, err := p.ConfirmLink(t.Context(), p.caller, link); err == nil || problem.List(err) != nil {
			t.Errorf("%s fails: %v", method, err)
		}
	}
	conflicts := 0
	p.store.before = func(called string) error {
		if called == "Complete" && conflicts < 2 {
			conflicts++
			return ErrConflict
		}
		return nil
	}
	p.mustConfirm(LinkVerified)
	fresh, err := secret.NewKeyring(p.Entropy, p.clock.now())
	p.must(err)
	p.Keys = fresh
	if _, err := p.ConfirmLink(t.Context(), p.caller, link); err == nil || problem.List(err) != nil {
		t.Errorf("an unknown key is a fault of ours, got %v", err)
	}
}

// The link in a due mail begins with the settings' public_url, or with what the challenge names.
func TestDueMailLink(t *testing.T) {
	p := withLink(t, linked, webLink)
	due, key := p.store.DueMail(p.last.Client.ID), p.Keys.Current()
	token := linkToken(key, due.Nonce, due.ClientID, due.SignUpID, due.Canonical).Reveal()
	for name, c := range map[string]struct {
		linked     bool
		base, want string
	}{
		"public_url": {true, "", "https://auth.example/v1/verify?token=" + token},
		"a base":     {true, "https://app.example/__clerk", "https://app.example/__clerk/v1/verify?token=" + token},
		"no link":    {false, "", ""},
	} {
		due.Linked, due.LinkBase = c.linked, c.base
		if got := due.LinkURL(key, "https://auth.example").Reveal(); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
