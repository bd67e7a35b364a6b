package signup

import (
	"maps"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

// SignUp is one attempt of a client to become a user. The ids of the user and
// the session that it will yield are drawn when it begins, so that a repeated
// completion makes the same ones.
type SignUp struct {
	ID        ID
	UserID    ID
	SessionID ID
	CreatedAt time.Time
	AbandonAt time.Time
	Facts
	Verifications map[identifier.Kind]*Verification
	CompletedAt   time.Time
	// Corrections is how often an identifier was replaced after a mail to it was due.
	Corrections int
}

// Status is where a sign-up stands.
type Status string

// The statuses of a sign-up. Complete and abandoned ones can't be changed.
const (
	MissingRequirements Status = "missing_requirements"
	Complete            Status = "complete"
	Abandoned           Status = "abandoned"
)

// StatusAt is the status at now.
func (s *SignUp) StatusAt(now time.Time) Status {
	switch {
	case !s.CompletedAt.IsZero():
		return Complete
	case !now.Before(s.AbandonAt):
		return Abandoned
	}
	return MissingRequirements
}

// changeable is nil while the sign-up is open.
func (s *SignUp) changeable(now time.Time) error {
	if status := s.StatusAt(now); status != MissingRequirements {
		return problem.SignUpNotUpdatable.New().Detailed("%s", status)
	}
	return nil
}

// verified reports whether the identifier of kind has been proved.
func (s *SignUp) verified(kind identifier.Kind) bool {
	v := s.Verifications[kind]
	return v != nil && !v.VerifiedAt.IsZero()
}

// setIdentifier takes an identifier. Another one than before drops its verification.
func (s *SignUp) setIdentifier(id identifier.Identifier) {
	held := s.Facts.identifier(id.Kind)
	if s.corrects(id) {
		s.Corrections++
	}
	if held.Canonical != id.Canonical {
		delete(s.Verifications, id.Kind)
	}
	*held = id
}

// corrects reports whether id would replace an identifier that has been mailed to.
func (s *SignUp) corrects(id identifier.Identifier) bool {
	return s.Verifications[id.Kind] != nil && s.Facts.identifier(id.Kind).Canonical != id.Canonical
}

// dropIdentifier forgets an identifier that somebody else took meanwhile, with its proof.
func (s *SignUp) dropIdentifier(kind identifier.Kind) {
	*s.Facts.identifier(kind) = identifier.Identifier{}
	delete(s.Verifications, kind)
}

// setVerification replaces the verification of kind.
func (s *SignUp) setVerification(kind identifier.Kind, v *Verification) {
	if s.Verifications == nil {
		s.Verifications = map[identifier.Kind]*Verification{}
	}
	s.Verifications[kind] = v
}

// clone returns a copy that can be changed without touching s.
func (s *SignUp) clone() *SignUp {
	copied := *s
	copied.Verifications = maps.Clone(s.Verifications)
	for kind, v := range copied.Verifications {
		own := *v
		copied.Verifications[kind] = &own
	}
	return &copied
}
