package table

import (
	"context"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

var (
	adaAndPassword = signup.Input{EmailAddress: "ada@example.com", Password: anyPassword}
	adaWhole       = signup.Input{Username: "ada", EmailAddress: "ada@example.com", Password: anyPassword}

	atOnce      = signup.Registration{Input: adaAndPassword, SignIn: true}
	byLink      = signup.Registration{Input: adaAndPassword, Challenge: signup.ConfirmAddress, Unconfirmed: true}
	byToken     = signup.Registration{Input: adaWhole, ConfirmToken: true, Unconfirmed: true, Approval: signup.Undecided, Application: "CRM", Applications: []string{"CRM"}}
	byTokenMail = signup.Registration{
		Input: adaWhole, ConfirmToken: true, Challenge: signup.ConfirmSignUp, Unconfirmed: true, Approval: signup.Undecided,
	}
	first = signup.Registration{Input: signup.Input{Username: "countess", Password: anyPassword}, FirstSuperUser: true, Approval: signup.Approved}
)

var anotherPassword = secret.NewText("another long passphrase")

func disclosing(s *settings.Settings) { s.Passwords.DiscloseAddresses = true }

var (
	atPasswords = (*settings.Settings).ForPasswords
	atSSO       = (*settings.Settings).ForSSO
)

var (
	usedUp    = []*problem.Problem{problem.ActionCodeInvalid}
	takenByMe = []*problem.Problem{problem.IdentifierExists}
)

// passwordsCrashings are the operations of the passwords family.
var passwordsCrashings = []doorCrashing{
	{name: "register: tokens at once", at: atPasswords, run: registering(atOnce), retold: takenByMe},
	{name: "register: confirm address", at: atPasswords, run: registering(byLink), mails: 1, anew: true},
	{name: "register: confirm address, disclosing", at: atPasswords, change: disclosing, run: registering(byLink), mails: 1, retold: takenByMe},
	{name: "register: confirm a taken address", at: atPasswords, before: registered(byLink), run: registering(byLink), mails: 1, anew: true},
	{name: "confirm address", at: atPasswords, before: registered(byLink), run: confirmingAddress, retold: usedUp, after: provedOnce},
	{name: "remind of the link", at: atPasswords, before: aWhileAfter(registered(byLink)), mails: 1, run: heldAtSignIn},
	{name: "invite", at: atPasswords, run: inviting, mails: 1},
	{name: "invite again", at: atPasswords, before: aWhileAfter(invited), run: inviting, mails: 1},
	{name: "accept an invitation", at: atPasswords, before: invited, run: settingByMail(signup.AcceptInvitation), retold: usedUp, after: provedOnce},
	{name: "challenge a reset", at: atPasswords, before: aWhileAfter(registered(byLink)), run: askingForReset("ada@example.com"), mails: 1},
	{name: "challenge nobody's reset", at: atPasswords, run: askingForReset("nobody@example.com")},
	{name: "reset", at: atPasswords, before: resettable(registered(atOnce)), run: settingByMail(signup.ResetPassword), retold: usedUp, after: provedOnce},
	{name: "reset, of a proved address", at: atPasswords, before: resettable(confirmedByLink), run: settingByMail(signup.ResetPassword), retold: usedUp, after: provedOnce},
	{name: "providers", at: atPasswords, before: registered(atOnce), run: func(ctx context.Context, d *door) error {
		_, _, err := d.Providers(ctx, signup.Caller{}, email("ada@example.com"))
		return err
	}},
	{name: "refresh", at: atPasswords, before: holdingToken(0), run: refreshing, after: rotatedTo(1)},
	{name: "refresh once more", at: atPasswords, before: holdingToken(3), run: refreshing, after: rotatedTo(4)},
	{name: "refresh again within the grace", at: atPasswords, before: behind(1), run: refreshing, after: rotatedTo(1)},
	{name: "refresh with a token that two have used", at: atPasswords, before: behind(2), run: refreshing, after: sessionsOver},
	{name: "delete", at: atPasswords, before: registered(atOnce), run: deleting, retold: []*problem.Problem{problem.AuthenticationInvalid}, after: nothingLeft},
	{name: "delete with all that one can have", at: atPasswords, before: wealthy, run: deleting, retold: []*problem.Problem{problem.AuthenticationInvalid}, after: nothingLeft},
}

// ssoCrashings are the operations of the sso family.
var ssoCrashings = []doorCrashing{
	{name: "register: confirm token", at: atSSO, run: registering(byToken), retold: takenByMe},
	{name: "register: confirm token by mail", at: atSSO, run: registering(byTokenMail), mails: 1, retold: takenByMe},
	{name: "confirm sign-up", at: atSSO, before: registered(byToken), run: confirmingSignUp, retold: usedUp},
	{name: "confirm sign-up by mail", at: atSSO, before: registered(byTokenMail), run: confirmingSignUp, retold: usedUp, after: provedOnce},
	{name: "approve", at: atSSO, before: superUser, run: deciding(signup.Approved)},
	{name: "reject", at: atSSO, before: superUser, run: deciding(signup.Rejected)},
	{name: "register: first super-user", at: atSSO, run: registering(first), retold: takenByMe},
}

// The operations.

func confirmingAddress(ctx context.Context, d *door) error {
	return d.ConfirmAddress(ctx, signup.Caller{}, d.made.User.ID, secret.NewText(d.code))
}

func settingByMail(purpose signup.Purpose) func(context.Context, *door) error {
	return func(ctx context.Context, d *door) error {
		return d.SetPasswordByMail(ctx, signup.Caller{}, signup.ID{}, secret.NewText(d.code), purpose, anotherPassword)
	}
}

func askingForReset(address string) func(context.Context, *door) error {
	return func(ctx context.Context, d *door) error {
		return d.ChallengeReset(ctx, signup.Caller{}, email(address))
	}
}

func inviting(ctx context.Context, d *door) error {
	u, err := d.InviteAddress(ctx, signup.Caller{}, "ada@example.com")
	if err == nil {
		d.made = &signup.Registered{User: u}
	}
	return err
}

func heldAtSignIn(ctx context.Context, d *door) error {
	_, err := d.SignInWithPassword(ctx, signup.Caller{}, signup.ID{}, email("ada@example.com"), anyPassword)
	if problem.Has(err, problem.UserHeld) {
		return nil
	}
	return err
}

func refreshing(ctx context.Context, d *door) error {
	s, err := d.Refresh(ctx, d.token)
	if problem.Has(err, problem.RefreshTokenInvalid) {
		return nil // what becomes of the session says whether it should
	}
	return d.signedIn(s, err)
}

func deleting(ctx context.Context, d *door) error {
	return d.bearing(ctx, func(s *signup.Session) error { return d.DeleteAccount(ctx, s) })
}

func confirmingSignUp(ctx context.Context, d *door) error {
	_, err := d.ConfirmSignUp(ctx, signup.Caller{}, secret.NewText(d.code))
	return err
}

func deciding(decision signup.Approval) func(context.Context, *door) error {
	return func(ctx context.Context, d *door) error {
		return d.bearing(ctx, func(s *signup.Session) error { return d.Decide(ctx, s, d.other, decision) })
	}
}

// What comes before them.

func aWhileAfter(before func(*door)) func(*door) {
	return func(d *door) {
		before(d)
		d.clock.forward(5 * time.Minute)
	}
}

func confirmedByLink(d *door) {
	registered(byLink)(d)
	d.must(confirmingAddress(d.t.Context(), d))
}

func invited(d *door) {
	d.must(inviting(d.t.Context(), d))
	d.code = d.newestCode(d.made.User.ID)
}

// resettable has been mailed a link for a new password.
func resettable(before func(*door)) func(*door) {
	return func(d *door) {
		aWhileAfter(before)(d)
		d.must(askingForReset("ada@example.com")(d.t.Context(), d))
		d.code = d.newestCode(d.made.User.ID)
	}
}

// holdingToken has the newest refresh token after n rotations.
func holdingToken(n int) func(*door) {
	return func(d *door) {
		registered(atOnce)(d)
		d.token = d.RefreshToken(d.session)
		for range n {
			s, err := d.Refresh(d.t.Context(), d.token)
			d.must(d.signedIn(s, err))
			d.token = d.RefreshToken(s)
		}
	}
}

// behind has a refresh token that is n generations old.
func behind(n int) func(*door) {
	return func(d *door) {
		holdingToken(0)(d)
		old := d.token
		for range n {
			s, err := d.Refresh(d.t.Context(), d.token)
			d.must(d.signedIn(s, err))
			d.token = d.RefreshToken(s)
		}
		d.token = old
	}
}

// wealthy has large metadata, a name, keys, more than one session and a challenge.
func wealthy(d *door) {
	in := signup.Registration{Input: adaWhole, SignIn: true, KeyPrefix: testPrefix, Challenge: signup.ProveAddress}
	in.UnsafeMetadata = metadata(1500)
	registered(in)(d)
	for range 3 {
		d.must(addingKey(d.t.Context(), d))
		_, err := d.SignInWithPassword(d.t.Context(), signup.Caller{}, d.made.User.ID, identifier.Identifier{}, anyPassword)
		d.must(err)
	}
}

// superUser is one, and is asked about somebody who has confirmed.
func superUser(d *door) {
	registered(byToken)(d)
	d.must(confirmingSignUp(d.t.Context(), d))
	d.other = d.made.User.ID
	registered(first)(d)
	d.must(d.signedIn(d.SignInWithPassword(d.t.Context(), signup.Caller{}, d.made.User.ID, identifier.Identifier{}, anyPassword)))
}

// What must hold after them.

func rotatedTo(generation int64) func(*door) {
	return func(d *door) {
		d.t.Helper()
		if s := d.whole().sessions[d.session.ID]; s.Generation != generation || d.session.Generation != generation {
			d.t.Errorf("the session is at generation %d and was said to be at %d, want %d", s.Generation, d.session.Generation, generation)
		}
		if _, err := d.Refresh(d.t.Context(), d.RefreshToken(d.session)); err != nil {
			d.t.Errorf("the newest token is refused: %v", err)
		}
	}
}

func sessionsOver(d *door) {
	d.t.Helper()
	if left := d.whole().sessions; len(left) > 0 {
		d.t.Errorf("%d sessions are left", len(left))
	}
}

func nothingLeft(d *door) {
	d.t.Helper()
	if counts := d.items(); len(counts) > 0 {
		d.t.Errorf("left behind: %v", counts)
	}
}

// TestDeletionOfMoreThanATransactionHolds: somebody with more sessions than one
// transaction deletes is deleted whole.
func TestDeletionOfMoreThanATransactionHolds(t *testing.T) {
	d := atTheDoor(t, nil)
	registered(atOnce)(d)
	for _, err := range together(210, func(int) error {
		_, err := d.SignInWithPassword(context.Background(), signup.Caller{}, d.made.User.ID, identifier.Identifier{}, anyPassword)
		return err
	}) {
		d.must(err)
	}
	d.must(deleting(t.Context(), d))
	nothingLeft(d)
}
