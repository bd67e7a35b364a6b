package table

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

func protected(s *settings.Settings) {
	s.EnumerationProtection, s.PublicURL = true, "https://auth.example"
	s.Attributes.Username.Requirement = settings.Optional
	s.Attributes.EmailAddress.Strategies = []string{settings.EmailCode, settings.EmailLink}
	s.Limits = settings.Default().Limits
}

// trace goes through everything that somebody can do with an address without reading
// its mail, beyond its limits, and says of each step what it was answered and what
// DynamoDB did for it.
func (p *person) trace(address string) []string {
	var steps []string
	step := func(name string, err error) {
		answer := "no sign-up"
		if su := p.last.SignUp; su != nil {
			answer = fmt.Sprintf("%s %+v", su.StatusAt(p.clock.now()), signup.Require(p.Settings, su))
			if v := su.Verifications[identifier.KindEmailAddress]; v != nil {
				answer += fmt.Sprintf(" %s %d", v.StatusAt(p.clock.now(), 5), v.Attempts)
			}
		}
		for _, fault := range problem.List(err) {
			answer += fmt.Sprintf(" | %s %q %d %v", fault.Code, fault.Param, fault.RetryAfter, fault.Quotas)
		}
		steps = append(steps, fmt.Sprintf("%s: %s; sent %s, %.1f WRU, %.1f RRU", name, answer, strings.Join(p.meter.calls, " "), p.meter.wru, p.meter.rru))
		p.meter.reset()
	}
	p.meter.reset()
	password := secret.NewText("correct horse battery")
	step("create", p.create(signup.Input{EmailAddress: address, Password: password, Strategy: "email_code"}))
	step("update", p.update(signup.Input{EmailAddress: strings.ToUpper(address), FirstName: "Ada"}))
	step("update with a username", p.update(signup.Input{EmailAddress: address, Username: "ada_" + address[:3]}))
	for i := range 6 {
		step("attempt", p.attempt(fmt.Sprintf("%06d", i)))
		p.clock.forward(11 * time.Second)
	}
	for range 4 {
		step("prepare", p.prepare())
		step("prepare at once", p.prepare())
		p.clock.forward(time.Minute)
	}
	step("create once more", p.create(signup.Input{EmailAddress: address, Strategy: "email_code"}))
	step("create empty", p.create(signup.Input{}))
	step("update empty", p.update(signup.Input{EmailAddress: address, Password: password}))
	step("get", p.keep(p.Get(p.t.Context(), p.caller, p.signUp)))
	return steps
}

// TestR21SameRequestsToTheTable: for an address that has an account, every operation
// answers and costs as for a free one, also beyond the limits.
func TestR21SameRequestsToTheTable(t *testing.T) {
	f := newFixture(t, protected)
	f.person().signUpWholeOrFail("known@example.com")
	unverified := f.person()
	unverified.Settings.EnumerationProtection, unverified.Settings.Attributes.EmailAddress.VerifyAtSignUp = false, false
	unverified.must(unverified.create(signup.Input{EmailAddress: "unver@example.com", Password: secret.NewText("correct horse battery")}))
	unverified.Settings.EnumerationProtection, unverified.Settings.Attributes.EmailAddress.VerifyAtSignUp = true, true
	f.clock.forward(25 * time.Hour)

	want := f.person().trace("never@example.com")
	for _, address := range []string{"known@example.com", "unver@example.com"} {
		f.clock.forward(25 * time.Hour)
		got := f.person().trace(address)
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s:\n got %s\nwant %s", address, got[i], want[i])
			}
		}
	}
	if all := strings.Join(want, "\n"); !strings.Contains(all, problem.MailRateLimit.Code) || !strings.Contains(all, problem.VerificationFailed.Code) {
		t.Errorf("no limit was reached:\n%s", all)
	}
}

func (p *person) signUpWholeOrFail(address string) {
	p.t.Helper()
	p.must(p.signUpWhole(address))
}

// TestR21OwnerIsFoundByTheMail: what the stream says of a due mail is enough to tell
// whether the address has an account, and a completed sign-up's own doesn't count.
func TestR21OwnerIsFoundByTheMail(t *testing.T) {
	f := newFixture(t, protected)
	owner := f.person()
	owner.must(owner.create(signup.Input{EmailAddress: "ada@example.com", Password: secret.NewText("correct horse battery"), Strategy: "email_code"}))
	first := owner.due()
	stranger := f.person()
	stranger.must(stranger.create(signup.Input{EmailAddress: "ADA@example.com", Strategy: "email_code"}))
	owned := func(due signup.DueMail) bool {
		t.Helper()
		claims, err := f.table.Claims(t.Context(), []identifier.Identifier{{Kind: due.Kind, Canonical: due.Canonical}})
		owner.must(err)
		return due.Owned(claims)
	}
	if owned(first) || owned(stranger.due()) {
		t.Error("a free address is owned")
	}
	owner.must(owner.attempt(owner.code()))
	if owned(first) {
		t.Error("the mail of a completed sign-up, delivered again, would say that there was an account before")
	}
	if !owned(stranger.due()) {
		t.Error("an address that has an account isn't owned")
	}
}

// due is the newest mail to the person, as the stream has it.
func (p *person) due() signup.DueMail {
	p.t.Helper()
	c, err := p.table.client(p.t.Context(), p.last.Client.ID)
	p.must(err)
	return newestDue(c, p.clock.now())
}

// TestR21ProofTells: whoever was mailed a code before somebody else completed has the
// mailbox, and learns that the address has an account.
func TestR21ProofTells(t *testing.T) {
	f := newFixture(t, protected)
	late := f.person()
	late.must(late.create(signup.Input{EmailAddress: "ada@example.com", Password: secret.NewText("correct horse battery"), Strategy: "email_code"}))
	code := late.code()
	f.person().signUpWholeOrFail("ada@example.com")
	late.mustFail(late.attempt(code), problem.IdentifierExists)
	if su := late.last.SignUp; su == nil || su.EmailAddress.Canonical != "" {
		t.Errorf("%+v", su)
	}
}

// TestR21UsernamesAreTold: a person chooses a username among those that are free.
func TestR21UsernamesAreTold(t *testing.T) {
	f := newFixture(t, protected)
	owner := f.person()
	owner.must(owner.create(signup.Input{
		EmailAddress: "ada@example.com", Username: "ada_lovelace", Password: secret.NewText("correct horse battery"), Strategy: "email_code",
	}))
	owner.must(owner.attempt(owner.code()))
	for _, address := range []string{"ada@example.com", "eve@example.com"} {
		other := f.person()
		err := other.create(signup.Input{EmailAddress: address, Username: "ada_lovelace"})
		if faults := problem.List(err); len(faults) != 1 || faults[0].Param != "username" {
			t.Errorf("%s: %v", address, err)
		}
	}
}
