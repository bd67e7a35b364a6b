package table

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// action is one thing that a mailed link or a passed-on token does.
type action struct {
	at     func(*settings.Settings) *settings.Settings
	before func(*door)
	spend  func(context.Context, *door) error
	life   func(*settings.Settings) time.Duration
}

func linkLife(s *settings.Settings) time.Duration    { return s.Passwords.LinkLife.Std() }
func inviteLife(s *settings.Settings) time.Duration  { return s.Passwords.InviteLife.Std() }
func confirmLife(s *settings.Settings) time.Duration { return s.SSO.ConfirmLife.Std() }

// actions are all of them.
var actions = map[string]action{
	"confirm address":      {atPasswords, registered(byLink), confirmingAddress, linkLife},
	"accept an invitation": {atPasswords, invited, settingByMail(signup.AcceptInvitation), inviteLife},
	"reset":                {atPasswords, resettable(registered(atOnce)), settingByMail(signup.ResetPassword), linkLife},
	"confirm sign-up":      {atSSO, registered(byToken), confirmingSignUp, confirmLife},
	"by mail":              {atSSO, registered(byTokenMail), confirmingSignUp, confirmLife},
}

func (a action) door(t testing.TB) *door {
	d := atTheDoor(t, disclosing)
	d.Settings = a.at(d.asked)
	a.before(d)
	return d
}

// TestR12ActionCodesAtOnce lets many spend one code at once: one does.
func TestR12ActionCodesAtOnce(t *testing.T) {
	for name, a := range actions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 5 {
				d := a.door(t)
				won := 0
				for _, err := range together(20, func(int) error { return a.spend(context.Background(), d) }) {
					switch {
					case err == nil:
						won++
					case !problem.Has(err, problem.ActionCodeInvalid) && !problem.Has(err, problem.TooManyChanges):
						t.Fatal(err)
					}
				}
				if won != 1 {
					t.Fatalf("%d spent the code", won)
				}
				if err := a.spend(t.Context(), d); !problem.Has(err, problem.ActionCodeInvalid) {
					t.Errorf("once more: %v", err)
				}
				d.mustBeWhole()
			}
		})
	}
}

// TestR11ActionCodesExpire: each can be spent until the end of its life.
func TestR11ActionCodesExpire(t *testing.T) {
	for name, a := range actions {
		d := a.door(t)
		d.clock.forward(a.life(d.Settings) - time.Millisecond)
		d.must(a.spend(t.Context(), d))
		late := a.door(t)
		late.clock.forward(a.life(late.Settings))
		if err := a.spend(t.Context(), late); !problem.Has(err, problem.ActionCodeInvalid) {
			t.Errorf("%s, late: %v", name, err)
		}
	}
}

// TestR14ActionCodesMeetTheirOwnChallengeOnly: a code of one purpose or user meets no
// challenge of another, and the code before the newest meets none.
func TestR14ActionCodesMeetTheirOwnChallengeOnly(t *testing.T) {
	for name, a := range actions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for other, b := range actions {
				d := a.door(t)
				if before := d.whole(); b.spend(t.Context(), d) == nil && !b.alike(a) {
					t.Errorf("spent to %s: %+v", other, before.users[d.made.User.ID])
				}
			}
			d, stranger := a.door(t), a.door(t)
			own := d.code
			d.code = stranger.code
			if err := a.spend(t.Context(), d); !problem.Has(err, problem.ActionCodeInvalid) && !problem.Has(err, problem.AccountUnknown) {
				t.Errorf("another service's code: %v", err)
			}
			for _, code := range []string{"", own[:len(own)-1], own + "A", " " + own, own[1:] + own[:1], "000000"} {
				d.code = code
				if err := a.spend(t.Context(), d); !problem.Has(err, problem.ActionCodeInvalid) && !problem.Has(err, problem.AccountUnknown) {
					t.Errorf("%q: %v", code, err)
				}
			}
			d.code = own
			d.must(a.spend(t.Context(), d))
		})
	}
}

// alike: both spend confirm tokens.
func (a action) alike(b action) bool {
	return fmt.Sprintf("%p", a.spend) == fmt.Sprintf("%p", b.spend)
}

// TestR14AnotherUsersActionCode: two users of one service, and the newest challenge of each.
func TestR14AnotherUsersActionCode(t *testing.T) {
	d := atTheDoor(t, disclosing)
	d.Settings = d.asked.ForPasswords()
	registered(byLink)(d)
	ada, adas := d.made.User.ID, secret.NewText(d.code)
	eve := byLink
	eve.EmailAddress = "eve@example.com"
	registered(eve)(d)
	eves := secret.NewText(d.code)
	for _, c := range []struct {
		user signup.ID
		code secret.Text
	}{{ada, eves}, {d.made.User.ID, adas}} {
		if err := d.ConfirmAddress(t.Context(), signup.Caller{}, c.user, c.code); !problem.Has(err, problem.ActionCodeInvalid) {
			t.Errorf("another's code: %v", err)
		}
	}
	if err := d.ConfirmAddress(t.Context(), signup.Caller{}, signup.ID{7}, adas); !problem.Has(err, problem.AccountUnknown) {
		t.Errorf("nobody's: %v", err)
	}
	d.clock.forward(5 * time.Minute)
	d.must(heldAtSignIn(t.Context(), &door{fixture: d.fixture})) // mails another link
	if err := d.ConfirmAddress(t.Context(), signup.Caller{}, ada, adas); !problem.Has(err, problem.ActionCodeInvalid) {
		t.Errorf("an earlier code: %v", err)
	}
	d.must(d.ConfirmAddress(t.Context(), signup.Caller{}, ada, secret.NewText(d.newestCode(ada))))
	d.must(d.ConfirmAddress(t.Context(), signup.Caller{}, d.made.User.ID, eves))
}

// TestR14CodesAndLinksAreApart: what a code of six digits is sent for isn't met by a
// link's, nor the other way around.
func TestR14CodesAndLinksAreApart(t *testing.T) {
	d := atTheDoor(t, disclosing)
	d.Settings = d.asked.ForPasswords()
	registered(byLink)(d)
	if _, err := d.SignInWithCode(t.Context(), signup.Caller{}, email("ada@example.com"), d.code); !problem.Has(err, problem.CodeIncorrect) {
		t.Errorf("a link's code signs in: %v", err)
	}
	user := d.whole().users[d.made.User.ID]
	key, _ := d.Keys.ByID(user.Challenge.KeyID)
	digits := signup.DueMail{SignUpID: user.ID, Nonce: user.Challenge.Nonce, Canonical: "ada@example.com"}.Code(key)
	if _, err := d.SignInWithCode(t.Context(), signup.Caller{}, email("ada@example.com"), digits.Reveal()); !problem.Has(err, problem.CodeIncorrect) {
		t.Errorf("six digits of a link's challenge sign in: %v", err)
	}
	d.must(confirmingAddress(t.Context(), d))
}

// TestR28OneFirstSuperUser: of many who would be the first super-user at once, one is;
// nobody is later, and deleting the first one makes no room.
func TestR28OneFirstSuperUser(t *testing.T) {
	d := atTheDoor(t, nil)
	d.Settings = d.asked.ForSSO()
	bootstrap := func(n int) error {
		in := first
		in.Username = fmt.Sprintf("countess%d", n)
		made, err := d.Register(context.Background(), signup.Caller{}, in)
		if err == nil {
			d.made = made
		}
		return err
	}
	won := 0
	for _, err := range together(30, func(i int) error { return bootstrap(i) }) {
		switch {
		case err == nil:
			won++
		case !problem.Has(err, problem.IdentifierExists):
			t.Fatal(err)
		}
	}
	supers := 0
	w := d.whole()
	for _, u := range w.users {
		if u.SuperUser {
			supers++
		}
	}
	if won != 1 || supers != 1 || len(w.users) != 1 {
		t.Errorf("%d won; %d of %d users are super-users", won, supers, len(w.users))
	}
	d.mustBeWhole()
	d.must(d.signedIn(d.SignInWithPassword(t.Context(), signup.Caller{}, d.made.User.ID, identifier.Identifier{}, anyPassword)))
	d.must(deleting(t.Context(), d))
	if err := bootstrap(99); !problem.Has(err, problem.IdentifierExists) {
		t.Errorf("a second one after the first is gone: %v", err)
	}
}

// TestR28OnlySuperUsersDecide, and not about themselves.
func TestR28OnlySuperUsersDecide(t *testing.T) {
	d := atTheDoor(t, nil)
	d.Settings = d.asked.ForSSO()
	superUser(d)
	root := d.session
	approved := func(user signup.ID, by *signup.Session) error {
		return d.Decide(t.Context(), by, user, signup.Approved)
	}
	if err := approved(root.User.ID, root); !problem.Has(err, problem.AccountUnknown) {
		t.Errorf("about itself: %v", err)
	}
	if err := approved(signup.ID{7}, root); !problem.Has(err, problem.AccountUnknown) {
		t.Errorf("about nobody: %v", err)
	}
	signIn := func() (*signup.Session, error) {
		return d.SignInWithPassword(t.Context(), signup.Caller{}, signup.ID{}, username("ada"), anyPassword)
	}
	if _, err := signIn(); !problem.Has(err, problem.UserHeld) {
		t.Errorf("undecided: %v", err)
	}
	d.must(approved(d.other, root))
	ada, err := signIn()
	d.must(err)
	if err := approved(d.other, ada); !problem.Has(err, problem.SuperUserRequired) {
		t.Errorf("by no super-user: %v", err)
	}
	d.must(d.Decide(t.Context(), root, d.other, signup.Rejected))
	if _, err := signIn(); !problem.Has(err, problem.UserHeld) {
		t.Errorf("rejected: %v", err)
	}
	if _, err := d.Opened(t.Context(), d.BearerToken(ada)); !problem.Has(err, problem.AuthenticationInvalid) {
		t.Errorf("the session of somebody who was rejected: %v", err)
	}
	d.must(approved(d.other, root))
	if _, err := d.Opened(t.Context(), d.BearerToken(ada)); !problem.Has(err, problem.AuthenticationInvalid) {
		t.Errorf("an approval brings the session back: %v", err)
	}
	_, err = signIn()
	d.must(err)
}

// TestR32ResetClearsTheSquatter: whoever reads the mail gets the account without
// anything that somebody else had put into it to get in with.
func TestR32ResetClearsTheSquatter(t *testing.T) {
	d := atTheDoor(t, nil)
	d.Settings = d.asked.ForPasswords()
	squat := signup.Registration{Input: signup.Input{EmailAddress: "ada@example.com", Password: secret.NewText("squatted!")}, SignIn: true, KeyPrefix: testPrefix}
	registered(squat)(d)
	old, oldKey := d.session, d.key
	d.must(addingKey(t.Context(), d))
	resettable(func(*door) {})(d)
	d.must(settingByMail(signup.ResetPassword)(t.Context(), d))
	for name, err := range map[string]error{
		"session":  second(d.Bearer(t.Context(), old.User.ID, old.ID)),
		"refresh":  second(d.Refresh(t.Context(), d.RefreshToken(old))),
		"key":      second(d.SignInWithKey(t.Context(), signup.Caller{}, oldKey)),
		"2nd key":  second(d.SignInWithKey(t.Context(), signup.Caller{}, d.key)),
		"password": second(d.SignInWithPassword(t.Context(), signup.Caller{}, signup.ID{}, email("ada@example.com"), secret.NewText("squatted!"))),
		"id alone": second(d.SignInAnonymously(t.Context(), signup.Caller{}, old.User.ID)),
	} {
		if problem.List(err) == nil {
			t.Errorf("the squatter's %s: %v", name, err)
		}
	}
	_, err := d.SignInWithPassword(t.Context(), signup.Caller{}, signup.ID{}, email("ada@example.com"), anotherPassword)
	d.must(err)
	provedOnce(d)
	d.mustBeWhole()
}

// TestR32TheLoserOfAnAddressIsNobodys: whoever loses the only thing to sign in with to a
// verified owner doesn't become an account that its id opens.
func TestR32TheLoserOfAnAddressIsNobodys(t *testing.T) {
	for name, in := range map[string]signup.Registration{
		"password": atOnce, "key": {Input: signup.Input{EmailAddress: "ada@example.com"}, KeyPrefix: testPrefix},
		"nothing": {Input: signup.Input{EmailAddress: "ada@example.com"}},
	} {
		f := newFixture(t, nil)
		lax := *f.Service
		lax.Settings, lax.Verifier = f.Settings.ForAccounts(), plainHash{}
		squatter, err := lax.Register(t.Context(), signup.Caller{}, in)
		if err != nil {
			t.Fatal(err)
		}
		owner := f.person()
		owner.must(owner.signUpWhole("ada@example.com"))
		if _, err := lax.SignInAnonymously(t.Context(), signup.Caller{}, squatter.User.ID); !problem.Has(err, problem.CredentialsInvalid) {
			t.Errorf("%s: its id opens it: %v", name, err)
		}
	}
}

// TestR32AMailedCodeConfirmsAnySignUp: whoever proves the address by another door's code
// gets in, although the sign-up waited for a link or a token, and its password is gone. As
// long as a caller's token can confirm it, it is nobody's.
func TestR32AMailedCodeConfirmsAnySignUp(t *testing.T) {
	for name, in := range map[string]signup.Registration{
		"by link": byLink, "by token": {Input: adaWhole, ConfirmToken: true, Unconfirmed: true},
	} {
		d := atTheDoor(t, nil)
		registered(in)(d)
		d.clock.forward(5 * time.Minute)
		if in.ConfirmToken {
			d.clock.forward(d.Settings.SSO.ConfirmLife.Std())
		}
		d.must(d.ChallengeSignIn(t.Context(), signup.Caller{}, email("ada@example.com")))
		d.code = d.newestCode(d.made.User.ID)
		if err := byCode(t.Context(), d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := d.SignInWithPassword(t.Context(), signup.Caller{}, signup.ID{}, email("ada@example.com"), anyPassword); !problem.Has(err, problem.CredentialsInvalid) {
			t.Errorf("%s: the password of whoever claimed the address: %v", name, err)
		}
		provedOnce(d)
	}
}

// meanwhile lets something happen once, ahead of the first update.
type meanwhile struct {
	API
	happens func()
}

func (m *meanwhile) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if happens := m.happens; happens != nil {
		m.happens = nil
		happens()
	}
	return m.API.UpdateItem(ctx, in, o...)
}

// TestR14ACodeThatIsReplacedWhileItIsTyped is incorrect, like any earlier code.
func TestR14ACodeThatIsReplacedWhileItIsTyped(t *testing.T) {
	d := atTheDoor(t, nil)
	registered(byMail)(d)
	d.clock.forward(5 * time.Minute)
	d.table.api = &meanwhile{API: d.table.api, happens: func() {
		d.must(d.ChallengeReset(t.Context(), signup.Caller{}, email("ada@example.com")))
	}}
	if err := byCode(t.Context(), d); !problem.Has(err, problem.CodeIncorrect) {
		t.Errorf("got %v", err)
	}
}

func second[T any](_ T, err error) error { return err }
