package signup

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

var startOfTests = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const goodPassword = "correct horse battery"

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time          { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) forward(d time.Duration) { c.mu.Lock(); c.t = c.t.Add(d); c.mu.Unlock() }

// plainPasswords stand for the real judge and hash, which package password tests.
type plainPasswords struct{}

func (plainPasswords) Check(_ context.Context, candidate secret.Text, personal ...string) error {
	if len(candidate.Reveal()) < 15 {
		return problem.PasswordTooShort.On("password").Detailed("15")
	}
	for _, word := range personal {
		if word == candidate.Reveal() {
			return problem.PasswordContext.On("password")
		}
	}
	return nil
}

func (plainPasswords) Hash(candidate secret.Text) (string, error) {
	return fmt.Sprintf("hash of %d characters", len(candidate.Reveal())), nil
}

// entropy is random bytes that are the same in every run.
type entropy struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func (e *entropy) Read(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.source.Read(p)
}

// fixture is the service over a store of its own.
type fixture struct {
	*Service
	store *MemoryStore
	clock *clock
	t     testing.TB
}

func newFixture(t testing.TB, change func(*settings.Settings)) *fixture {
	t.Helper()
	s := settings.Default()
	s.Limits = settings.Limits{} // tests of limits ask for theirs
	if change != nil {
		change(s)
	}
	random := &entropy{source: rand.NewChaCha8([32]byte{1})}
	keys, err := secret.NewKeyring(random, startOfTests)
	if err != nil {
		t.Fatal(err)
	}
	store, c := NewMemoryStore(), &clock{t: startOfTests}
	return &fixture{t: t, store: store, clock: c, Service: &Service{
		Settings: s, Store: store, Keys: keys, Passwords: plainPasswords{}, Now: c.now, Entropy: random,
	}}
}

// person is somebody who signs up, and keeps the token as a browser would.
type person struct {
	*fixture
	caller Caller
	signUp ID
	last   *Answer
}

func (f *fixture) person() *person { return &person{fixture: f} }

func (p *person) keep(a *Answer, err error) error {
	p.t.Helper()
	if a == nil {
		if err == nil {
			p.t.Fatal("neither an answer nor an error")
		}
		return err
	}
	p.last = a
	if !a.Token.IsZero() {
		p.caller.Token = a.Token
	}
	if a.SignUp != nil {
		p.signUp = a.SignUp.ID
	}
	return err
}

func (p *person) create(in Input) error { return p.keep(p.Create(p.t.Context(), p.caller, in)) }

func (p *person) update(in Input) error {
	return p.keep(p.Update(p.t.Context(), p.caller, p.signUp, in))
}

func (p *person) prepare() error {
	return p.keep(p.Prepare(p.t.Context(), p.caller, p.signUp, EmailCode.Name, Link{}))
}

func (p *person) attempt(code string) error {
	return p.keep(p.Attempt(p.t.Context(), p.caller, p.signUp, EmailCode.Name, code))
}

func (p *person) get() error { return p.keep(p.Get(p.t.Context(), p.caller, p.signUp)) }

// code is what the newest mail to the person says.
func (p *person) code() string {
	p.t.Helper()
	due := p.store.DueMail(p.last.Client.ID)
	key, ok := p.Keys.ByID(due.KeyID)
	if !ok {
		p.t.Fatal("no mail is due")
	}
	return due.Code(key).Reveal()
}

// wrongCode is a code other than the right one; different for each n.
func (p *person) wrongCode(n int) string {
	right := p.code()
	code := fmt.Sprintf("%06d", n)
	if code >= right {
		code = fmt.Sprintf("%06d", n+1)
	}
	return code
}

// signUpWhole goes through create, prepare and attempt.
func (p *person) signUpWhole(in Input) error {
	for _, step := range []func() error{
		func() error { return p.create(in) },
		p.prepare,
		func() error { return p.attempt(p.code()) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (p *person) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("unexpected error: %v", err)
	}
}

func (p *person) mustFail(err error, want *problem.Problem) {
	p.t.Helper()
	if !problem.Has(err, want) {
		p.t.Fatalf("got error %v, want %s", err, want.Code)
	}
}

func (p *person) status() Status {
	p.t.Helper()
	if p.last.SignUp == nil {
		p.t.Fatal("the answer has no sign-up")
	}
	return p.last.SignUp.StatusAt(p.last.Now)
}

func (p *person) mustBe(want Status) {
	p.t.Helper()
	if got := p.status(); got != want {
		p.t.Fatalf("the sign-up is %s, want %s; %+v", got, want, Require(p.Settings, p.last.SignUp))
	}
}

// user is the user that the person became.
func (p *person) user() *User {
	p.t.Helper()
	u := p.store.users[p.last.SignUp.UserID]
	if u == nil {
		p.t.Fatal("there is no user")
	}
	return u
}

func (p *person) emailVerification() *Verification {
	return p.last.SignUp.Verifications[identifier.KindEmailAddress]
}

func ada() Input {
	return Input{EmailAddress: "Ada@Example.com", Password: secret.NewText(goodPassword)}
}

// everyAttribute asks for all facts in the given way.
func everyAttribute(requirement settings.Requirement) func(*settings.Settings) {
	return func(s *settings.Settings) {
		for _, name := range settings.AttributeNames() {
			setRequirement(s, name, requirement)
		}
	}
}

func setRequirement(s *settings.Settings, name string, requirement settings.Requirement) {
	a := &s.Attributes
	if name == "email_address" {
		a.EmailAddress.Requirement = requirement
		return
	}
	map[string]*settings.Attribute{
		"phone_number": &a.PhoneNumber, "username": &a.Username, "web3_wallet": &a.Web3Wallet, "password": &a.Password,
		"first_name": &a.FirstName, "last_name": &a.LastName, "birthday": &a.Birthday, "gender": &a.Gender,
	}[name].Requirement = requirement
}

// supplied are inputs that supply one attribute each.
var supplied = map[string]Input{
	"email_address": {EmailAddress: "ada@example.com"},
	"phone_number":  {PhoneNumber: "+49 30 901820"},
	"username":      {Username: "ada_lovelace"},
	"web3_wallet":   {Web3Wallet: "0x52908400098527886e0f7030069857d2e4169ee7"},
	"password":      {Password: secret.NewText(goodPassword)},
	"first_name":    {FirstName: "Ada"},
	"last_name":     {LastName: "Lovelace"},
	"birthday":      {Birthday: "1815-12-10"},
	"gender":        {Gender: "female"},
	legalAccepted:   {LegalAccepted: true},
}

// merge is a with what b supplies.
func merge(a, b Input) Input {
	for _, field := range []struct{ to, from *string }{
		{&a.EmailAddress, &b.EmailAddress}, {&a.PhoneNumber, &b.PhoneNumber}, {&a.Username, &b.Username},
		{&a.Web3Wallet, &b.Web3Wallet}, {&a.FirstName, &b.FirstName}, {&a.LastName, &b.LastName},
		{&a.Birthday, &b.Birthday}, {&a.Gender, &b.Gender}, {&a.Locale, &b.Locale},
		{&a.UnsafeMetadata, &b.UnsafeMetadata}, {&a.Strategy, &b.Strategy},
	} {
		if *field.from != "" {
			*field.to = *field.from
		}
	}
	if !b.Password.IsZero() {
		a.Password = b.Password
	}
	a.LegalAccepted = a.LegalAccepted || b.LegalAccepted
	return a
}

var errBroken = errors.New("the database is down")
