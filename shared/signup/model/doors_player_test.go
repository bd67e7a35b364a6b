package model_test

import (
	"maps"
	"slices"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/signup/model"
)

// generation is that of a session's newest refresh token.
func (p *player) generation(session string) int {
	if is := p.world.State.Sessions[session]; is != nil {
		return is.Generation
	}
	return 0
}

// users are those that there are, and one that isn't.
func (p *player) users() []string {
	return append(slices.Sorted(maps.Keys(p.world.State.Users)), "s0")
}

// signInAs says who signs in, by an identifier or the user's ID, and with which password.
func (p *player) signInAs(op *model.Op, s step) {
	op.User = pick(p.users(), s.More)
	if op.Kind == model.SignInAnonymously {
		op.Input = model.Input{}
		return
	}
	if u := p.world.State.Users[op.User]; u != nil && s.Choice < 6 {
		op.Input.Email, op.Input.Username = u.Email, u.Username
		op.Input.Password, _, _ = strings.Cut(u.Password, "@")
	}
	if op.Input.Password == "" || op.Input.Password == model.Short {
		op.Input.Password = model.Other
	}
	switch {
	case !strings.Contains(op.Input.Email, "@") || s.Choice%3 == 1:
		op.Input.Email = ""
	case s.Choice%3 == 2:
		op.Input.Username = ""
	}
	if op.Input.Email != "" {
		op.Input.Username = ""
	}
	if op.Input.Email+op.Input.Username != "" {
		op.User = ""
	}
}

// alive says that a session can be used.
func (p *player) alive(handle string) bool {
	session := p.world.State.Sessions[handle]
	return session != nil && p.world.State.Users[session.User] != nil && session.Version == p.world.State.Users[session.User].Version &&
		p.world.Now.Before(session.IdleUntil) && p.world.Now.Before(session.ExpiresAt)
}

// bearing are the sessions that doors may be shown, those that can be used first.
func (p *player) bearing() (all []string) {
	var over []string
	for _, handle := range slices.Sorted(maps.Keys(p.names.opened)) {
		if p.alive(handle) {
			all = append(all, handle)
		} else {
			over = append(over, handle)
		}
	}
	slices.Reverse(all)
	if len(all) == 0 {
		return over
	}
	return append(all, over[:min(len(over), len(all)/2)]...)
}

// refresh says which token of which session is used: mostly the newest, or the one before.
func (p *player) refresh(op *model.Op, s step) {
	op.Input = model.Input{}
	op.Session = pick(p.bearing(), s.More/3)
	op.Generation = p.generation(op.Session)
	if s.Do != rotate {
		op.Generation = max(0, op.Generation-[]int{1, 1, 1, 1, 0, 2, 0, 1, 3, 1}[s.Choice])
	}
}

// newestFor is the newest mail for a challenge of user.
func (p *player) newestFor(user string) (found mail) {
	for _, m := range p.view.mails {
		if m.signUp == user && m.purpose != "" {
			found = m
		}
	}
	return found
}

// challenged are the users who have an open challenge, newest last.
func (p *player) challenged() (all []string) {
	for handle, u := range p.world.State.Users {
		if u.Challenge != nil && u.Challenge.VerifiedAt.IsZero() {
			all = append(all, handle)
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		return p.world.State.Users[a].Challenge.SentAt.Compare(p.world.State.Users[b].Challenge.SentAt)*2 + strings.Compare(a, b)
	})
	return all
}

// pursue makes op what the newest challenge of some user asks for; without one, it begins one.
func (p *player) pursue(op *model.Op, s step) {
	open := p.challenged()
	if len(open) == 0 || s.Choice == 9 {
		op.Kind = []model.Kind{model.ChallengeSignIn, model.ChallengeReset, model.ChallengeAddress, model.InviteAddress}[s.More%4]
		return
	}
	user := pick(open, len(open)-1-s.More/6)
	ch := p.world.State.Users[user].Challenge
	op.Code, op.Input.Email = p.newestFor(user).code, ch.Address
	if !p.world.Now.Before(ch.ExpiresAt) && s.Choice < 4 { // too late
		op.Kind = model.SignInWithPassword
		return
	}
	switch ch.Purpose {
	case "prove_address":
		op.Kind, op.Session = model.ProveAddress, p.sessionOf(user, s)
	case "sign_in":
		op.Kind = model.SignInWithCode
	case "confirm_address":
		op.Kind, op.User = model.ConfirmAddress, user
	case "confirm_sign_up":
		op.Kind = model.ConfirmSignUp
		if _, known := p.confirms[user]; known {
			op.Ticket = user
		}
	default:
		op.Kind, op.User, op.Purpose = model.SetPasswordByMail, user, ch.Purpose
	}
}

// sessionOf is a session of user's that can be used, if there is one.
func (p *player) sessionOf(user string, s step) string {
	all := slices.DeleteFunc(p.bearing(), func(handle string) bool { return p.names.owners[handle] != user })
	return pick(all, s.Choice)
}

// comeIn makes op a way in which some user can sign in.
func (p *player) comeIn(op *model.Op, s step) {
	user := pick(p.users(), s.More)
	op.Kind = model.SignInWithPassword
	u := p.world.State.Users[user]
	switch {
	case u == nil:
		op.Kind = model.Register
	case u.Keys > 0 && s.Choice%2 == 0:
		op.Kind = model.SignInWithKey
	case u.Password == "" && u.Keys == 0 && u.Email == "":
		op.Kind = model.SignInAnonymously
	case u.Password == "" && u.Email != "":
		op.Kind, op.Input.Email = model.ChallengeSignIn, u.Email
	}
}

// besiege tries a wrong code on some challenge.
func (p *player) besiege(op *model.Op, s step) {
	op.Kind, op.Code = model.SignInWithCode, p.wrong(s.Choice)
	for _, user := range p.challenged() {
		switch ch := p.world.State.Users[user].Challenge; ch.Purpose {
		case "sign_in":
			op.Input.Email = ch.Address
		case "prove_address":
			if session := p.sessionOf(user, s); session != "" {
				op.Kind, op.Input.Email, op.Session = model.ProveAddress, ch.Address, session
			}
		}
	}
}

// act says what an action code is used for, and by whom it is said to be.
func (p *player) act(op *model.Op, s step) {
	if op.Kind == model.SetPasswordByMail && op.Purpose == "" {
		op.Purpose = []string{"accept_invitation", "reset_password", "confirm_address"}[s.More%3]
	}
	if s.Do != pursue {
		var codes []mail
		for _, m := range p.view.mails {
			if m.purpose != "" {
				codes = append(codes, m)
			}
		}
		op.Code, op.User = "no code", "s0"
		if len(codes) > 0 {
			m := codes[len(codes)-1-s.More%len(codes)]
			op.Code, op.User = m.code, m.signUp
		}
		if s.Choice == 1 {
			op.User = pick(p.users(), s.More)
		}
	}
	if op.Kind == model.SetPasswordByMail {
		if s.Choice%3 == 0 {
			op.User = ""
		}
		op.Input = model.Input{Password: op.Input.Password}
		if op.Input.Password == "" {
			op.Input.Password = model.Other
		}
	} else {
		op.Input = model.Input{}
	}
}

// addressed are the operations about an address, and those of somebody who bears a session.
func (p *player) addressed(op *model.Op, s step) {
	if !strings.Contains(op.Input.Email, "@") {
		op.Input.Email = []string{"ada@example.com", "bob@example.com", "ada.l@gmail.com"}[s.More%3]
	}
	password := op.Input.Password
	op.Input = model.Input{Email: op.Input.Email}
	switch op.Kind {
	case model.SetPassword:
		op.Input = model.Input{Password: password}
		if password == "" {
			op.Input.Password = model.Other
		}
	case model.AddAPIKey, model.DeleteAccount:
		op.Input = model.Input{}
	case model.Decide:
		op.Input, op.User, op.Approves = model.Input{}, pick(p.users(), s.More), s.Choice < 6
		p.deciding(op, s)
	case model.SignInWithCode, model.ProveAddress:
		if op.Code == "" {
			op.Code = p.codeFor(op.Input.Email, s)
		}
	}
	if op.Session == "" && slices.Contains([]model.Kind{
		model.SetPassword, model.AddAPIKey, model.DeleteAccount, model.Decide, model.ProveAddress, model.ChallengeAddress,
	}, op.Kind) {
		if op.Session = pick(p.bearing(), s.More); op.Session == "" { // nobody ever signed in
			*op = model.Op{Kind: model.Register, Serial: op.Serial, Device: op.Device, Token: model.NoToken, Source: op.Source}
			p.register(op, step{Choice: 0})
		}
	}
}

// deciding says by whom a decision is, mostly the super-user, who may have to come in first.
func (p *player) deciding(op *model.Op, s step) {
	if s.Choice == 0 {
		return
	}
	for _, handle := range slices.Sorted(maps.Keys(p.world.State.Users)) {
		if s.More < 5 && p.world.State.Users[handle].Approval == "undecided" {
			op.User = handle
		}
	}
	claim, exists := p.world.State.Claims["super_user first"]
	if !exists {
		op.Kind, op.User, op.Approves = model.Register, "", false
		op.Input, op.Door = model.Input{Username: "grace", Password: model.Long}, model.Door{First: true, SignIn: true}
		return
	}
	if op.Session = p.sessionOf(claim.Owner, s); op.Session != "" && p.alive(op.Session) {
		return
	}
	if u := p.world.State.Users[claim.Owner]; u != nil && u.Password != "" {
		op.Kind, op.User, op.Approves, op.Session = model.SignInWithPassword, claim.Owner, false, ""
		op.Input.Password, _, _ = strings.Cut(u.Password, "@")
	}
}

// codeFor is the newest code to address, a wrong one, or none.
func (p *player) codeFor(address string, s step) string {
	code := p.wrong(s.Choice)
	for _, m := range p.view.mails {
		if strings.EqualFold(m.to, address) && len(m.code) == 6 && s.Choice < 7 {
			code = m.code
		}
	}
	if s.Choice == 9 {
		return noSuchCode
	}
	return code
}
