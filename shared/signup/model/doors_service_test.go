package model_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/signup/model"
)

// keyPrefix begins API keys.
const keyPrefix = "test_"

// doorAnswer is what came of an operation of a door.
type doorAnswer struct {
	user    *signup.User
	session *signup.Session
	key     secret.APIKey
	token   secret.Text
	holder  string
}

// sendDoor does an operation of a door.
func (s *service) sendDoor(op model.Op, a *doorAnswer) (err error) {
	ctx, door, caller, user := context.Background(), s.door, signup.Caller{Source: op.Source}, s.names.user(op.User)
	id, malformed := named(op.Input)
	switch op.Kind {
	case model.Register:
		var made *signup.Registered
		if made, err = door.Register(ctx, caller, registration(op)); err == nil {
			*a = doorAnswer{user: made.User, session: made.Session, key: made.Key, token: made.Token}
		}
		return err
	case model.InviteAddress:
		a.user, err = door.InviteAddress(ctx, caller, op.Input.Email)
		return err
	case model.SignInWithKey:
		a.session, err = door.SignInWithKey(ctx, caller, s.keyTexts[op.Key])
		return err
	case model.SignInAnonymously:
		a.session, err = door.SignInAnonymously(ctx, caller, user)
		return err
	case model.Refresh:
		owner := &signup.User{ID: s.names.users[s.names.owners[op.Session]]}
		a.session, err = door.Refresh(ctx, door.RefreshToken(
			&signup.Session{ID: s.names.session(op.Session), User: owner, Generation: int64(op.Generation)}))
		return err
	}
	if malformed != nil {
		return malformed
	}
	switch op.Kind {
	case model.SignInWithPassword:
		a.session, err = door.SignInWithPassword(ctx, caller, user, id, input(op.Input).Password)
	case model.Providers:
		a.holder, err = s.providers(ctx, caller, id)
	case model.ChallengeSignIn, model.SignInWithCode, model.ChallengeReset, model.ConfirmAddress, model.SetPasswordByMail, model.ConfirmSignUp:
		err = s.sendMailed(ctx, op, a, id)
	default:
		err = s.sendBearer(ctx, op, a, id)
	}
	return err
}

// sendMailed does an operation that asks for a mail or has got one.
func (s *service) sendMailed(ctx context.Context, op model.Op, a *doorAnswer, id identifier.Identifier) (err error) {
	door, caller, user, code := s.door, signup.Caller{Source: op.Source}, s.names.user(op.User), secret.NewText(op.Code)
	switch op.Kind {
	case model.ChallengeSignIn:
		err = door.ChallengeSignIn(ctx, caller, id)
	case model.SignInWithCode:
		a.session, err = door.SignInWithCode(ctx, caller, id, op.Code)
	case model.ChallengeReset:
		err = door.ChallengeReset(ctx, caller, id)
	case model.ConfirmAddress:
		err = door.ConfirmAddress(ctx, caller, user, code)
	case model.SetPasswordByMail:
		err = door.SetPasswordByMail(ctx, caller, user, code, signup.Purpose(op.Purpose), input(op.Input).Password)
	case model.ConfirmSignUp:
		a.user, err = door.ConfirmSignUp(ctx, caller, s.confirms[op.Ticket])
	}
	return err
}

// sendBearer does an operation of somebody who bears a session.
func (s *service) sendBearer(ctx context.Context, op model.Op, a *doorAnswer, id identifier.Identifier) error {
	door := s.door
	session, err := door.Bearer(ctx, s.names.users[s.names.owners[op.Session]], s.names.session(op.Session))
	if err != nil {
		return err
	}
	switch op.Kind {
	case model.ChallengeAddress:
		return door.ChallengeAddress(ctx, signup.Caller{Source: op.Source}, session, id)
	case model.ProveAddress:
		return door.ProveAddress(ctx, session, id, op.Code)
	case model.SetPassword:
		return door.SetPassword(ctx, session, input(op.Input).Password)
	case model.AddAPIKey:
		a.key, err = door.AddAPIKey(ctx, session, keyPrefix)
		return err
	case model.DeleteAccount:
		return door.DeleteAccount(ctx, session)
	case model.Decide:
		decision := signup.Rejected
		if op.Approves {
			decision = signup.Approved
		}
		return door.Decide(ctx, session, s.names.user(op.User), decision)
	}
	return fmt.Errorf("nothing sends %q", op.Kind)
}

func (s *service) providers(ctx context.Context, caller signup.Caller, id identifier.Identifier) (string, error) {
	password, registered, err := s.door.Providers(ctx, caller, id)
	switch {
	case err != nil:
		return "", err
	case password:
		return "password", nil
	case registered:
		return "address", nil
	}
	return "nobody", nil
}

// named is the identifier that an operation names: the address or, if there is none, the username.
func named(in model.Input) (identifier.Identifier, error) {
	switch {
	case in.Email != "":
		return identifier.ParseEmailAddress(in.Email)
	case in.Username != "":
		return identifier.Identifier{Kind: identifier.KindUsername, Canonical: strings.ToLower(in.Username), Display: in.Username}, nil
	}
	return identifier.Identifier{}, nil
}

func registration(op model.Op) signup.Registration {
	in := signup.Registration{
		Input:  signup.Input{EmailAddress: op.Input.Email, Username: op.Input.Username, Password: input(op.Input).Password},
		SignIn: op.Door.SignIn, Challenge: signup.Purpose(op.Door.Challenge), Unconfirmed: op.Door.Unconfirmed,
		ConfirmToken: op.Door.Ticket, FirstSuperUser: op.Door.First,
	}
	if op.Door.Key {
		in.KeyPrefix = keyPrefix
	}
	if op.Door.Undecided {
		in.Approval = signup.Undecided
	}
	return in
}

// learnDoor names what an answer of a door shows for the first time, whose user has its name.
func (n *names) learnDoor(op model.Op, a *doorAnswer) {
	if a.session != nil {
		n.begin(op.Serial, a.session.ID, a.session.User.ID)
	}
	if !a.key.IsZero() {
		n.key(op.Serial, a.key.Hash())
	}
}

// account names a user whom the operation serial has made, unless it has a name.
func (n *names) account(serial int, id signup.ID) string {
	if n.signUps[id] == "" {
		handle := fmt.Sprintf("s%d", serial)
		n.signUps[id], n.users[handle] = handle, id
	}
	return n.signUps[id]
}

// begin names a session of user that the operation serial has begun, unless it has a name.
func (n *names) begin(serial int, id, user signup.ID) {
	if n.signUps[id] != "" {
		return
	}
	owner, handle := n.signUps[user], fmt.Sprintf("p%d.0", serial)
	if owner == fmt.Sprintf("s%d", serial) { // who was registered with it
		handle = owner
	}
	n.signUps[id], n.opened[handle], n.owners[handle] = handle, id, owner
}

// key names an API key that the operation serial has made, unless it has a name.
func (n *names) key(serial int, hash string) string {
	if n.keys[hash] == "" {
		n.keys[hash] = fmt.Sprintf("k%d", serial)
	}
	return n.keys[hash]
}

// user is the id of the user called handle; another one if there is none, and none for none.
func (n *names) user(handle string) signup.ID {
	if id, known := n.users[handle]; known || handle == "" {
		return id
	}
	return signup.ID{0xff}
}

// nameAccounts names what doors have made and no answer has shown.
func (v *view) nameAccounts(rows []row, serial int) {
	for _, r := range rows {
		if r.Type == "user" {
			v.names.account(serial, idIn(r.PK))
		}
	}
	for _, r := range rows {
		switch r.Type {
		case "session":
			v.names.begin(serial, idIn(r.SK), idIn(r.PK))
		case "key":
			v.names.key(serial, strings.TrimPrefix(r.SK, "KEY#"))
		}
	}
}

// tellDoor puts an answer of a door in the reference's terms.
func (s *service) tellDoor(a answered, out *model.Outcome) {
	if a.err != nil {
		return
	}
	door := a.door
	out.Holder, out.Ticket = door.holder, !door.token.IsZero()
	if door.user != nil {
		out.User = s.names.signUps[door.user.ID]
	}
	if door.session != nil {
		out.User, out.Session = s.names.signUps[door.session.User.ID], s.names.signUps[door.session.ID]
		out.Idle, out.Generation = door.session.IdleUntil, int(door.session.Generation)
	}
	if !door.key.IsZero() {
		out.Key = s.names.keys[door.key.Hash()]
		s.keyTexts[out.Key] = door.key
	}
	if out.Ticket {
		s.confirms[out.User] = door.token
	}
}

// user is a user's item in the reference's terms.
func (r *userRow) user() *model.User {
	u := &model.User{
		Email: r.Facts.Email.D, Username: r.Facts.Username.D, FirstName: r.Facts.First, Password: passwordIn(r.Facts.Password),
		PasswordSetAt: millis(r.PasswordSet), ProvedAt: millis(r.Proved["email_address"].At), Version: r.Version, Keys: r.Keys,
		Unconfirmed: r.Unconfirmed, SuperUser: r.SuperUser, Approval: r.Approval,
	}
	if ch := r.Challenge; ch != nil {
		u.Challenge = &model.UserChallenge{
			Purpose: ch.Purpose, Address: ch.Address.D, SentAt: millis(ch.Sent), ExpiresAt: millis(ch.Expires),
			VerifiedAt: millis(ch.Verified), Attempts: ch.Attempts,
		}
	}
	return u
}

// readAction reads the link of a mail that leads to a page of the application's.
func (v *view) readAction(due signup.DueMail, key secret.MACKey, m mail) error {
	link, err := url.Parse(due.ActionURL(key, v.settings).Reveal())
	if err != nil {
		return err
	}
	m.code = link.Query().Get("oobCode") + link.Query().Get("confirm_token")
	if due.Purpose != signup.ConfirmSignUp && link.Query().Get("uid") != due.UserID.Checked() {
		return fmt.Errorf("the link %s isn't of user %s", link, due.UserID.Checked())
	}
	if due.Purpose == signup.ConfirmSignUp {
		v.confirms[m.signUp] = secret.NewText(m.code)
	}
	v.mails = append(v.mails, m)
	return nil
}
