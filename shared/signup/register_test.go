package signup

import (
	"context"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
)

// TestRegistrationThatIsBeatenStartsOver: others who write first cost a try, and at worst
// the caller is told so.
func TestRegistrationThatIsBeatenStartsOver(t *testing.T) {
	in := Registration{Input: Input{Username: "ada", Password: secret.NewText("correct horse battery staple")}}
	for beaten, told := range map[int]*problem.Problem{1: nil, 2: nil, conflictTries: problem.TooManyChanges} {
		f := newFixture(t, nil)
		f.Settings = f.Settings.ForAccounts()
		left := beaten
		f.store.before = func(method string) error {
			if method == "Complete" && left > 0 {
				left--
				return ErrConflict
			}
			return nil
		}
		_, err := f.Register(t.Context(), Caller{}, in)
		if told == nil && err != nil || told != nil && !problem.Has(err, told) {
			t.Errorf("beaten %d times: %v", beaten, err)
		}
	}
}

// TestR22NobodyVoidsAConfirmation: whoever knows an address can ask for mails to it, and
// keeps nobody from confirming a sign-up with that.
func TestR22NobodyVoidsAConfirmation(t *testing.T) {
	passphrase := secret.NewText("correct horse battery staple")
	in := Registration{Input: Input{Username: "ada", EmailAddress: "ada@example.com", Password: passphrase}, Unconfirmed: true}
	address, err := identifier.ParseEmailAddress("ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	annoy := func(f *fixture) {
		t.Helper()
		for _, ask := range []func(context.Context, Caller, identifier.Identifier) error{f.ChallengeSignIn, f.ChallengeReset} {
			f.clock.forward(time.Minute)
			if err := ask(t.Context(), Caller{}, address); err != nil {
				t.Fatal(err)
			}
		}
	}
	begin := func(in Registration) (*fixture, *Registered) {
		t.Helper()
		f := newFixture(t, nil)
		f.Settings, f.Verifier = f.Settings.ForAccounts(), plainVerifier{}
		made, err := f.Register(t.Context(), Caller{}, in)
		if err != nil {
			t.Fatal(err)
		}
		return f, made
	}
	in.ConfirmToken = true
	f, made := begin(in)
	annoy(f)
	if _, err := f.ConfirmSignUp(t.Context(), Caller{}, made.Token); err != nil {
		t.Errorf("the token: %v", err)
	}
	in.ConfirmToken, in.Challenge = false, ConfirmAddress
	f, made = begin(in)
	annoy(f)
	f.clock.forward(time.Minute)
	if _, err := f.SignInWithPassword(t.Context(), Caller{}, ID{}, address, passphrase); !problem.Has(err, problem.UserHeld) {
		t.Errorf("the sign-in: %v", err)
	}
	if u, err := f.store.User(t.Context(), made.User.ID); err != nil || u.Challenge.Purpose != ConfirmAddress {
		t.Errorf("no link is mailed again: %v %v", u, err)
	}
}

// plainVerifier knows the hashes of plainPasswords.
type plainVerifier struct{}

func (plainVerifier) Verify(stored string, candidate secret.Text) (ok, rehash bool, err error) {
	hash, err := plainPasswords{}.Hash(candidate)
	return stored == hash, false, err
}

func (plainVerifier) Dummy(secret.Text) {}
