package table

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// house is one table with a door for each family.
type house struct {
	*fixture // the progressive sign-up
	accounts *signup.Service
	password *signup.Service
	sso      *signup.Service
	guests   int
}

func newHouse(t testing.TB) *house {
	f := newFixture(t, func(s *settings.Settings) {
		s.PublicURL, s.Passwords.DiscloseAddresses = "https://auth.example", true
		s.Attributes.Username.Requirement = settings.Optional
	})
	f.Verifier = plainHash{}
	under := func(s *settings.Settings) *signup.Service {
		service := *f.Service
		service.Settings = s
		return &service
	}
	return &house{fixture: f, accounts: under(f.Settings.ForAccounts()), password: under(f.Settings.ForPasswords()), sso: under(f.Settings.ForSSO())}
}

// inOneCall are the doors at which one signs in.
func (h *house) inOneCall() map[string]*signup.Service {
	return map[string]*signup.Service{"accounts": h.accounts, "passwords": h.password, "sso": h.sso}
}

// guest is somebody who comes to a door.
type guest struct {
	*house
	in       signup.Input // what they sign up with
	browser  *person
	user     signup.ID
	code     secret.Text // what was mailed to them at last
	asked    bool        // they had to ask for the address back
	sessions []*signup.Session
	keys     []secret.APIKey
}

// guest has an address and name that no guest before had.
func (h *house) guest(password string) *guest {
	h.guests++
	name := "guest" + strings.Map(func(digit rune) rune { return digit - '0' + 'n' }, fmt.Sprint(h.guests)) // no letter is like another
	return &guest{house: h, browser: h.person(), in: signup.Input{
		EmailAddress: name + "@example.com", Username: name, Password: secret.NewText(password),
	}}
}

// rival goes for the guest's address under a name of their own.
func (g *guest) rival(password string) *guest {
	r := g.house.guest(password)
	r.in.EmailAddress = g.in.EmailAddress
	return r
}

// doorway is one way to become a user.
type doorway struct {
	name   string
	named  bool // it takes a name
	proves bool // its end proves the address
	// enter does all that can be done without reading the mail; finish reads it.
	enter, finish func(context.Context, *guest) error
}

// doorways with an address. Their users' passwords are those that they came with.
var doorways = []doorway{
	{"progressive", true, true, enterProgressive, finishProgressive},
	{"accounts by e-mail", true, true, enterAccounts, finishAccounts},
	{"passwords at once", false, false, enterPasswords(atOnce), nil},
	{"passwords by link", false, true, enterPasswords(byLink), finishLink},
	{"passwords by invitation", false, true, enterInvited, finishByMail(signup.AcceptInvitation)},
	{"passwords by reset", false, true, enterPasswords(atOnce), finishReset},
	{"sso with a token", true, false, enterSSO(""), nil},
	{"sso with a mailed token", true, true, enterSSO(signup.ConfirmSignUp), finishSSO},
}

// byName has no address.
var byName = doorway{name: "accounts by name", named: true, enter: func(ctx context.Context, g *guest) error {
	return g.keepUser(g.accounts.Register(ctx, signup.Caller{}, signup.Registration{Input: signup.Input{Username: g.in.Username, Password: g.in.Password}}))
}}

func (g *guest) keepUser(made *signup.Registered, err error) error {
	if err == nil {
		g.user = made.User.ID
		if made.Session != nil {
			g.sessions = append(g.sessions, made.Session)
		}
	}
	return err
}

func enterProgressive(_ context.Context, g *guest) error {
	in := g.in
	in.Strategy = "email_code"
	err := g.browser.create(in)
	if err == nil {
		g.code = secret.NewText(g.browser.code())
	}
	return err
}

func finishProgressive(_ context.Context, g *guest) error {
	err := g.browser.attempt(g.code.Reveal())
	if err == nil {
		g.user, g.sessions = g.browser.last.Sessions[0].User.ID, g.browser.last.Sessions
	}
	return err
}

func enterAccounts(ctx context.Context, g *guest) error {
	in := signup.Input{Username: g.in.Username, EmailAddress: g.in.EmailAddress}
	return g.keepUser(g.accounts.Register(ctx, signup.Caller{}, signup.Registration{Input: in, Challenge: signup.ProveAddress}))
}

func finishAccounts(ctx context.Context, g *guest) error {
	if err := g.open(ctx); err != nil {
		return err
	}
	session, err := g.accounts.SignInWithCode(ctx, signup.Caller{}, g.address(), g.code.Reveal())
	if err != nil {
		return err
	}
	g.user, g.sessions = session.User.ID, append(g.sessions, session)
	return g.accounts.SetPassword(ctx, session, g.in.Password)
}

func enterPasswords(in signup.Registration) func(context.Context, *guest) error {
	return func(ctx context.Context, g *guest) error {
		in := in
		in.Input = signup.Input{EmailAddress: g.in.EmailAddress, Password: g.in.Password}
		return g.keepUser(g.password.Register(ctx, signup.Caller{}, in))
	}
}

func finishLink(ctx context.Context, g *guest) error {
	if err := g.open(ctx); err != nil {
		return err
	}
	return g.password.ConfirmAddress(ctx, signup.Caller{}, g.user, g.code)
}

func enterInvited(ctx context.Context, g *guest) error {
	u, err := g.password.InviteAddress(ctx, signup.Caller{}, g.in.EmailAddress)
	if err == nil {
		g.user = u.ID
	}
	return err
}

func finishByMail(purpose signup.Purpose) func(context.Context, *guest) error {
	return func(ctx context.Context, g *guest) error {
		if err := g.open(ctx); err != nil {
			return err
		}
		return g.password.SetPasswordByMail(ctx, signup.Caller{}, signup.ID{}, g.code, purpose, g.in.Password)
	}
}

// finishReset asks for a link whatever was mailed a moment ago.
func finishReset(ctx context.Context, g *guest) error {
	g.clock.forward(time.Minute)
	if err := g.password.ChallengeReset(ctx, signup.Caller{}, g.address()); err != nil {
		return err
	}
	return finishByMail(signup.ResetPassword)(ctx, g)
}

func enterSSO(challenge signup.Purpose) func(context.Context, *guest) error {
	return func(ctx context.Context, g *guest) error {
		made, err := g.sso.Register(ctx, signup.Caller{}, signup.Registration{Input: g.in, ConfirmToken: true, Unconfirmed: true, Challenge: challenge})
		if err = g.keepUser(made, err); err != nil || challenge != "" {
			return err
		}
		_, err = g.sso.ConfirmSignUp(ctx, signup.Caller{}, made.Token)
		return err
	}
}

func finishSSO(ctx context.Context, g *guest) error {
	if err := g.open(ctx); err != nil {
		return err
	}
	_, err := g.sso.ConfirmSignUp(ctx, signup.Caller{}, g.code)
	return err
}

func (g *guest) address() identifier.Identifier { return email(g.in.EmailAddress) }

// holder is who has the address, and how.
func (g *guest) holder(ctx context.Context) (*signup.User, signup.Claim, error) {
	claims, err := g.table.Claims(ctx, []identifier.Identifier{g.address()})
	if err != nil || len(claims) == 0 {
		return nil, signup.Claim{}, err
	}
	u, err := g.table.User(ctx, claims[0].Owner)
	return u, claims[0], err
}

// open reads the newest mail to the address of a user.
func (g *guest) open(ctx context.Context) error {
	u, _, err := g.holder(ctx)
	if err != nil {
		return err
	}
	if u == nil || u.Challenge == nil {
		return problem.ActionCodeInvalid.New() // nothing has come
	}
	key, _ := g.Keys.ByID(u.Challenge.KeyID)
	due := signup.DueMail{UserID: u.ID, SignUpID: u.ID, Purpose: u.Challenge.Purpose, Nonce: u.Challenge.Nonce, Canonical: u.Challenge.Address.Canonical}
	if g.code = due.Code(key); due.Purpose.Linked() {
		g.code = secret.NewText(queried(g.t, due.ActionURL(key, g.Settings)))
	}
	return nil
}

// own takes the guest through a door that proves the address. Where somebody else was
// there before, or in between, the address is got back by a new password.
func (g *guest) own(ctx context.Context, through doorway) error {
	err := through.enter(ctx, g)
	if err == nil {
		err = through.finish(ctx, g)
	}
	for range 5 {
		if err == nil || problem.List(err) == nil {
			break
		}
		g.asked, err = true, finishReset(ctx, g)
	}
	if u, _, readErr := g.holder(ctx); err == nil && readErr == nil && u != nil {
		g.user = u.ID
	}
	return err
}

// squat takes the guest as far as one gets without the mail, and digs in there.
func (g *guest) squat(ctx context.Context, at doorway) error {
	err := at.enter(ctx, g)
	if err != nil || g.user.IsZero() {
		return err
	}
	for _, service := range g.inOneCall() {
		if s, err := service.SignInWithPassword(ctx, signup.Caller{}, g.user, identifier.Identifier{}, g.in.Password); err == nil {
			g.sessions = append(g.sessions, s)
		}
	}
	if s, err := g.accounts.SignInAnonymously(ctx, signup.Caller{}, g.user); err == nil {
		g.sessions = append(g.sessions, s)
	}
	for _, s := range g.sessions {
		if key, err := g.accounts.AddAPIKey(ctx, s, testPrefix); err == nil {
			g.keys = append(g.keys, key)
		}
	}
	return nil
}
