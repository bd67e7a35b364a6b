package signup

import (
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// legalAccepted is the field for consent to the legal terms.
const legalAccepted = "legal_accepted"

// Requirements is what the settings ask of a sign-up and what it still lacks.
// The lists are field names as the wire spells them, in the order of
// settings.AttributeNames, never nil.
type Requirements struct {
	Required   []string
	Optional   []string
	Missing    []string
	Unverified []string
}

// Met reports that nothing is missing or unproved.
func (r Requirements) Met() bool { return len(r.Missing) == 0 && len(r.Unverified) == 0 }

// Require computes the requirements. It is pure: the same settings and facts
// give the same answer, and an optional attribute never makes one missing. An
// optional one that was supplied must be proved like a required one.
func Require(s *settings.Settings, su *SignUp) Requirements {
	r := Requirements{Required: []string{}, Optional: []string{}, Missing: []string{}, Unverified: []string{}}
	for _, name := range settings.AttributeNames() {
		switch requirement, _ := s.Attribute(name); requirement {
		case settings.Required:
			r.require(name, su)
		case settings.Optional:
			r.Optional = append(r.Optional, name)
		}
		if unproved(s, su, name) {
			r.Unverified = append(r.Unverified, name)
		}
	}
	if s.SignUp.LegalConsent {
		r.require(legalAccepted, su)
	}
	return r
}

func (r *Requirements) require(name string, su *SignUp) {
	r.Required = append(r.Required, name)
	if !su.Facts.has(name) {
		r.Missing = append(r.Missing, name)
	}
}

func unproved(s *settings.Settings, su *SignUp, name string) bool {
	kind := identifier.Kind(name)
	return mustProve(s, kind) && su.Facts.has(name) && !su.verified(kind)
}

// mustProve reports whether an identifier of kind has to be proved before a sign-up completes.
func mustProve(s *settings.Settings, kind identifier.Kind) bool {
	return kind == identifier.KindEmailAddress && s.Attributes.EmailAddress.VerifyAtSignUp
}
