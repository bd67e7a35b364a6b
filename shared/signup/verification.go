package signup

import (
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// Strategy is a way to prove one kind of identifier over one channel.
type Strategy struct {
	Name string // as the wire calls it
	Kind identifier.Kind
}

// The ways to prove an address: by a code that is mailed to it, and by a link. A
// mail carries both where it can, and whichever is used first ends the other.
var (
	EmailCode = Strategy{Name: settings.EmailCode, Kind: identifier.KindEmailAddress}
	EmailLink = Strategy{Name: settings.EmailLink, Kind: identifier.KindEmailAddress}
)

// strategies are the ways that are built.
var strategies = []Strategy{EmailCode, EmailLink}

// strategyNamed finds a strategy that is built and allowed by the settings, or
// says that name isn't one.
func strategyNamed(s *settings.Settings, name string) (Strategy, error) {
	if name == "" {
		return Strategy{}, problem.ParamMissing.On("strategy")
	}
	for _, strategy := range strategies {
		if strategy.Name == name && strategyAllowed(s, strategy) {
			return strategy, nil
		}
	}
	return Strategy{}, problem.ParamValueInvalid.On("strategy").Detailed("%s is not a strategy that can be used.", printable(name))
}

func strategyAllowed(s *settings.Settings, strategy Strategy) bool {
	if strategy.Kind != identifier.KindEmailAddress {
		return false
	}
	for _, name := range s.Attributes.EmailAddress.Strategies {
		if name == strategy.Name {
			return s.Attributes.EmailAddress.Requirement != settings.Off
		}
	}
	return false
}

// SupportedStrategies are the names of the ways to prove kind under the settings.
func SupportedStrategies(s *settings.Settings, kind identifier.Kind) []string {
	names := []string{}
	for _, strategy := range strategies {
		if strategy.Kind == kind && strategyAllowed(s, strategy) {
			names = append(names, strategy.Name)
		}
	}
	return names
}

// Verification is the proof, or the open challenge, of one identifier. Neither code
// nor link is kept: they are derived from the nonce under a key that the table lacks.
type Verification struct {
	Strategy   string // that was asked for, and once it is verified the one that proved it
	KeyID      string
	Nonce      []byte // 16 random bytes
	SentAt     time.Time
	ExpiresAt  time.Time
	Attempts   int
	Tried      []byte // keyed hash of the last code that was counted
	VerifiedAt time.Time
	// VerifiedAtClient is the client that proved it, or zero if it didn't show itself.
	VerifiedAtClient ID
	// Refused is why the mail was refused for good, or empty.
	Refused string
	LinkTerms
}

// VerificationStatus is where a verification stands.
type VerificationStatus string

// The statuses of a verification.
const (
	Unverified VerificationStatus = "unverified"
	Verified   VerificationStatus = "verified"
	Failed     VerificationStatus = "failed"
	Expired    VerificationStatus = "expired"
)

// StatusAt is the status at now with maxAttempts tries.
func (v *Verification) StatusAt(now time.Time, maxAttempts int) VerificationStatus {
	switch {
	case !v.VerifiedAt.IsZero():
		return Verified
	case v.Attempts >= maxAttempts:
		return Failed
	case !now.Before(v.ExpiresAt):
		return Expired
	}
	return Unverified
}

// sendable is nil if strategy may be prepared at now: a store's BeginVerification
// refuses in exactly the other cases.
func (s *SignUp) sendable(strategy Strategy, now time.Time, resendAfter time.Duration) error {
	if err := s.changeable(now); err != nil {
		return err
	}
	if s.Facts.identifier(strategy.Kind).Canonical == "" {
		return problem.VerificationMissing.On(string(strategy.Kind))
	}
	v := s.Verifications[strategy.Kind]
	if v == nil {
		return nil
	}
	if !v.VerifiedAt.IsZero() {
		return problem.VerificationAlreadyVerified.On(string(strategy.Kind))
	}
	return v.tooSoon(now, resendAfter)
}

// tooSoon is nil once another mail may be asked for.
func (v *Verification) tooSoon(now time.Time, resendAfter time.Duration) error {
	wait := v.SentAt.Add(resendAfter).Sub(now)
	if wait <= 0 {
		return nil
	}
	seconds := wholeSeconds(wait)
	return problem.VerificationTooSoon.New().Detailed("%d", seconds).Limited(
		problem.Quota{Name: "resend", Most: 1, Window: wholeSeconds(resendAfter), Reset: seconds})
}

// attemptable is nil if a code may be counted at now: a store's CountAttempt
// refuses in exactly the other cases, and when that very code was counted last.
func (s *SignUp) attemptable(strategy Strategy, now time.Time, maxAttempts int) error {
	v := s.Verifications[strategy.Kind]
	if v != nil && !v.VerifiedAt.IsZero() {
		return problem.VerificationAlreadyVerified.On(string(strategy.Kind))
	}
	if err := s.changeable(now); err != nil {
		return err
	}
	if s.Facts.identifier(strategy.Kind).Canonical == "" {
		return problem.VerificationMissing.On(string(strategy.Kind))
	}
	if v == nil {
		return problem.VerificationNotSent.On(string(strategy.Kind))
	}
	switch v.StatusAt(now, maxAttempts) {
	case Failed:
		return problem.VerificationFailed.On("code")
	case Expired:
		return problem.VerificationExpired.On("code")
	}
	return nil
}
