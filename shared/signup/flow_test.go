package signup

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// What was supplied is copied to the user, whatever it is.
func TestEverythingSuppliedReachesTheUser(t *testing.T) {
	p := newFixture(t, func(s *settings.Settings) {
		everyAttribute(settings.Required)(s)
		s.SignUp.LegalConsent = true
	}).person()
	in := Input{Locale: "de-AT", UnsafeMetadata: `{"plan": "pro"}`}
	for _, one := range supplied {
		in = merge(in, one)
	}
	p.must(p.signUpWhole(in))
	p.mustBe(Complete)
	want := Facts{
		EmailAddress: identifier.Identifier{Kind: "email_address", Canonical: "ada@example.com", Display: "ada@example.com"},
		Username:     identifier.Identifier{Kind: "username", Canonical: p.user().Username.Canonical, Display: "ada_lovelace"},
		PhoneNumber:  identifier.Identifier{Kind: "phone_number", Canonical: "+4930901820", Display: "+49 30 901820"},
		Web3Wallet: identifier.Identifier{Kind: "web3_wallet", Canonical: "0x52908400098527886e0f7030069857d2e4169ee7",
			Display: "0x52908400098527886e0f7030069857d2e4169ee7"},
		PasswordHash: "hash of 21 characters", FirstName: "Ada", LastName: "Lovelace", Birthday: "1815-12-10", Gender: "female",
		Locale: "de-AT", Unsafe: Metadata{JSON: json.RawMessage(`{"plan":"pro"}`)}, LegalAccepted: startOfTests,
	}
	if diff := cmp.Diff(want, p.user().Facts); diff != "" {
		t.Errorf("the user's facts (-want +got):\n%s", diff)
	}
	kinds := map[identifier.Kind]ClaimState{}
	for _, claim := range p.store.claims {
		if claim.Owner != p.user().ID {
			t.Errorf("%v isn't the user's", claim)
		}
		kinds[claim.Identifier.Kind] = claim.State
	}
	wantKinds := map[identifier.Kind]ClaimState{
		"email_address": VerifiedClaim, "username": VerifiedClaim, "phone_number": UnverifiedClaim, "web3_wallet": UnverifiedClaim,
	}
	if diff := cmp.Diff(wantKinds, kinds); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if u := p.user(); u.CredentialVersion != 1 || u.PasswordSetAt != startOfTests || u.CreatedAt != startOfTests {
		t.Errorf("the user: %+v", u)
	}
}

// The last missing fact completes, whichever request brings it: create, update or attempt.
func TestTheLastFactCompletes(t *testing.T) {
	unproved := func(s *settings.Settings) { s.Attributes.EmailAddress.VerifyAtSignUp = false }
	for name, c := range map[string]struct {
		change func(*settings.Settings)
		run    func(*person) error
	}{
		"create": {unproved, func(p *person) error { return p.create(ada()) }},
		"create by a known client": {unproved, func(p *person) error {
			p.must(p.keep(p.EnsureClient(t.Context(), p.caller)))
			return p.create(ada())
		}},
		"update": {unproved, func(p *person) error {
			p.must(p.create(Input{EmailAddress: "ada@example.com"}))
			p.mustBe(MissingRequirements)
			return p.update(Input{Password: secret.NewText(goodPassword)})
		}},
		"update after the proof": {nil, func(p *person) error {
			p.must(p.signUpWhole(Input{EmailAddress: "ada@example.com"}))
			p.mustBe(MissingRequirements)
			return p.update(Input{Password: secret.NewText(goodPassword)})
		}},
		"attempt":           {nil, func(p *person) error { return p.signUpWhole(ada()) }},
		"nothing asked for": {everyAttribute(settings.Off), func(p *person) error { return p.create(Input{}) }},
	} {
		t.Run(name, func(t *testing.T) {
			p := newFixture(t, c.change).person()
			p.must(c.run(p))
			p.mustBe(Complete)
			a := p.last
			if len(a.Sessions) != 1 || a.Sessions[0].ID != a.SignUp.SessionID || a.Client.Active != a.SignUp.SessionID {
				t.Fatalf("the new session isn't the active one: %+v", a)
			}
			if a.Sessions[0].User.ID != a.SignUp.UserID || a.Sessions[0].ClientID != a.Client.ID {
				t.Errorf("the session: %+v", a.Sessions[0])
			}
			p.must(p.get())
			p.mustBe(Complete)
			if len(p.last.Sessions) != 1 {
				t.Errorf("read again, there are %d sessions", len(p.last.Sessions))
			}
		})
	}
}

// A client without a token begins where nothing is asked for; one with a token, too.
func TestCreateWithNothing(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.create(Input{}))
	if p.last.Token.IsZero() {
		t.Error("a new client needs its token")
	}
	first, client := p.signUp, p.last.Client.ID
	p.must(p.create(Input{}))
	if p.signUp == first || p.last.Client.ID != client || !p.last.Token.IsZero() {
		t.Errorf("the same client should begin another sign-up: %+v", p.last)
	}
	p.caller = Caller{Token: secret.DeriveClientToken(p.Keys.Current(), ID{7}, make([]byte, 16))}
	p.must(p.create(Input{}))
	if p.last.Client.ID == client || p.last.Token.IsZero() {
		t.Errorf("a caller whose token proves nothing gets a client of its own: %+v", p.last)
	}
}

// Facts and the proof in any order end in the same user.
func TestAnyOrderEndsInTheSameUser(t *testing.T) {
	change := func(s *settings.Settings) {
		everyAttribute(settings.Required)(s)
		s.SignUp.LegalConsent = true
	}
	steps := append(settings.AttributeNames(), legalAccepted, "prepare", "attempt")
	random := rand.New(rand.NewChaCha8([32]byte{3}))
	var want *User
	for range 150 {
		order := slices.Clone(steps)
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		inOrder(order, "email_address", "prepare", "attempt")
		got := runSteps(t, change, order, random)
		if want == nil {
			want = got
		}
		ignored := cmpopts.IgnoreFields(User{}, "ID")
		if diff := cmp.Diff(want, got, ignored); diff != "" {
			t.Fatalf("%v made another user (-first +this):\n%s", order, diff)
		}
	}
}

// inOrder moves those that depend on each other into their order, where they stand.
func inOrder(order []string, dependent ...string) {
	var places []int
	for i, step := range order {
		if slices.Contains(dependent, step) {
			places = append(places, i)
		}
	}
	for i, place := range places {
		order[place] = dependent[i]
	}
}

// runSteps runs steps, the first ones in the create, and holds that only the last one completes.
func runSteps(t *testing.T, change func(*settings.Settings), order []string, random *rand.Rand) *User {
	t.Helper()
	p := newFixture(t, change).person()
	in, first := Input{}, random.IntN(4)
	for first > 0 && (slices.Contains(order[:first], "prepare") || slices.Contains(order[:first], "attempt")) {
		first--
	}
	for _, name := range order[:first] {
		in = merge(in, supplied[name])
	}
	p.must(p.create(in))
	lists := Require(p.Settings, p.last.SignUp)
	for _, step := range order[first:] {
		p.mustBe(MissingRequirements)
		if len(p.store.users) != 0 {
			t.Fatalf("%v: a user before %s", order, step)
		}
		switch step {
		case "prepare":
			p.must(p.prepare())
		case "attempt":
			p.must(p.attempt(p.code()))
		default:
			p.must(p.update(supplied[step]))
		}
		now := Require(p.Settings, p.last.SignUp)
		if !cmp.Equal(now.Required, lists.Required) || !cmp.Equal(now.Optional, lists.Optional) {
			t.Fatalf("%v: required and optional moved at %s", order, step)
		}
	}
	p.mustBe(Complete)
	return p.user()
}

// R24: whatever is called in whatever order, no user comes into being without
// every required fact and every proof, and each step's answer is what is stored.
func TestR24NoStepCanBeSkipped(t *testing.T) {
	completed := 0
	for seed := range byte(60) {
		random := rand.New(rand.NewChaCha8([32]byte{4, seed}))
		p := newFixture(t, func(s *settings.Settings) {
			s.Attributes.Username.Requirement = settings.Required
			s.Attributes.FirstName.Requirement = settings.Required
			s.SignUp.LegalConsent = true
		}).person()
		p.must(p.create(Input{}))
		for range 40 {
			randomStep(p, random)
			for _, u := range p.store.users {
				su := SignUp{Facts: u.Facts}
				if _, proved := u.Proved["email_address"]; proved {
					verify(&su)
				}
				if r := Require(p.Settings, &su); !r.Met() {
					t.Fatalf("seed %d: a user without %v, unproved %v", seed, r.Missing, r.Unverified)
				}
			}
			p.must(p.get())
			if complete := p.status() == Complete; complete != (len(p.store.users) == 1) {
				t.Fatalf("seed %d: the sign-up is %s with %d users", seed, p.status(), len(p.store.users))
			}
		}
		completed += len(p.store.users)
	}
	if completed < 10 || completed > 55 {
		t.Errorf("%d of 60 runs completed: the property was hardly tried", completed)
	}
}

// randomStep is one call with whatever comes: its refusal is as good as its success.
func randomStep(p *person, random *rand.Rand) {
	signUp := p.signUp
	switch random.IntN(8) {
	case 0, 1, 2:
		names := append(settings.AttributeNames(), legalAccepted)
		_ = p.update(supplied[names[random.IntN(len(names))]])
	case 3:
		_ = p.update(Input{EmailAddress: []string{"ada@example.com", "countess@example.com"}[random.IntN(2)]})
	case 4:
		_ = p.prepare()
	case 5:
		if p.store.DueMail(p.last.Client.ID).MailID != "" {
			_ = p.attempt(p.code())
		}
	case 6:
		_ = p.attempt("000000")
	case 7:
		p.clock.forward(20 * time.Second)
	}
	p.signUp = signUp
}

// A changed address drops its proof; the same one, however it is written, keeps it.
func TestChangedAddressDropsItsVerification(t *testing.T) {
	for name, c := range map[string]struct {
		address string
		kept    bool
	}{
		"the same":         {"ada@example.com", true},
		"in other letters": {"ADA@EXAMPLE.COM", true},
		"another":          {"countess@example.com", false},
	} {
		for _, proved := range []bool{false, true} {
			p := newFixture(t, func(s *settings.Settings) { s.Attributes.Username.Requirement = settings.Required }).person()
			p.must(p.create(ada()))
			p.must(p.prepare())
			code := p.code()
			if proved {
				p.must(p.attempt(code))
			}
			p.must(p.update(Input{EmailAddress: c.address}))
			v := p.emailVerification()
			if (v != nil) != c.kept || (c.kept && proved != !v.VerifiedAt.IsZero()) {
				t.Errorf("%s, proved %v: the verification is %+v", name, proved, v)
			}
			if p.last.SignUp.EmailAddress.Display != c.address {
				t.Errorf("%s: the address reads %s", name, p.last.SignUp.EmailAddress.Display)
			}
			if !c.kept {
				p.mustFail(p.attempt(code), problem.VerificationNotSent)
			}
		}
	}
}

// A sign-up gives way to the client's next one: its id is nobody's then.
func TestReplacedSignUpIsGone(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.create(ada()))
	p.must(p.prepare())
	code, old := p.code(), p.signUp
	p.must(p.create(Input{FirstName: "Ada"}))
	p.mustBeGone(old, code)
	if p.last.Client.SignUp.ID == old {
		t.Error("the client still has it")
	}
}

// mustBeGone holds that every operation on id answers 404.
func (p *person) mustBeGone(id ID, code string) {
	p.t.Helper()
	for name, call := range map[string]func() (*Answer, error){
		"get":     func() (*Answer, error) { return p.Get(p.t.Context(), p.caller, id) },
		"update":  func() (*Answer, error) { return p.Update(p.t.Context(), p.caller, id, Input{FirstName: "Eve"}) },
		"prepare": func() (*Answer, error) { return p.Prepare(p.t.Context(), p.caller, id, "email_code", Link{}) },
		"attempt": func() (*Answer, error) { return p.Attempt(p.t.Context(), p.caller, id, "email_code", code) },
	} {
		a, err := call()
		if problemOf(err) != problem.ResourceNotFound {
			p.t.Errorf("%s: got %v, want 404", name, err)
		}
		if a != nil && a.SignUp != nil {
			p.t.Errorf("%s: the answer shows the sign-up", name)
		}
	}
}

// A sign-up is its client's: to others, and to nobody in particular, it doesn't exist.
func TestAnotherClientsSignUpIsNotFound(t *testing.T) {
	f := newFixture(t, nil)
	p, eve, nobody, forger := f.person(), f.person(), f.person(), f.person()
	p.must(p.create(ada()))
	p.must(p.prepare())
	eve.must(eve.create(Input{}))
	eve.mustBeGone(p.signUp, p.code())
	nobody.mustBeGone(p.signUp, p.code())
	forger.caller.Token = secret.DeriveClientToken(f.Keys.Current(), p.last.Client.ID, make([]byte, 16))
	forger.mustBeGone(p.signUp, p.code())
	eve.mustBeGone(ID{}, p.code())
	eve.mustBeGone(ID{1, 2, 3}, p.code())
	p.must(p.get())
	if p.emailVerification().Attempts != 0 || p.last.SignUp.FirstName != "" {
		t.Error("others changed the sign-up")
	}
}

// After 24 hours a sign-up is abandoned: it can be read, and not changed.
func TestAbandonedSignUpCantBeChanged(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.create(ada()))
	p.clock.forward(24*time.Hour - time.Minute)
	p.must(p.prepare())
	code := p.code()
	p.must(p.update(Input{FirstName: "Ada"}))
	p.clock.forward(time.Minute)
	p.mustBeClosed(code, Abandoned)
	p.must(p.create(ada()))
	p.mustBe(MissingRequirements)
}

func TestCompleteSignUpCantBeChanged(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.signUpWhole(ada()))
	before := p.user().clone()
	p.mustBeClosed("123456", Complete)
	if diff := cmp.Diff(before, p.user()); diff != "" {
		t.Errorf("the user changed:\n%s", diff)
	}
}

// mustBeClosed holds that the sign-up can be read and nothing else.
func (p *person) mustBeClosed(code string, status Status) {
	p.t.Helper()
	p.mustFail(p.update(Input{FirstName: "Eve"}), problem.SignUpNotUpdatable)
	p.mustFail(p.update(Input{}), problem.SignUpNotUpdatable)
	p.mustFail(p.prepare(), problem.SignUpNotUpdatable)
	want := problem.SignUpNotUpdatable
	if status == Complete {
		want = problem.VerificationAlreadyVerified
	}
	p.mustFail(p.attempt(code), want)
	p.must(p.get())
	p.mustBe(status)
}

// In single-session mode a signed-in client can't begin another sign-up; in the other mode it can.
func TestSingleSession(t *testing.T) {
	for _, single := range []bool{true, false} {
		for name, in := range map[string]Input{"with nothing": {}, "with facts": {EmailAddress: "countess@example.com"}} {
			p := newFixture(t, func(s *settings.Settings) { s.SingleSession = single }).person()
			p.must(p.signUpWhole(ada()))
			err := p.create(in)
			if !single {
				p.must(err)
				continue
			}
			p.mustFail(err, problem.SessionExists)
			if p.last.Client == nil || len(p.last.Sessions) != 1 {
				t.Errorf("%s: the refusal should come with the client and its session: %+v", name, p.last)
			}
		}
	}
}

func TestSeveralSessions(t *testing.T) {
	p := newFixture(t, func(s *settings.Settings) { s.SingleSession = false }).person()
	p.must(p.signUpWhole(ada()))
	first := p.last.SignUp.SessionID
	p.must(p.signUpWhole(Input{EmailAddress: "countess@example.com", Password: secret.NewText(goodPassword)}))
	p.mustBe(Complete)
	var ids []ID
	for _, session := range p.last.Sessions {
		ids = append(ids, session.ID)
	}
	if diff := cmp.Diff([]ID{first, p.last.SignUp.SessionID}, ids); diff != "" || p.last.Client.Active != p.last.SignUp.SessionID {
		t.Errorf("sessions, active %v (-want +got):\n%s", p.last.Client.Active, diff)
	}
	p.clock.forward(31 * 24 * time.Hour)
	p.must(p.signUpWhole(Input{EmailAddress: "augusta@example.com", Password: secret.NewText(goodPassword)}))
	if refs := p.store.clients[p.last.Client.ID].Sessions; len(refs) != 1 {
		t.Errorf("the client still names %d sessions that are over", len(refs)-1)
	}
}

// A completion needs no more requests than to count the attempt and to store all that it makes.
func TestCompletionTakesTwoRequests(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.create(ada()))
	p.must(p.prepare())
	p.store.calls = nil
	p.must(p.attempt(p.code()))
	if diff := cmp.Diff([]string{"CountAttempt", "Complete"}, p.store.calls); diff != "" {
		t.Errorf("requests to the store (-want +got):\n%s", diff)
	}
}

// R51: a session that was idle for too long, or reached its end, doesn't keep its
// client from signing up, and isn't shown.
func TestR51DeadSessionsDontBlock(t *testing.T) {
	idle := settings.Default().Session.IdleLife
	for name, life := range map[string]settings.Duration{"idle": 4 * idle, "over": idle} {
		for how, in := range map[string]Input{"with nothing": {}, "with facts": {EmailAddress: "countess@example.com"}} {
			p := newFixture(t, func(s *settings.Settings) { s.Session.AbsoluteLife = life }).person()
			p.must(p.signUpWhole(ada()))
			p.clock.forward(idle.Std() - time.Millisecond)
			p.mustFail(p.create(in), problem.SessionExists)
			p.clock.forward(time.Millisecond)
			p.must(p.keep(p.Service.Client(t.Context(), p.caller)))
			if p.last.Client == nil || len(p.last.Sessions) != 0 {
				t.Fatalf("%s: %d sessions are shown", name, len(p.last.Sessions))
			}
			p.must(p.create(in))
			p.mustBe(MissingRequirements)
			if how == "with facts" && p.last.Client.Active != (ID{}) {
				t.Errorf("%s: a dead session is still the active one", name)
			}
		}
	}
}

func TestClientOperations(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.keep(p.Service.Client(t.Context(), p.caller)))
	if p.last.Client != nil {
		t.Fatal("nobody has no client")
	}
	p.must(p.keep(p.EnsureClient(t.Context(), p.caller)))
	id := p.last.Client.ID
	p.must(p.keep(p.EnsureClient(t.Context(), p.caller)))
	if p.last.Client.ID != id || !p.last.Token.IsZero() {
		t.Errorf("the same caller got another client or token: %+v", p.last)
	}
	p.must(p.signUpWhole(ada()))
	p.must(p.keep(p.Service.Client(t.Context(), p.caller)))
	if len(p.last.Sessions) != 1 {
		t.Fatalf("%d sessions", len(p.last.Sessions))
	}
	p.must(p.keep(p.DeleteClient(t.Context(), p.caller)))
	if c := p.last.Client; c == nil || c.ID != id || len(c.Sessions) != 0 || c.SignUp != nil || !c.Active.IsZero() {
		t.Errorf("the deleted client: %+v", c)
	}
	if len(p.store.clients)+len(p.store.sessions) != 0 || len(p.store.users) != 1 {
		t.Error("the client and its sessions should be gone, the user stays")
	}
	p.must(p.keep(p.DeleteClient(t.Context(), p.caller)))
	if p.last.Client != nil {
		t.Error("there was nothing to delete")
	}
}
