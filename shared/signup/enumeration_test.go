package signup

import (
	"context"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// askedStore notes which kinds of claims are asked for.
type askedStore struct {
	Store
	kinds map[identifier.Kind]int
}

func (s *askedStore) Claims(ctx context.Context, ids []identifier.Identifier) ([]Claim, error) {
	for _, id := range ids {
		s.kinds[id.Kind]++
	}
	return s.Store.Claims(ctx, ids)
}

// TestR21NobodyAsksBeforeProof: with enumeration protection, what answers the public
// doesn't learn whether an address has an account, so that it can't tell. Of what
// needs no proof it asks and tells.
func TestR21NobodyAsksBeforeProof(t *testing.T) {
	f := newFixture(t, func(s *settings.Settings) {
		s.EnumerationProtection = true
		s.Attributes.Username.Requirement, s.Attributes.PhoneNumber.Requirement = settings.Optional, settings.Optional
	})
	owner := f.person()
	whole := ada()
	whole.Username, whole.PhoneNumber = "ada_lovelace", "+49 30 901820"
	owner.must(owner.signUpWhole(whole))
	owner.mustBe(Complete)

	asked := &askedStore{Store: f.store, kinds: map[identifier.Kind]int{}}
	f.Store = asked
	stranger := f.person()
	stranger.must(stranger.create(ada()))
	stranger.must(stranger.update(Input{EmailAddress: "ADA@example.com", Strategy: EmailCode.Name}))
	stranger.mustFail(stranger.attempt(stranger.wrongCode(1)), problem.CodeIncorrect)
	stranger.mustFail(stranger.update(Input{EmailAddress: "ada@example.com", Username: "ada_lovelace"}), problem.IdentifierExists)
	stranger.mustFail(stranger.update(Input{PhoneNumber: "+4930901820"}), problem.IdentifierExists)
	if asked.kinds[identifier.KindEmailAddress] != 0 || asked.kinds[identifier.KindUsername] != 1 || asked.kinds[identifier.KindPhoneNumber] != 1 {
		t.Errorf("asked %v", asked.kinds)
	}
	if due := f.store.DueMail(stranger.last.Client.ID); due.Canonical != "ada@example.com" || due.UserID != stranger.last.Client.SignUp.UserID {
		t.Errorf("due: %+v", due)
	}
}

// TestR21TakenIsToldWithoutProtection, and nothing is stored.
func TestR21TakenIsToldWithoutProtection(t *testing.T) {
	f := newFixture(t, nil)
	owner := f.person()
	owner.must(owner.signUpWhole(ada()))
	other := f.person()
	other.mustFail(other.create(Input{EmailAddress: "ada@example.com", Password: secret.NewText(goodPassword)}), problem.IdentifierExists)
}
