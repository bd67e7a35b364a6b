package signup

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// supply puts a fact into su as the operations do.
func supply(t testing.TB, s *settings.Settings, su *SignUp, name string) {
	t.Helper()
	open := *s
	everyAttribute(settings.Optional)(&open)
	ch, err := supplied[name].parse(&open, nil, startOfTests)
	if err != nil {
		t.Fatalf("supplying %s: %v", name, err)
	}
	hash := ""
	if !ch.password.IsZero() {
		hash = "hash"
	}
	ch.apply(su, hash, Metadata{}, startOfTests)
}

func verify(su *SignUp) {
	su.setVerification(identifier.KindEmailAddress, &Verification{Strategy: EmailCode.Name, VerifiedAt: startOfTests})
}

// Every attribute, off, optional and required, supplied and not, proved and not.
func TestRequireForEachAttribute(t *testing.T) {
	type lists struct{ Required, Optional, Missing, Unverified bool }
	cases := []struct {
		requirement        settings.Requirement
		supplied, verified bool
		want               lists
	}{
		{settings.Off, false, false, lists{}},
		{settings.Off, true, false, lists{}},
		{settings.Optional, false, false, lists{Optional: true}},
		{settings.Optional, true, false, lists{Optional: true}},
		{settings.Optional, true, true, lists{Optional: true}},
		{settings.Required, false, false, lists{Required: true, Missing: true}},
		{settings.Required, true, false, lists{Required: true}},
		{settings.Required, true, true, lists{Required: true}},
	}
	for _, name := range settings.AttributeNames() {
		for _, verifyAtSignUp := range []bool{false, true} {
			for _, c := range cases {
				if c.verified && name != "email_address" {
					continue
				}
				s, su := settings.Default(), &SignUp{}
				everyAttribute(settings.Off)(s)
				setRequirement(s, name, c.requirement)
				s.Attributes.EmailAddress.VerifyAtSignUp = verifyAtSignUp
				if c.supplied {
					supply(t, s, su, name)
				}
				if c.verified {
					verify(su)
				}
				want := c.want
				// A supplied address counts even where it is optional, or was turned off meanwhile.
				want.Unverified = name == "email_address" && verifyAtSignUp && c.supplied && !c.verified
				r := Require(s, su)
				has := func(list []string) bool { return len(list) == 1 && list[0] == name }
				got := lists{has(r.Required), has(r.Optional), has(r.Missing), has(r.Unverified)}
				if got != want {
					t.Errorf("%s %s, supplied %v, verified %v: %+v, want %+v (%+v)", name, c.requirement, c.supplied, c.verified, got, want, r)
				}
				if r.Met() == (want.Missing || want.Unverified) {
					t.Errorf("%s %s, supplied %v, verified %v: met %v", name, c.requirement, c.supplied, c.verified, r.Met())
				}
			}
		}
	}
}

func TestRequireLegalConsent(t *testing.T) {
	s, su := settings.Default(), &SignUp{}
	everyAttribute(settings.Off)(s)
	if r := Require(s, su); len(r.Required)+len(r.Missing) != 0 {
		t.Errorf("consent is off: %+v", r)
	}
	s.SignUp.LegalConsent = true
	if diff := cmp.Diff(Requirements{[]string{"legal_accepted"}, []string{}, []string{"legal_accepted"}, []string{}}, Require(s, su)); diff != "" {
		t.Errorf("not accepted (-want +got):\n%s", diff)
	}
	supply(t, s, su, legalAccepted)
	if diff := cmp.Diff(Requirements{[]string{"legal_accepted"}, []string{}, []string{}, []string{}}, Require(s, su)); diff != "" {
		t.Errorf("accepted (-want +got):\n%s", diff)
	}
}

// expected says anew, attribute by attribute, what Require says as a whole.
func expected(s *settings.Settings, has map[string]bool, verified bool) Requirements {
	r := Requirements{[]string{}, []string{}, []string{}, []string{}}
	for _, name := range append(settings.AttributeNames(), legalAccepted) {
		requirement, _ := s.Attribute(name)
		if name == legalAccepted && s.SignUp.LegalConsent {
			requirement = settings.Required
		}
		if requirement == settings.Required {
			r.Required = append(r.Required, name)
		}
		if requirement == settings.Optional {
			r.Optional = append(r.Optional, name)
		}
		if requirement == settings.Required && !has[name] {
			r.Missing = append(r.Missing, name)
		}
		if name == "email_address" && has[name] && s.Attributes.EmailAddress.VerifyAtSignUp && !verified {
			r.Unverified = append(r.Unverified, name)
		}
	}
	return r
}

// Over combinations of all attributes: the lists are what each attribute says by
// itself; required and optional don't depend on the facts; the sign-up may
// complete exactly when nothing is missing or unproved; an optional attribute
// that isn't supplied never blocks.
func TestRequireProperties(t *testing.T) {
	random := rand.New(rand.NewChaCha8([32]byte{2}))
	names := append(settings.AttributeNames(), legalAccepted)
	met := 0
	for range 5000 {
		s, su, has := settings.Default(), &SignUp{}, map[string]bool{}
		for _, name := range settings.AttributeNames() {
			setRequirement(s, name, []settings.Requirement{settings.Off, settings.Optional, settings.Required}[random.IntN(3)])
		}
		s.SignUp.LegalConsent, s.Attributes.EmailAddress.VerifyAtSignUp = random.IntN(2) == 0, random.IntN(4) > 0
		empty := Require(s, su)
		for _, name := range names {
			if random.IntN(5) > 0 {
				has[name] = true
				supply(t, s, su, name)
			}
		}
		verified := has["email_address"] && random.IntN(3) > 0
		if verified {
			verify(su)
		}
		before := su.clone()
		got := Require(s, su)
		if diff := cmp.Diff(expected(s, has, verified), got); diff != "" {
			t.Fatalf("%v of %+v (-want +got):\n%s", has, s.Attributes, diff)
		}
		if diff := cmp.Diff(before, su); diff != "" {
			t.Fatalf("Require changed the sign-up:\n%s", diff)
		}
		if !cmp.Equal(got.Required, empty.Required) || !cmp.Equal(got.Optional, empty.Optional) {
			t.Fatalf("required and optional moved from %+v to %+v", empty, got)
		}
		if got.Met() {
			met++
		}
		withoutOptional(t, s, has, got)
	}
	if met == 0 || met == 5000 {
		t.Errorf("the property was tried on one side only: %d of 5000 met", met)
	}
}

// withoutOptional holds that turning an optional attribute that isn't supplied off changes nothing.
func withoutOptional(t *testing.T, s *settings.Settings, has map[string]bool, with Requirements) {
	t.Helper()
	su := &SignUp{}
	for name := range has {
		supply(t, s, su, name)
	}
	if len(with.Unverified) == 0 {
		verify(su)
	}
	for _, name := range settings.AttributeNames() {
		if requirement, _ := s.Attribute(name); requirement == settings.Optional && !has[name] {
			setRequirement(s, name, settings.Off)
		}
	}
	if without := Require(s, su); without.Met() != with.Met() {
		t.Fatalf("an optional attribute that isn't supplied blocks: %+v, without %+v", with, without)
	}
}

func TestStatusOfSignUp(t *testing.T) {
	su := &SignUp{CreatedAt: startOfTests, AbandonAt: startOfTests.Add(24 * time.Hour)}
	done := *su
	done.CompletedAt = startOfTests.Add(time.Hour)
	for _, c := range []struct {
		su    *SignUp
		after time.Duration
		want  Status
	}{
		{su, 0, MissingRequirements},
		{su, 24*time.Hour - time.Millisecond, MissingRequirements},
		{su, 24 * time.Hour, Abandoned},
		{su, 1000 * time.Hour, Abandoned},
		{&done, time.Hour, Complete},
		{&done, 25 * time.Hour, Complete},
	} {
		if got := c.su.StatusAt(startOfTests.Add(c.after)); got != c.want {
			t.Errorf("after %v: %s, want %s", c.after, got, c.want)
		}
	}
}
