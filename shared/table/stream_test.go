package table

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// atThePasswordDoor is a door whose links lead somewhere.
func atThePasswordDoor(t *testing.T) *door {
	return atTheDoor(t, func(s *settings.Settings) { s.PublicURL = "https://auth.example" })
}

func unconfirmed(purpose signup.Purpose) signup.Registration {
	return signup.Registration{
		Input: signup.Input{Username: "ada", EmailAddress: "Ada@EXAMPLE.com", Password: anyPassword}, Challenge: purpose, Unconfirmed: true,
		ConfirmToken: purpose == signup.ConfirmSignUp,
	}
}

// onlyDue is the one mail that is due, and the query of its link.
func (d *door) onlyDue() (signup.DueMail, url.Values) {
	d.t.Helper()
	all := d.dueMails()
	if len(all) != 1 {
		d.t.Fatalf("%d mails are due", len(all))
	}
	key, _ := d.Keys.ByID(all[0].KeyID)
	link, err := url.Parse(all[0].ActionURL(key, d.Settings).Reveal())
	d.must(err)
	return all[0], link.Query()
}

// What the stream says of a user's challenge is all that the mail needs: its link meets
// the challenge, once.
func TestLinkFromTheStreamMeetsTheChallenge(t *testing.T) {
	ctx, nobody := t.Context(), signup.Caller{}
	for purpose, c := range map[signup.Purpose]struct {
		ask  func(*door) error
		meet func(*door, signup.ID, url.Values) error
	}{
		signup.ConfirmAddress: {
			func(d *door) error { return d.register(ctx, unconfirmed(signup.ConfirmAddress)) },
			func(d *door, user signup.ID, link url.Values) error {
				return d.ConfirmAddress(ctx, nobody, user, secret.NewText(link.Get("oobCode")))
			},
		},
		signup.AcceptInvitation: {
			func(d *door) error { _, err := d.InviteAddress(ctx, nobody, "Ada@EXAMPLE.com"); return err },
			func(d *door, user signup.ID, link url.Values) error {
				return d.SetPasswordByMail(ctx, nobody, user, secret.NewText(link.Get("oobCode")), signup.AcceptInvitation, anyPassword)
			},
		},
		signup.ResetPassword: {
			func(d *door) error {
				d.must(d.register(ctx, signup.Registration{Input: signup.Input{EmailAddress: "Ada@EXAMPLE.com", Password: anyPassword}}))
				return d.ChallengeReset(ctx, nobody, email("ada@example.com"))
			},
			func(d *door, _ signup.ID, link url.Values) error {
				return d.SetPasswordByMail(ctx, nobody, signup.ID{}, secret.NewText(link.Get("oobCode")), signup.ResetPassword, anyPassword)
			},
		},
		signup.ConfirmSignUp: {
			func(d *door) error { return d.register(ctx, unconfirmed(signup.ConfirmSignUp)) },
			func(d *door, _ signup.ID, link url.Values) error {
				_, err := d.ConfirmSignUp(ctx, nobody, secret.NewText(link.Get("confirm_token")))
				return err
			},
		},
	} {
		t.Run(string(purpose), func(t *testing.T) {
			d := atThePasswordDoor(t)
			d.must(c.ask(d))
			due, link := d.onlyDue()
			if due.Purpose != purpose || due.Kind != identifier.KindEmailAddress || due.Canonical != "ada@example.com" || due.SignUpID != due.UserID || !due.ClientID.IsZero() {
				t.Errorf("%+v", due)
			}
			current, err := d.table.Current(ctx, due)
			if d.must(err); current != due.MailID {
				t.Errorf("the newest mail is %q, not %q", current, due.MailID)
			}
			d.must(c.meet(d, due.UserID, link))
			if err := c.meet(d, due.UserID, link); !problem.Has(err, problem.ActionCodeInvalid) {
				t.Errorf("the second time: %v", err)
			}
			d.onlyDue() // nothing of this made another mail due
		})
	}
}

// A challenge whose token the caller gets makes no mail due, and is met all the same.
func TestChallengeWithoutAnAddressIsNotMailed(t *testing.T) {
	d := atThePasswordDoor(t)
	in := unconfirmed("")
	in.ConfirmToken = true
	d.must(d.register(t.Context(), in))
	stored, err := d.table.User(t.Context(), d.made.User.ID)
	d.must(err)
	if stored.MailID != "" || stored.Challenge == nil || stored.Challenge.Address != (identifier.Identifier{}) {
		t.Errorf("%q %+v", stored.MailID, stored.Challenge)
	}
	_, err = d.ConfirmSignUp(t.Context(), signup.Caller{}, d.made.Token)
	d.must(err)
	if due := d.dueMails(); len(due) != 0 {
		t.Errorf("due: %+v", due)
	}
}

// Nor if it had a mail's id: there is nowhere to mail to.
func TestMailWithoutAnAddressIsNotDue(t *testing.T) {
	u := &signup.User{ID: signup.ID{1}, Challenge: &signup.Challenge{Purpose: signup.ConfirmSignUp, Verification: signup.Verification{Nonce: make([]byte, 16)}}}
	for address, want := range map[identifier.Identifier]bool{{}: false, email("ada@example.com"): true} {
		u.Challenge.Address, u.MailID = address, u.Challenge.MailID()
		item := newUser(u)
		if _, isDue := item.dueMail(); isDue != want {
			t.Errorf("a mail to %q is due: %t", address.Canonical, isDue)
		}
	}
}

// That a mail was refused is noted on the user's challenge for as long as it is the newest,
// and makes no mail due.
func TestRefusalOfAUsersMail(t *testing.T) {
	d := atThePasswordDoor(t)
	d.must(d.register(t.Context(), unconfirmed(signup.ConfirmAddress)))
	first, _ := d.onlyDue()
	d.must(d.table.RecordRefusal(t.Context(), first, "address_invalid"))
	if got := d.challenge().Refused; got != "address_invalid" {
		t.Errorf("noted %q", got)
	}
	d.clock.forward(time.Hour)
	d.must(d.ChallengeReset(t.Context(), signup.Caller{}, email("ada@example.com")))
	d.must(d.table.RecordRefusal(t.Context(), first, "address_suppressed"))
	if ch := d.challenge(); ch.Refused != "" || ch.Purpose != signup.ResetPassword {
		t.Errorf("the older mail's refusal is on the newer challenge: %+v", ch)
	}
	d.must(d.table.DeleteUser(t.Context(), d.stored()))
	d.must(d.table.RecordRefusal(t.Context(), first, "address_invalid")) // nobody to note it on
	var purposes []signup.Purpose
	for _, due := range d.dueMails() {
		purposes = append(purposes, due.Purpose)
	}
	if diff := cmp.Diff([]signup.Purpose{signup.ConfirmAddress, signup.ResetPassword}, purposes); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
}

// stored is the user whom the registration made, as it is now.
func (d *door) stored() *signup.User {
	d.t.Helper()
	u, err := d.table.User(d.t.Context(), d.made.User.ID)
	d.must(err)
	return u
}

func (d *door) challenge() signup.Challenge { return *d.stored().Challenge }
