package signup

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// one problem, or nil.
func problemOf(err error) *problem.Problem {
	if faults := problem.List(err); len(faults) == 1 {
		return faults[0].Problem
	}
	return nil
}

// stage is a sign-up with an address whose verification is in some state.
func stage(v *Verification) *SignUp {
	su := &SignUp{ID: ID{1}, CreatedAt: startOfTests, AbandonAt: startOfTests.Add(24 * time.Hour)}
	su.EmailAddress = identifier.Identifier{Kind: identifier.KindEmailAddress, Canonical: "ada@example.com", Display: "ada@example.com"}
	if v != nil {
		su.setVerification(identifier.KindEmailAddress, v)
	}
	return su
}

func sentAt(ago time.Duration, attempts int) *Verification {
	sent := startOfTests.Add(-ago)
	return &Verification{Strategy: EmailCode.Name, SentAt: sent, ExpiresAt: sent.Add(10 * time.Minute), Attempts: attempts}
}

func TestSendable(t *testing.T) {
	verified := sentAt(time.Minute, 1)
	verified.VerifiedAt = startOfTests
	noAddress, complete, abandoned := stage(nil), stage(nil), stage(nil)
	noAddress.EmailAddress = identifier.Identifier{}
	complete.CompletedAt = startOfTests
	abandoned.AbandonAt = startOfTests
	for name, c := range map[string]struct {
		su   *SignUp
		want *problem.Problem
	}{
		"never sent":        {stage(nil), nil},
		"sent just now":     {stage(sentAt(0, 0)), problem.VerificationTooSoon},
		"sent 29.999 s ago": {stage(sentAt(30*time.Second-time.Millisecond, 0)), problem.VerificationTooSoon},
		"sent 30 s ago":     {stage(sentAt(30*time.Second, 0)), nil},
		"failed just now":   {stage(sentAt(0, 5)), problem.VerificationTooSoon},
		"failed":            {stage(sentAt(time.Minute, 5)), nil},
		"expired":           {stage(sentAt(time.Hour, 0)), nil},
		"verified":          {stage(verified), problem.VerificationAlreadyVerified},
		"no address":        {noAddress, problem.VerificationMissing},
		"complete":          {complete, problem.SignUpNotUpdatable},
		"abandoned":         {abandoned, problem.SignUpNotUpdatable},
	} {
		err := c.su.sendable(EmailCode, startOfTests, 30*time.Second)
		if problemOf(err) != c.want {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAttemptable(t *testing.T) {
	verified, byLink := sentAt(time.Minute, 1), sentAt(time.Minute, 0)
	verified.VerifiedAt = startOfTests
	byLink.Strategy = "email_link"
	noAddress, complete, abandoned := stage(nil), stage(sentAt(time.Minute, 0)), stage(sentAt(time.Minute, 0))
	noAddress.EmailAddress = identifier.Identifier{}
	complete.CompletedAt = startOfTests
	abandoned.AbandonAt = startOfTests
	completeAndVerified := stage(verified)
	completeAndVerified.CompletedAt = startOfTests
	for name, c := range map[string]struct {
		su   *SignUp
		want *problem.Problem
	}{
		"open":                  {stage(sentAt(0, 0)), nil},
		"four tries":            {stage(sentAt(time.Minute, 4)), nil},
		"five tries":            {stage(sentAt(time.Minute, 5)), problem.VerificationFailed},
		"five tries, expired":   {stage(sentAt(time.Hour, 5)), problem.VerificationFailed},
		"9:59.999 old":          {stage(sentAt(10*time.Minute-time.Millisecond, 0)), nil},
		"ten minutes old":       {stage(sentAt(10*time.Minute, 0)), problem.VerificationExpired},
		"never sent":            {stage(nil), problem.VerificationNotSent},
		"asked for by link":     {stage(byLink), nil},
		"verified":              {stage(verified), problem.VerificationAlreadyVerified},
		"verified and complete": {completeAndVerified, problem.VerificationAlreadyVerified},
		"no address":            {noAddress, problem.VerificationMissing},
		"complete":              {complete, problem.SignUpNotUpdatable},
		"abandoned":             {abandoned, problem.SignUpNotUpdatable},
	} {
		err := c.su.attemptable(EmailCode, startOfTests, 5)
		if problemOf(err) != c.want {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestStatusOfVerification(t *testing.T) {
	verified := sentAt(time.Hour, 5)
	verified.VerifiedAt = startOfTests
	for name, c := range map[string]struct {
		v    *Verification
		want VerificationStatus
	}{
		"open": {sentAt(0, 4), Unverified}, "failed": {sentAt(0, 5), Failed}, "expired": {sentAt(time.Hour, 0), Expired},
		"failed, then expired": {sentAt(time.Hour, 5), Failed}, "verified stays": {verified, Verified},
	} {
		if got := c.v.StatusAt(startOfTests, 5); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// R55: another code after 30 seconds; before that 429 says to the second how long to wait.
func TestR55ResendWait(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.create(ada()))
	p.must(p.prepare())
	for wait := 30 * time.Second; wait > 0; wait -= 250 * time.Millisecond {
		err := p.prepare()
		p.mustFail(err, problem.VerificationTooSoon)
		want := int((wait + time.Second - 1) / time.Second)
		if got := problem.List(err)[0].RetryAfter; got != want {
			t.Errorf("%v before the end: Retry-After %d, want %d", wait, got, want)
		}
		if p.last.Client == nil || p.last.SignUp == nil {
			t.Fatal("the refusal should come with the client as it is")
		}
		p.clock.forward(250 * time.Millisecond)
	}
	p.must(p.prepare())
}

// R14: only the newest code of this very sign-up and address counts.
func TestR14OnlyTheNewestCodeOfThisSignUpCounts(t *testing.T) {
	f := newFixture(t, nil)
	p, other := f.person(), f.person()
	for _, somebody := range []*person{p, other} {
		somebody.must(somebody.create(ada()))
		somebody.must(somebody.prepare())
	}
	p.mustFail(p.attempt(other.code()), problem.CodeIncorrect)
	earlier := p.code()
	f.clock.forward(time.Minute)
	p.must(p.prepare())
	p.mustFail(p.attempt(earlier), problem.CodeIncorrect)
	ofFirstSignUp := p.code()
	p.must(p.create(ada()))
	p.must(p.prepare())
	p.mustFail(p.attempt(ofFirstSignUp), problem.CodeIncorrect)
	p.must(p.attempt(p.code()))
	p.mustBe(Complete)
}

// R11: a code lives ten minutes, not a millisecond more.
func TestR11CodeExpires(t *testing.T) {
	for life, want := range map[time.Duration]*problem.Problem{
		10*time.Minute - time.Millisecond: nil, 10 * time.Minute: problem.VerificationExpired,
	} {
		p := newFixture(t, nil).person()
		p.must(p.create(ada()))
		p.must(p.prepare())
		code := p.code()
		p.clock.forward(life)
		if err := p.attempt(code); problemOf(err) != want {
			t.Errorf("after %v: %v", life, err)
		}
		if want != nil && p.emailVerification().StatusAt(p.last.Now, 5) != Expired {
			t.Error("the verification isn't expired")
		}
	}
}

// R12: a code works once.
func TestR12CodeWorksOnce(t *testing.T) {
	p := newFixture(t, func(s *settings.Settings) { s.Attributes.Username.Requirement = settings.Required }).person()
	p.must(p.create(ada()))
	p.must(p.prepare())
	code := p.code()
	p.must(p.attempt(code))
	p.mustBe(MissingRequirements)
	p.mustFail(p.attempt(code), problem.VerificationAlreadyVerified)
	p.must(p.update(Input{Username: "ada_lovelace"}))
	p.mustBe(Complete)
	p.mustFail(p.attempt(code), problem.VerificationAlreadyVerified)
	if len(p.store.users) != 1 || len(p.store.sessions) != 1 {
		t.Errorf("%d users, %d sessions", len(p.store.users), len(p.store.sessions))
	}
}

// R15: five wrong codes end a verification, and the right one is refused then; a
// new code begins anew.
func TestR15FiveWrongCodesEndTheVerification(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.create(ada()))
	p.must(p.prepare())
	for n := range 5 {
		p.mustFail(p.attempt(p.wrongCode(n)), problem.CodeIncorrect)
		if got := p.emailVerification().Attempts; got != n+1 {
			t.Fatalf("%d attempts after %d wrong codes", got, n+1)
		}
	}
	if got := p.emailVerification().StatusAt(p.last.Now, 5); got != Failed {
		t.Errorf("after five wrong codes the verification is %s", got)
	}
	p.mustFail(p.attempt(p.code()), problem.VerificationFailed)
	p.mustFail(p.attempt(p.wrongCode(9)), problem.VerificationFailed)
	if got := p.emailVerification().Attempts; got != 5 {
		t.Errorf("a refused attempt was counted: %d", got)
	}
	p.clock.forward(30 * time.Second)
	p.must(p.prepare())
	if got := p.emailVerification().Attempts; got != 0 {
		t.Errorf("a new code begins with %d attempts", got)
	}
	p.must(p.attempt(p.code()))
	p.mustBe(Complete)
}

// R15: a repetition of the code that was counted last, as after a lost answer,
// costs no attempt; coming back to an earlier one does.
func TestR15RepeatedCodeIsCountedOnce(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.create(ada()))
	p.must(p.prepare())
	first, second := p.wrongCode(1), p.wrongCode(500_000)
	for _, step := range []struct {
		code string
		want int
	}{{first, 1}, {first, 1}, {first, 1}, {second, 2}, {second, 2}, {first, 3}, {second, 4}, {first, 5}, {first, 5}} {
		p.mustFail(p.attempt(step.code), problem.CodeIncorrect)
		if got := p.emailVerification().Attempts; got != step.want {
			t.Fatalf("%s: %d attempts, want %d", step.code, got, step.want)
		}
	}
	p.mustFail(p.attempt(second), problem.VerificationFailed)
}

// R15: the fifth code may be the right one, and its repetition after a lost
// answer is no sixth.
func TestR15FifthCodeMayBeRight(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.create(ada()))
	p.must(p.prepare())
	for n := range 4 {
		p.mustFail(p.attempt(p.wrongCode(n)), problem.CodeIncorrect)
	}
	code, lost := p.code(), 0
	p.store.before = func(method string) error {
		if method == "Complete" && lost == 0 {
			lost++
			return errBroken
		}
		return nil
	}
	if err := p.attempt(code); problem.List(err) != nil || err == nil {
		t.Fatalf("the store's fault should come through, got %v", err)
	}
	p.must(p.attempt(code))
	p.mustBe(Complete)
	if got := p.user().Proved[identifier.KindEmailAddress].Attempts; got != 5 {
		t.Errorf("the user's proof took %d attempts, want 5", got)
	}
}

// Malformed and missing codes are refused before they cost an attempt.
func TestMalformedAttemptsCostNothing(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.create(ada()))
	p.must(p.prepare())
	for code, want := range map[string]*problem.Problem{
		"": problem.ParamMissing, "12345": problem.ParamFormatInvalid, "1234567": problem.ParamFormatInvalid,
		"12345a": problem.ParamFormatInvalid, "１２３４５６": problem.ParamFormatInvalid, "123 456": problem.ParamFormatInvalid,
	} {
		p.mustFail(p.keep(p.Attempt(t.Context(), p.caller, p.signUp, "email_code", code)), want)
	}
	p.must(p.get())
	if got := p.emailVerification().Attempts; got != 0 {
		t.Errorf("%d attempts", got)
	}
}

// A strategy that isn't built, or not allowed here, is refused by name in every operation that takes one.
func TestUnbuiltStrategiesAreRefusedByName(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.create(ada()))
	for _, name := range []string{
		"phone_code", "email_link", "web3_metamask_signature", "oauth_google", "oauth_custom_x", "oauth_token_apple", "google_one_tap",
		"saml", "enterprise_sso", "ticket", "transfer", "EMAIL_CODE", "email_code ", "nonsense", "password\n",
	} {
		for operation, err := range map[string]error{
			"create":  p.keep(p.Create(t.Context(), p.caller, Input{Strategy: name})),
			"update":  p.keep(p.Update(t.Context(), p.caller, p.signUp, Input{Strategy: name})),
			"prepare": p.keep(p.Prepare(t.Context(), p.caller, p.signUp, name, Link{})),
			"attempt": p.keep(p.Attempt(t.Context(), p.caller, p.signUp, name, "123456")),
		} {
			want := fmt.Sprintf("Strategy has a value that isn't accepted here. %s is not a strategy that can be used.", printable(name))
			faults := problem.List(err)
			if len(faults) != 1 || faults[0].Problem != problem.ParamValueInvalid || faults[0].Param != "strategy" || faults[0].Message() != want {
				t.Errorf("%s with %q: %v", operation, name, err)
			}
		}
	}
	p.mustFail(p.keep(p.Prepare(t.Context(), p.caller, p.signUp, "", Link{})), problem.ParamMissing)
	p.mustFail(p.keep(p.Attempt(t.Context(), p.caller, p.signUp, "", "123456")), problem.ParamMissing)
	p.must(p.get())
	p.mustBe(MissingRequirements)
}

func TestStrategiesFollowTheSettings(t *testing.T) {
	s := settings.Default()
	for name, c := range map[string]struct {
		change func(*settings.Settings)
		want   []string
	}{
		"default":     {func(*settings.Settings) {}, []string{"email_code"}},
		"address off": {func(s *settings.Settings) { s.Attributes.EmailAddress.Requirement = settings.Off }, []string{}},
		"not listed":  {func(s *settings.Settings) { s.Attributes.EmailAddress.Strategies = nil }, []string{}},
	} {
		changed := *s
		c.change(&changed)
		if diff := cmp.Diff(c.want, SupportedStrategies(&changed, identifier.KindEmailAddress)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if _, err := strategyNamed(&changed, "email_code"); (err == nil) != (len(c.want) > 0) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := SupportedStrategies(s, identifier.KindPhoneNumber); got == nil || len(got) > 0 {
		t.Errorf("phone numbers have the strategies %v", got)
	}
}

// R14: the code of a due mail is bound to the address and the sign-up.
func TestR14DueMailCodeIsBound(t *testing.T) {
	f := newFixture(t, nil)
	p := f.person()
	p.must(p.create(ada()))
	p.must(p.prepare())
	due := f.store.DueMail(p.last.Client.ID)
	if due.To != "Ada@Example.com" || due.SignUpID != p.signUp || due.MailID != ID(due.Nonce).String() {
		t.Errorf("due: %+v", due)
	}
	key := f.Keys.Current()
	code := due.Code(key)
	for name, change := range map[string]func(*DueMail){
		"address": func(d *DueMail) { d.Canonical = "eve@example.com" },
		"sign-up": func(d *DueMail) { d.SignUpID = ID{9} },
		"nonce":   func(d *DueMail) { d.Nonce = make([]byte, 16) },
	} {
		other := due
		change(&other)
		if other.Code(key).Equal(code) {
			t.Errorf("the same code for another %s", name)
		}
	}
	if due.Expired(due.ExpiresAt.Add(-time.Millisecond)) || !due.Expired(due.ExpiresAt) {
		t.Error("a mail expires with its code")
	}
}

// R62: a verification under a key that has been rotated since is still judged.
func TestR62CodeUnderAnEarlierKey(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.create(ada()))
	p.must(p.prepare())
	code := p.code()
	rotated, err := p.Keys.Rotate(p.Entropy, p.clock.now())
	p.must(err)
	p.Keys = rotated
	p.must(p.attempt(code))
	p.mustBe(Complete)
	fresh, err := secret.NewKeyring(p.Entropy, p.clock.now())
	p.must(err)
	q := newFixture(t, nil).person()
	q.must(q.create(ada()))
	q.must(q.prepare())
	code = q.code()
	q.Keys = fresh
	if err := q.attempt(code); err == nil || problem.List(err) != nil {
		t.Errorf("an unknown key is a fault of ours, got %v", err)
	}
}
