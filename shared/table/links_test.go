package table

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// linked allows links.
func linked(s *settings.Settings) {
	s.PublicURL = "https://auth.example.com"
	s.RedirectURLs = []string{"https://app.example.com", "com.example.app://callback"}
	s.Attributes.EmailAddress.Strategies = []string{"email_code", "email_link"}
}

// pkce is RFC 7636's example, appendix B.
const (
	pkceVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	pkceChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

var (
	webLink = signup.Link{RedirectURL: "https://app.example.com/sign-up?plan=pro#/verify", Base: "https://app.example.com/__clerk"}
	appLink = signup.Link{RedirectURL: "com.example.app://callback", Native: true, CodeChallenge: pkceChallenge, CodeChallengeMethod: "S256"}
)

// withLink is a person with whom only the proof of the address is missing, and a link on its way.
func (f *fixture) withLink(address string, link signup.Link) *person {
	f.t.Helper()
	p := f.person()
	p.must(p.create(signup.Input{EmailAddress: address, Password: secret.NewText("x")}))
	p.must(p.keep(p.Prepare(context.Background(), p.caller, p.signUp, "email_link", link)))
	return p
}

// link is the token in the newest mail to the person.
func (p *person) link() secret.LinkToken {
	p.t.Helper()
	unmetered := &Table{api: p.meter.API, name: p.table.name}
	c, err := unmetered.client(context.Background(), p.last.Client.ID)
	if err != nil || c == nil {
		p.t.Fatalf("reading the client: %v", err)
	}
	due := newestDue(c, p.clock.now())
	key, _ := p.Keys.ByID(due.KeyID)
	_, token, _ := strings.Cut(due.LinkURL(key, p.Settings.PublicURL).Reveal(), "?token=")
	return secret.ParseLinkToken(token)
}

// calls are the requests that do sent.
func (f *fixture) calls(do func() error) string {
	f.t.Helper()
	f.meter.reset()
	if err := do(); err != nil {
		f.t.Fatal(err)
	}
	return strings.Join(f.meter.calls, " ")
}

// confirming uses the newest link to the person.
func (p *person) confirming() func() error {
	p.t.Helper()
	link := p.link()
	return func() error {
		a, err := p.ConfirmLink(context.Background(), p.caller, link)
		if err == nil && a.Status != signup.LinkVerified {
			p.t.Errorf("the link is %s", a.Status)
		}
		return err
	}
}

// TestG9RoundTripsOfLinks: a confirmed link is a read and a write, and polling for it one read.
func TestG9RoundTripsOfLinks(t *testing.T) {
	f := newFixture(t, linked)
	whole, early, app := f.withLink("ada@example.com", webLink), f.person(), f.withLink("grace@example.com", appLink)
	early.must(early.create(signup.Input{EmailAddress: "mary@example.com", Strategy: "email_link", Link: webLink}))
	poll := func() error { return whole.keep(f.Get(t.Context(), whole.caller, whole.signUp)) }
	hand := func() error {
		a, err := app.ConfirmLink(t.Context(), signup.Caller{}, app.link())
		if err != nil {
			return err
		}
		f.meter.reset()
		return app.keep(app.CompleteLink(t.Context(), app.caller, app.signUp, a.Approval.Reveal(), pkceVerifier))
	}
	for _, step := range []struct {
		name string
		do   func() error
		want string
	}{
		{"poll", poll, "GetItem"},
		{"confirm before the last fact", early.confirming(), "GetItem PutItem"},
		{"confirm and complete", whole.confirming(), "GetItem TransactWriteItems"},
		{"confirm again", whole.confirming(), "GetItem"},
		{"complete natively", hand, "GetItem TransactWriteItems"},
	} {
		if got := f.calls(step.do); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
	}
}

// TestG8CostOfASignUpByLink: a link costs no more than a code, so its client's item stays under 1 KB.
func TestG8CostOfASignUpByLink(t *testing.T) {
	for name, link := range map[string]signup.Link{"web": webLink, "app": appLink} {
		f := newFixture(t, linked)
		p := f.person()
		in := signup.Input{EmailAddress: "Ada.Lovelace@analytical-engines.example.com", Password: secret.NewText("x"), FirstName: "Ada", LastName: "Lovelace", Locale: "en-GB"}
		p.must(p.create(in))
		p.must(p.keep(p.Prepare(t.Context(), p.caller, p.signUp, "email_link", link)))
		a, err := p.ConfirmLink(t.Context(), p.caller, p.link())
		p.must(err)
		if a.Status == signup.LinkHandedOver {
			p.must(p.keep(p.CompleteLink(t.Context(), p.caller, p.signUp, a.Approval.Reveal(), pkceVerifier)))
		}
		t.Logf("%s: calls %v: %.1f WRU, %.1f RRU", name, f.meter.calls, f.meter.wru, f.meter.rru)
		if counts := f.items(); counts["user"] != 1 || f.meter.wru > 12 || f.meter.rru > 3 {
			t.Errorf("%s: %.1f WRU and %.1f RRU, %v", name, f.meter.wru, f.meter.rru, counts)
		}
	}
}

// TestLinkTermsAreKept: what a challenge keeps of its link comes back as it was, in the table and on the stream.
func TestLinkTermsAreKept(t *testing.T) {
	f := newFixture(t, linked)
	challenge := secret.ParseS256Challenge(pkceChallenge)
	for name, c := range map[string]struct {
		link signup.Link
		want signup.LinkTerms
	}{
		"web": {webLink, signup.LinkTerms{Linked: true, RedirectURL: webLink.RedirectURL, LinkBase: webLink.Base}},
		"app": {appLink, signup.LinkTerms{Linked: true, RedirectURL: appLink.RedirectURL, CodeChallenge: challenge}},
	} {
		p := f.withLink(name+"@example.com", c.link)
		stored, err := f.table.LinkedClient(t.Context(), p.last.Client.ID)
		p.must(err)
		v := stored.SignUp.Verifications["email_address"]
		if diff := cmp.Diff(c.want, v.LinkTerms); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		due := newestDue(stored, f.clock.now())
		if due.Linked != c.want.Linked || due.LinkBase != c.want.LinkBase || due.ClientID != p.last.Client.ID {
			t.Errorf("%s: due %+v", name, due)
		}
	}
	if _, err := f.table.LinkedClient(t.Context(), signup.ID{9}); err != signup.ErrNoClient {
		t.Errorf("a client that isn't there: %v", err)
	}
}

// TestR13NoLinkInTheTable looks for links and approval tokens, whole and in parts, in everything that is stored.
func TestR13NoLinkInTheTable(t *testing.T) {
	f := newFixture(t, linked)
	p := f.withLink("ada@example.com", appLink)
	link := p.link()
	a, err := p.ConfirmLink(t.Context(), signup.Caller{}, link)
	p.must(err)
	check := func(when string) {
		t.Helper()
		out, err := f.meter.API.(*dynamodb.Client).Scan(t.Context(), &dynamodb.ScanInput{TableName: &f.table.name})
		p.must(err)
		stored := fmt.Sprintf("%v", plain(out.Items))
		for name, token := range map[string]string{"link": link.Reveal(), "approval token": a.Approval.Reveal()} {
			raw, _ := base64.RawURLEncoding.DecodeString(token[:86])
			for part, secretPart := range map[string]string{"text": token[40:86], "MAC": fmt.Sprintf("%x", raw[32:])} {
				if strings.Contains(stored, secretPart) {
					t.Errorf("%s: the %s's %s is in the table", when, name, part)
				}
			}
		}
		if !strings.Contains(stored, fmt.Sprintf("%x", p.signUp[:])) {
			t.Error("the scan shows nothing")
		}
	}
	check("on its way")
	p.must(p.keep(p.CompleteLink(t.Context(), p.caller, p.signUp, a.Approval.Reveal(), pkceVerifier)))
	check("used")
}

// plain is items as text, bytes in hexadecimal.
func plain(value any) any {
	switch v := value.(type) {
	case []map[string]types.AttributeValue:
		var list []any
		for _, item := range v {
			list = append(list, plain(item))
		}
		return list
	case map[string]types.AttributeValue:
		members := map[string]any{}
		for name, member := range v {
			members[name] = plain(member)
		}
		return members
	case *types.AttributeValueMemberM:
		return plain(v.Value)
	case *types.AttributeValueMemberB:
		return fmt.Sprintf("%x", v.Value)
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	case *types.AttributeValueMemberBOOL:
		return v.Value
	}
	return fmt.Sprintf("%v", value)
}

// TestR12LinksAndCodeAtOnce lets the same link twice and the code go at once: one user and one session come of it, and everybody is told so.
func TestR12LinksAndCodeAtOnce(t *testing.T) {
	f := newFixture(t, linked)
	for i := range 20 {
		p := f.withLink(fmt.Sprintf("ada%d@example.com", i), webLink)
		link, code := p.link(), p.code()
		for who, err := range together(3, func(who int) error {
			if who == 2 {
				_, err := f.Attempt(context.Background(), p.caller, p.signUp, "email_code", code)
				return err
			}
			a, err := f.ConfirmLink(context.Background(), p.caller, link)
			if err == nil && (a.Status != signup.LinkVerified || a.SessionID.IsZero()) {
				return fmt.Errorf("the link is %s, session %v", a.Status, a.SessionID)
			}
			return err
		}) {
			if err != nil && !problem.Has(err, problem.VerificationAlreadyVerified) {
				t.Fatalf("round %d, %d: %v", i, who, err)
			}
		}
		if counts := f.items(); counts["user"] != i+1 || counts["session"] != i+1 {
			t.Fatalf("round %d: the table has %v", i, counts)
		}
	}
}

// TestR12ApprovalTokenAtOnce: of several completions with one approval token one succeeds.
func TestR12ApprovalTokenAtOnce(t *testing.T) {
	f := newFixture(t, linked)
	p := f.withLink("ada@example.com", appLink)
	a, err := p.ConfirmLink(t.Context(), signup.Caller{}, p.link())
	p.must(err)
	succeeded := 0
	for _, err := range together(8, func(int) error {
		_, err := f.CompleteLink(context.Background(), p.caller, p.signUp, a.Approval.Reveal(), pkceVerifier)
		return err
	}) {
		switch {
		case err == nil:
			succeeded++
		case !problem.Has(err, problem.ApprovalTokenConsumed):
			t.Fatalf("unexpected: %v", err)
		}
	}
	if counts := f.items(); succeeded != 1 || counts["user"] != 1 {
		t.Errorf("%d succeeded; the table has %v", succeeded, counts)
	}
}

// TestR12LostAnswersOfLinks repeats each write after its answer was lost, as the SDK does.
func TestR12LostAnswersOfLinks(t *testing.T) {
	f := newFixture(t, linked)
	f.table.api = repeating{f.table.api}
	p := f.withLink("ada@example.com", webLink)
	a, err := f.ConfirmLink(t.Context(), p.caller, p.link())
	if err != nil || a.Status != signup.LinkVerified {
		t.Fatalf("%+v (%v)", a, err)
	}
	if counts := f.items(); counts["user"] != 1 || counts["session"] != 1 {
		t.Errorf("the table has %v", counts)
	}
}

// TestCancelledPollLeavesNothing: who polls for a link and stops has written nothing, and what is there expires by itself.
func TestCancelledPollLeavesNothing(t *testing.T) {
	f := newFixture(t, linked)
	p := f.withLink("ada@example.com", webLink)
	before, err := f.table.client(t.Context(), p.last.Client.ID)
	p.must(err)
	for range 5 {
		f.clock.forward(time.Second)
		p.must(p.keep(f.Get(t.Context(), p.caller, p.signUp)))
	}
	after, err := f.table.client(t.Context(), p.last.Client.ID)
	p.must(err)
	if diff := cmp.Diff(before, after, cmp.AllowUnexported(secret.Text{})); diff != "" {
		t.Errorf("polling changed the client:\n%s", diff)
	}
	if counts := f.items(); len(counts) != 1 || counts["client"] != 1 || after.KeepUntil.IsZero() {
		t.Errorf("the table has %v", counts)
	}
}
