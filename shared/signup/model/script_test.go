package model_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/doorstep-auth/doorstep/shared/signup/model"
)

// script is what several devices do, drawn before any of it is done: a step says what
// it means, not what it comes to, so that a script can be cut down and still be played.
type script struct {
	Rules model.Rules
	Steps []step
}

// step is one request, or two at once.
type step struct {
	Do      string // a model.Kind, or goOn
	Device  int
	Token   int // 0 the device's newest
	Source  int
	Target  int // whose sign-up: 0 the device's own; see player.target
	Choice  int // which code or link; see player.code
	More    int // at doors, which user, session or mail
	Input   model.Input
	Lax     bool
	Forward time.Duration // before the request
	Crash   crash
	Again   bool          // after a crash: the same request again, as a client would send it
	Wait    time.Duration // within a resend, and within abide for as much longer
	With    *step
	Rival   string // of two at doors, how the second is about what the first is; see player.rival
}

// What a step may do beside a model.Kind.
const (
	nothing = "nothing"
	goOn    = "go on"  // whatever the device's sign-up needs next
	guess   = "guess"  // try a wrong code on it
	hammer  = "hammer" // try about as many as are judged
	resend  = "resend" // ask for a mail and, a while later, for another
	squat   = "squat"  // sign up where no address has to be proved
	abide   = "abide"  // keep on using a session
	crowd   = "crowd"  // sign in as often as there is room for, and sign up
)

const devices = 3

var sources = []string{"192.0.2.1", "192.0.2.77", "198.51.100.9"}

// rules are those of the settings' defaults, with some choices drawn.
func rules(t *rapid.T, limits bool) model.Rules {
	r := model.Rules{
		UsernameRequired:  rapid.Bool().Draw(t, "username required"),
		SingleSession:     weighted(t, "single session", false, false, true),
		RequireSameClient: rapid.Bool().Draw(t, "require same client"),
		KeepsQuiet:        weighted(t, "keeps quiet", false, false, true),
		CodeLife:          10 * time.Minute, ResendAfter: 30 * time.Second, AbandonAfter: 24 * time.Hour,
		IdleLife: 7 * 24 * time.Hour, SessionLife: 30 * 24 * time.Hour, UseNotedEvery: 5 * time.Minute, MaxSessions: 20,
		TokenGrace: time.Minute, MaxAttempts: 5,
		Tells:    rapid.Bool().Draw(t, "tells"),
		LinkLife: 10 * time.Minute, InviteLife: 24 * time.Hour, TicketLife: 24 * time.Hour, RefreshGrace: 30 * time.Second,
	}
	if limits {
		r.SignInsPerHour = 4
		r.MailsPerHour, r.MailsPerDay, r.CreatesPerSource, r.AttemptsPerSource, r.SourceWindow = 5, 20, 5, 3, 10*time.Second
	}
	return r
}

// The scripts are about signing up, without rate limits or under them, or about sessions.
const (
	unlimited = iota
	limited
	signedIn
	throughDoors
	limitedDoors
	refreshing
	byMail
)

// scripts draws scripts that are about one of these.
func scripts(about int) *rapid.Generator[script] {
	kinds, least, most := signingUp, 20, 40
	switch about {
	case signedIn:
		kinds, least, most = holdingSessions, 15, 30
	case throughDoors, limitedDoors:
		kinds = atDoors
	case refreshing:
		kinds, least, most = holdingTokens, 15, 30
	case byMail:
		kinds = readingMail
	}
	steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step { return drawStep(t, kinds) }), least, most)
	return rapid.Custom(func(t *rapid.T) script {
		return script{Rules: rules(t, about == limited || about == limitedDoors), Steps: steps.Draw(t, "steps")}
	})
}

// weighted draws a value as often as it stands in the list, where rapid's own would
// prefer those in front. It shrinks to the first.
func weighted[T any](t *rapid.T, name string, values ...T) T {
	n := 0
	for range 8 {
		n <<= 1
		if rapid.Bool().Draw(t, name) {
			n++
		}
	}
	return values[n%len(values)]
}

func drawStep(t *rapid.T, kinds []string) step {
	s := drawRequest(t, kinds)
	if weighted(t, "waits", false, false, true) {
		s.Forward = weighted(t, "forward", time.Second, 10*time.Second, 29999*time.Millisecond, 30*time.Second, 30*time.Second,
			30*time.Second, time.Minute, time.Minute, 299999*time.Millisecond, 5*time.Minute, 5*time.Minute,
			599*time.Second, 10*time.Minute, time.Hour, 24*time.Hour, 6*24*time.Hour, 7*24*time.Hour, 31*24*time.Hour)
	}
	switch weighted(t, "disturbance", "none", "none", "none", "none", "crash", "crash", "pair") {
	case "crash":
		s.Crash = crash{Call: weighted(t, "call", 1, 1, 2, 2, 3, 4), Effect: rapid.Bool().Draw(t, "effect"), Deadly: rapid.Bool().Draw(t, "deadly")}
		s.Again = weighted(t, "again", false, true, true)
	case "pair":
		with := drawRequest(t, kinds)
		if rapid.Bool().Draw(t, "same device") {
			with.Device = s.Device
		}
		if slices.Contains(onSessions, s.Do) { // mostly two tabs on one session
			with.Do = weighted(t, "tab", append([]string{with.Do}, onSessions...)...)
			with.Target, with.Choice = s.Target, weighted(t, "choice", s.Choice, s.Choice, s.Choice, with.Choice)
		}
		s.With, s.Rival = &with, weighted(t, "rival", "", same, same, twice)
	}
	return s
}

// signingUp is what steps do, the usual more often.
var signingUp = slices.Concat([]string{nothing}, slices.Repeat([]string{goOn}, 18), slices.Repeat([]string{guess}, 5), []string{
	hammer, hammer, resend, resend, squat, squat,
	string(model.ReadClient), string(model.EnsureClient), string(model.DeleteClient), string(model.Get),
	string(model.Create), string(model.Create), string(model.Update), string(model.Update), string(model.Prepare), string(model.Prepare),
	string(model.Attempt), string(model.Attempt), string(model.ConfirmLink), string(model.ConfirmLink), string(model.CompleteLink),
	string(model.Me), string(model.TouchSession), string(model.EndSession), string(model.EndSessions),
})

// holdingSessions is the same of scripts that are about sessions.
var holdingSessions = slices.Concat(onSessions, onSessions, []string{
	crowd, crowd, abide, abide, abide, abide, squat, squat, squat, squat, goOn, goOn,
	string(model.SignIn), string(model.SignIn), string(model.SignIn), string(model.SignIn),
	string(model.ReadClient), string(model.DeleteClient), string(model.Create), string(model.ConfirmLink),
})

// onSessions are what is done to sessions.
var onSessions = []string{
	string(model.GetSession), string(model.Me), string(model.TouchSession), string(model.TouchSession), string(model.TouchSession),
	string(model.UseSession), string(model.UseSession), string(model.EndSession), string(model.EndSession), string(model.EndSessions),
	string(model.UserSessions), string(model.RevokeSession), string(model.RevokeSession), string(model.RevokeSession),
}

func drawRequest(t *rapid.T, kinds []string) step {
	return step{
		Do:     weighted(t, "do", kinds...),
		Device: weighted(t, "device", 0, 1, 2),
		Token:  weighted(t, "token", 0, 0, 0, 0, 0, 0, 1, model.NoToken),
		Source: weighted(t, "source", 0, 1, 2),
		Target: weighted(t, "target", 0, 0, 0, 0, 0, 0, 1, 2),
		Choice: weighted(t, "choice", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
		More:   weighted(t, "more", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
		Input:  drawInput(t),
		Lax:    weighted(t, "lax", false, false, false, true),
		Wait:   weighted(t, "wait", 30*time.Second, 29999*time.Millisecond),
	}
}

func drawInput(t *rapid.T) model.Input {
	return model.Input{
		Email: weighted(t, "email", "ada@example.com", "ada@example.com", "Ada@Example.com", "bob@example.com",
			"ada.l@gmail.com", "adal@gmail.com", "", "", "", "ada"),
		Username:  weighted(t, "username", "", "", "", "", "ada_l", "Ada_L", "grace", "ada"),
		FirstName: weighted(t, "first name", "", "", "Ada"),
		Password:  weighted(t, "password", "", "", model.Long, model.Long, model.Long, model.Other, model.Short),
		Strategy:  weighted(t, "strategy", "email_code", "email_code", "email_code", "email_code", "email_link", "", "smoke"),
		Redirect:  weighted(t, "redirect", true, true, false),
		App:       weighted(t, "app", false, false, true),
	}
}

// player makes requests of steps by what has happened so far.
type player struct {
	*service
	world   *model.World
	clients [devices]string // that each device was last told it is
	signUps [devices]string // and its sign-up, as far as it knows
	// sessions are those that each device was ever told of.
	sessions [devices][]string
	serial   int
}

// request is the operation that s means now.
func (p *player) request(s step) model.Op {
	p.serial++
	op := model.Op{
		Kind: model.Kind(s.Do), Serial: p.serial, Device: s.Device, Token: s.Token, Source: sources[s.Source],
		SignUp: p.target(s), Input: s.Input,
	}
	switch s.Do {
	case goOn:
		p.goOn(&op, s)
	case resend:
		op.Kind, op.Token, op.SignUp = model.Prepare, 0, p.signUps[s.Device]
		op.Input.Strategy = "email_code"
	case guess, hammer:
		op.Kind, op.Token, op.SignUp, op.Input = model.Attempt, 0, p.signUps[s.Device], model.Input{Strategy: "email_code"}
		op.Code = p.wrong(s.Choice % 4)
		return op
	case squat:
		op.Kind, op.Input = model.Create, p.everything(s)
	case crowd:
		op.Kind = model.SignIn
	case abide:
		op.Kind, op.Token = model.TouchSession, 0
	}
	if isDoors(op.Kind) {
		p.atDoor(&op, s)
		return op
	}
	if slices.Contains(onSessions, string(op.Kind)) {
		p.onSession(&op, s)
	}
	switch op.Kind {
	case model.Create, model.Update:
		op.Lax = op.Lax || s.Do == squat || s.Lax && s.Do != goOn
	case model.SignIn:
		p.signIn(&op, s)
	case model.Attempt:
		op.Code = p.code(op, s)
	case model.ConfirmLink, model.CompleteLink:
		p.follow(&op, s)
	}
	return op
}

// target is the sign-up that a step is about: the device's own, another's, or none.
func (p *player) target(s step) string {
	switch s.Target {
	case 0:
		return p.signUps[s.Device]
	case 1:
		return p.signUps[(s.Device+1)%devices]
	}
	return "s0"
}

// everything is what a sign-up needs, with what s names of it.
func (p *player) everything(s step) model.Input {
	in := s.Input
	in.Password, in.Strategy = model.Long, "email_code"
	if s.Choice > 7 { // to be supplied after the address has been proved
		in.Password = ""
	}
	if !strings.Contains(in.Email, "@") {
		in.Email = "ada@example.com"
	}
	if len(in.Username) < 4 {
		in.Username = map[bool]string{true: "ada_l"}[p.world.Rules.UsernameRequired]
	}
	return in
}

// goOn makes op what a person would do next who wants to sign up, and to try again after that.
func (p *player) goOn(op *model.Op, s step) {
	op.Token, op.SignUp = 0, p.signUps[s.Device]
	op.Kind, op.Input = model.Create, p.everything(s)
	c := p.world.State.Clients[p.clients[s.Device]]
	if c == nil || c.SignUp == nil || !p.world.Now.Before(c.SignUp.AbandonedAt) {
		return
	}
	switch su := c.SignUp; {
	case !su.CompletedAt.IsZero():
		switch {
		case s.Choice < 2:
			op.Kind = model.DeleteClient
		case s.Choice < 4:
			op.Kind, op.Session = model.EndSession, c.Active
		case s.Choice < 6:
			op.Kind, op.Session = model.TouchSession, c.Active
		}
	case su.Email == "" || p.world.Rules.UsernameRequired && su.Username == "":
		op.Kind = model.Update
	case su.Challenge != nil && !su.Challenge.VerifiedAt.IsZero() && s.Choice < 5: // only the password is lacking
		op.Kind = model.Update
	case su.Challenge == nil || !p.world.Now.Before(su.Challenge.ExpiresAt) || su.Challenge.Attempts >= p.world.Rules.MaxAttempts:
		op.Kind = model.Prepare
	case s.Choice < 5:
		op.Kind, op.Input = model.Attempt, model.Input{Strategy: "email_code"}
	case su.Challenge.HandsToApp && s.Choice > 6:
		op.Kind = model.CompleteLink
	default:
		op.Kind = model.ConfirmLink
	}
}

// newest is the newest mail for a sign-up.
func (p *player) newest(signUp string) mail {
	found := mail{link: "no link"}
	for _, m := range p.view.mails {
		if m.signUp == signUp {
			found = m
		}
	}
	return found
}

// code is what is typed: mostly the newest mail's, else a wrong one, an older mail's, or none.
func (p *player) code(op model.Op, s step) string {
	newest := p.newest(op.SignUp).code
	switch {
	case s.Do == goOn && newest != "", s.Choice < 4 && newest != "":
		return newest
	case s.Choice < 7:
		return p.wrong(s.Choice)
	case s.Choice == 7 && len(p.view.mails) > 0:
		return p.view.mails[len(p.view.mails)/2].code
	case s.Choice == 8:
		return "12345"
	case s.Choice == 9:
		return ""
	}
	return p.wrong(s.Choice)
}

// wrong is a code that no mail says; different for each n.
func (p *player) wrong(n int) string {
	for code := n; ; code += 10 {
		text := fmt.Sprintf("%06d", code)
		said := false
		for _, m := range p.view.mails {
			said = said || m.code == text
		}
		if !said {
			return text
		}
	}
}

// follow says which link op uses, and for CompleteLink whether with the right verifier.
func (p *player) follow(op *model.Op, s step) {
	op.Link = p.newest(op.SignUp).link
	if s.Choice == 8 && len(p.view.mails) > 0 && s.Do != goOn {
		op.Link = p.view.mails[len(p.view.mails)/2].link
	}
	if s.Choice == 6 && s.Do == goOn {
		op.Device = (op.Device + 1) % devices // opened elsewhere
	}
	if op.Kind == model.CompleteLink {
		op.Verifier = s.Choice != 3
		if p.approvals[op.Link] == "" {
			op.Link = ""
		}
	}
}
