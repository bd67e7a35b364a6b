package signup

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// read parses in where every attribute is optional.
func read(in Input) (*change, error) {
	s := settings.Default()
	everyAttribute(settings.Optional)(s)
	return in.parse(s, nil, startOfTests)
}

func TestInputIsRefused(t *testing.T) {
	long := func(n int) string { return strings.Repeat("é", n) }
	cases := map[string]struct {
		in    Input
		param string
		want  *problem.Problem
	}{
		"address without a host":    {Input{EmailAddress: "ada"}, "email_address", problem.ParamFormatInvalid},
		"address with a line end":   {Input{EmailAddress: "ada@example.com\r\nBcc: eve@example.com"}, "email_address", problem.ParamFormatInvalid},
		"address that isn't UTF-8":  {Input{EmailAddress: "ada\xff@example.com"}, "email_address", problem.ParamValueInvalid},
		"address that is too long":  {Input{EmailAddress: strings.Repeat("a", 250) + "@example.com"}, "email_address", problem.ParamTooLong},
		"national phone number":     {Input{PhoneNumber: "030 901820"}, "phone_number", problem.ParamFormatInvalid},
		"wallet that is no address": {Input{Web3Wallet: "0x12"}, "web3_wallet", problem.ParamFormatInvalid},
		"username that is short":    {Input{Username: "ada"}, "username", problem.UsernameLength},
		"name with a control":       {Input{FirstName: "A\x00da"}, "first_name", problem.ParamFormatInvalid},
		"name with a line end":      {Input{FirstName: "Ada\r\nBcc: eve@example.com"}, "first_name", problem.ParamFormatInvalid},
		"name with DEL":             {Input{LastName: "Love\x7flace"}, "last_name", problem.ParamFormatInvalid},
		"name with a C1 control":    {Input{LastName: "Love\u0085lace"}, "last_name", problem.ParamFormatInvalid},
		"name that isn't UTF-8":     {Input{LastName: "Love\xfflace"}, "last_name", problem.ParamFormatInvalid},
		"name that is too long":     {Input{FirstName: long(257)}, "first_name", problem.ParamTooLong},
		"gender that is too long":   {Input{Gender: long(65)}, "gender", problem.ParamTooLong},
		"gender with a tab":         {Input{Gender: "fe\tmale"}, "gender", problem.ParamFormatInvalid},
		"birthday in other order":   {Input{Birthday: "10.12.1815"}, "birthday", problem.ParamFormatInvalid},
		"birthday with a time":      {Input{Birthday: "1815-12-10T00:00:00Z"}, "birthday", problem.ParamFormatInvalid},
		"birthday that isn't a day": {Input{Birthday: "1900-02-29"}, "birthday", problem.ParamFormatInvalid},
		"birthday tomorrow":         {Input{Birthday: "2026-03-02"}, "birthday", problem.ParamFormatInvalid},
		"birthday long ago":         {Input{Birthday: "1799-12-31"}, "birthday", problem.ParamFormatInvalid},
		"locale that is none":       {Input{Locale: "not a locale"}, "locale", problem.ParamFormatInvalid},
		"locale that is too long":   {Input{Locale: "en-" + strings.Repeat("abcdefgh-", 20) + "x"}, "locale", problem.ParamFormatInvalid},
		"metadata that is a list":   {Input{UnsafeMetadata: `[1]`}, "unsafe_metadata", problem.ParamFormatInvalid},
		"metadata that is null":     {Input{UnsafeMetadata: `null`}, "unsafe_metadata", problem.ParamFormatInvalid},
		"metadata that is a text":   {Input{UnsafeMetadata: `"x"`}, "unsafe_metadata", problem.ParamFormatInvalid},
		"metadata cut off":          {Input{UnsafeMetadata: `{"a":`}, "unsafe_metadata", problem.ParamFormatInvalid},
		"metadata twice":            {Input{UnsafeMetadata: `{}{}`}, "unsafe_metadata", problem.ParamFormatInvalid},
		"metadata not UTF-8":        {Input{UnsafeMetadata: "{\"a\":\"\xff\"}"}, "unsafe_metadata", problem.ParamFormatInvalid},
		"metadata of 8 KB and one":  {Input{UnsafeMetadata: `{"k":"` + strings.Repeat("v", MaxMetadata-7) + `"}`}, "unsafe_metadata", problem.ParamTooLarge},
		"unknown strategy":          {Input{Strategy: "carrier_pigeon"}, "strategy", problem.ParamValueInvalid},
	}
	for name, c := range cases {
		_, err := read(c.in)
		if diff := cmp.Diff(map[string]*problem.Problem{c.param: c.want}, params(err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestInputIsTaken(t *testing.T) {
	cases := map[string]struct {
		in   Input
		want map[string]string
	}{
		"nothing":                   {Input{}, map[string]string{}},
		"only spaces":               {Input{FirstName: "  ", LastName: " \t", Gender: " "}, map[string]string{}},
		"spaces around":             {Input{FirstName: "  Ada "}, map[string]string{"first_name": "Ada"}},
		"one normal form":           {Input{FirstName: "Ame\u0301lie"}, map[string]string{"first_name": "Amélie"}},
		"joiners and apostrophes":   {Input{LastName: "O'Néill-می\u200cخواهم"}, map[string]string{"last_name": "O'Néill-می\u200cخواهم"}},
		"256 letters":               {Input{FirstName: strings.Repeat("é", 256)}, map[string]string{"first_name": strings.Repeat("é", 256)}},
		"today":                     {Input{Birthday: "2026-03-01"}, map[string]string{"birthday": "2026-03-01"}},
		"a leap day":                {Input{Birthday: "2024-02-29"}, map[string]string{"birthday": "2024-02-29"}},
		"locale":                    {Input{Locale: "en-US"}, map[string]string{"locale": "en-US"}},
		"locale in another writing": {Input{Locale: "de_at"}, map[string]string{"locale": "de-AT"}},
		"strategy password":         {Input{Strategy: "password"}, map[string]string{}},
		"markup is a name's affair": {Input{FirstName: "<b>Ada</b>"}, map[string]string{"first_name": "<b>Ada</b>"}},
	}
	for name, c := range cases {
		ch, err := read(c.in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.want, ch.texts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Every fault of a request is reported at once, each on its field.
func TestEveryFaultAtOnce(t *testing.T) {
	s := settings.Default()
	_, err := Input{
		EmailAddress: "ada", Username: "ada", PhoneNumber: "1", Web3Wallet: "0", Password: secret.NewText("x"),
		FirstName: "\x00", LastName: strings.Repeat("x", 300), Gender: "x", Birthday: "x", Locale: "x y", UnsafeMetadata: "x", Strategy: "x",
	}.parse(s, nil, startOfTests)
	want := map[string]*problem.Problem{
		"email_address": problem.ParamFormatInvalid, "first_name": problem.ParamFormatInvalid, "last_name": problem.ParamTooLong,
		"locale": problem.ParamFormatInvalid, "unsafe_metadata": problem.ParamFormatInvalid, "strategy": problem.ParamValueInvalid,
		// These are off by default: what they hold isn't looked at.
		"username": problem.ParamValueDisabled, "phone_number": problem.ParamValueDisabled, "web3_wallet": problem.ParamValueDisabled,
		"gender": problem.ParamValueDisabled, "birthday": problem.ParamValueDisabled,
	}
	if diff := cmp.Diff(want, params(err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What an instance doesn't ask for is refused, attribute by attribute, and an empty value is none.
func TestDisabledAttributeIsRefused(t *testing.T) {
	for _, name := range settings.AttributeNames() {
		p := newFixture(t, func(s *settings.Settings) {
			everyAttribute(settings.Required)(s)
			setRequirement(s, name, settings.Off)
		}).person()
		p.must(p.create(Input{}))
		for operation, err := range map[string]error{"create": p.create(supplied[name]), "update": p.update(supplied[name])} {
			if diff := cmp.Diff(map[string]*problem.Problem{name: problem.ParamValueDisabled}, params(err)); diff != "" {
				t.Errorf("%s of %s (-want +got):\n%s", operation, name, diff)
			}
		}
		p.must(p.update(Input{}))
	}
}

// A password that isn't accepted is told with the identifiers that are taken, and nothing is stored.
func TestPasswordIsJudgedWithTheRest(t *testing.T) {
	f := newFixture(t, nil)
	owner, p := f.person(), f.person()
	owner.must(owner.signUpWhole(ada()))
	err := p.create(Input{EmailAddress: "ada@example.com", Password: secret.NewText("short")})
	want := map[string]*problem.Problem{"email_address": problem.IdentifierExists, "password": problem.PasswordTooShort}
	if diff := cmp.Diff(want, params(err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// R5: the person's own words, those of this request and of earlier ones.
	p.must(p.create(Input{EmailAddress: "countess.lovelace@example.com"}))
	p.mustFail(p.update(Input{Password: secret.NewText("countess.lovelace@example.com")}), problem.PasswordContext)
	p.mustFail(p.update(Input{FirstName: "Augusta Ada Byron", Password: secret.NewText("Augusta Ada Byron")}), problem.PasswordContext)
	if p.store.clients[p.last.Client.ID].SignUp.FirstName != "" {
		t.Error("R25: half of a refused update was stored")
	}
	p.must(p.update(Input{Password: secret.NewText(goodPassword)}))
}

// Only true accepts the terms, and the first time counts.
func TestLegalAcceptanceIsDatedOnce(t *testing.T) {
	p := newFixture(t, func(s *settings.Settings) { s.SignUp.LegalConsent = true }).person()
	p.must(p.create(Input{}))
	if !p.last.SignUp.LegalAccepted.IsZero() {
		t.Error("accepted without a word")
	}
	p.must(p.update(Input{LegalAccepted: true}))
	p.clock.forward(time.Minute)
	p.must(p.update(Input{LegalAccepted: true}))
	p.must(p.update(Input{LegalAccepted: false}))
	if got := p.last.SignUp.LegalAccepted; got != startOfTests {
		t.Errorf("accepted at %v", got)
	}
}

// create with strategy email_code sends the code at once, in the same write.
func TestStrategyInCreatePreparesAtOnce(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.create(merge(ada(), Input{Strategy: "email_code"})))
	if p.emailVerification() == nil || p.store.DueMail(p.last.Client.ID).MailID == "" {
		t.Fatal("no mail is due")
	}
	if diff := cmp.Diff([]string{"Claims", "SaveClient"}, p.store.calls); diff != "" {
		t.Errorf("requests to the store (-want +got):\n%s", diff)
	}
	p.mustFail(p.prepare(), problem.VerificationTooSoon)
	p.must(p.attempt(p.code()))
	p.mustBe(Complete)

	// Without an address there is nothing to send to, whoever asks.
	for range 2 {
		q := newFixture(t, nil).person()
		q.mustFail(q.create(Input{Strategy: "email_code"}), problem.VerificationMissing)
		q.must(q.create(Input{}))
		q.mustFail(q.create(Input{Strategy: "email_code"}), problem.VerificationMissing)
		q.mustFail(q.update(Input{Strategy: "email_code"}), problem.VerificationMissing)
		q.must(q.update(merge(ada(), Input{Strategy: "email_code"})))
		q.must(q.attempt(q.code()))
	}
}

// A sign-up that completes anyway sends no code that nobody could use.
func TestStrategyInCreateThatCompletesSendsNothing(t *testing.T) {
	p := newFixture(t, func(s *settings.Settings) { s.Attributes.EmailAddress.VerifyAtSignUp = false }).person()
	p.must(p.create(merge(ada(), Input{Strategy: "email_code"})))
	p.mustBe(Complete)
	if p.emailVerification() != nil || p.store.clients[p.last.Client.ID].MailID != "" {
		t.Error("a mail is due")
	}
}

func TestPrintableCutsAndEscapes(t *testing.T) {
	for text, want := range map[string]string{
		"oauth_google": "oauth_google", "a\nb": `a\nb`, "é": `\u00e9`, "\xff": `\xff`,
		strings.Repeat("x", 100): strings.Repeat("x", 40),
	} {
		if got := printable(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// Whatever is sent, an input is read or refused by declared problems, and what
// was read is clean.
func FuzzInput(f *testing.F) {
	f.Add("ada@example.com", "Ada", "1815-12-10", "en-US", `{"a":1}`, "email_code")
	f.Add("ada@example.com\r\nBcc: x", "A\x00", "2026-02-30", "x-", `{"a":[[[[`, "\xff")
	f.Fuzz(func(t *testing.T, address, name, birthday, locale, metadata, strategy string) {
		ch, err := read(Input{
			EmailAddress: address, Username: name, FirstName: name, Gender: name, Birthday: birthday,
			Locale: locale, UnsafeMetadata: metadata, Strategy: strategy,
		})
		if err != nil {
			for _, e := range problem.List(err) {
				if strings.ContainsAny(e.Message(), "\r\n\x00") {
					t.Errorf("the message holds what was sent: %q", e.Message())
				}
			}
			if problem.List(err) == nil {
				t.Errorf("not a declared problem: %v", err)
			}
			return
		}
		for param, text := range ch.texts {
			if text == "" || strings.ContainsAny(text, "\r\n\x00\x7f") {
				t.Errorf("%s was read as %q", param, text)
			}
		}
		if ch.metadata != nil && (!json.Valid(ch.metadata) || len(ch.metadata) > MaxMetadata) {
			t.Errorf("metadata of %d bytes: %q", len(ch.metadata), ch.metadata)
		}
	})
}
