package signup

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

func withUsername(s *settings.Settings) { s.Attributes.Username.Requirement = settings.Required }

// params are the fields that the declared problems in err are about, with their codes.
func params(err error) map[string]*problem.Problem {
	found := map[string]*problem.Problem{}
	for _, e := range problem.List(err) {
		found[e.Param] = e.Problem
	}
	return found
}

// An identifier that a user owns is refused when it is supplied, however it is written; an open sign-up holds nothing.
func TestTakenIdentifierIsRefused(t *testing.T) {
	f := newFixture(t, withUsername)
	owner, p, rival := f.person(), f.person(), f.person()
	owner.must(owner.signUpWhole(merge(ada(), Input{Username: "ada_lovelace"})))
	taken := merge(ada(), Input{EmailAddress: "ADA@example.COM", Username: "Ada_Lovelace"})
	err := p.create(taken)
	want := map[string]*problem.Problem{"email_address": problem.IdentifierExists, "username": problem.IdentifierExists}
	if diff := cmp.Diff(want, params(err)); diff != "" {
		t.Errorf("create (-want +got):\n%s", diff)
	}
	if p.last.Client != nil {
		t.Error("a refused create made a client")
	}
	p.must(p.create(Input{EmailAddress: "countess@example.com"}))
	rival.must(rival.create(Input{EmailAddress: "countess@example.com"}))
	p.mustFail(p.update(taken), problem.IdentifierExists)
	if p.last.Client == nil || p.last.Client.SignUp.EmailAddress.Display != "countess@example.com" {
		t.Error("a refused update should leave the sign-up, and come with the client")
	}
}

// R25: of two who complete with one address or name the first wins. The other
// loses that identifier, is told which, and keeps everything else.
func TestR25IdentifierTakenMeanwhile(t *testing.T) {
	t.Run("the username, found by the attempt", func(t *testing.T) {
		f := newFixture(t, withUsername)
		first, second := f.person(), f.person()
		second.must(second.create(Input{EmailAddress: "countess@example.com", Username: "lovelace", Password: secret.NewText(goodPassword)}))
		second.must(second.prepare())
		first.must(first.signUpWhole(merge(ada(), Input{Username: "lovelace"})))
		err := second.attempt(second.code())
		if diff := cmp.Diff(map[string]*problem.Problem{"username": problem.IdentifierExists}, params(err)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		su := second.last.SignUp
		if su == nil || su.Username.Canonical != "" || su.EmailAddress.Display != "countess@example.com" || !su.verified("email_address") || su.PasswordHash == "" {
			t.Fatalf("what is left: %+v", su)
		}
		second.must(second.update(Input{Username: "countess"}))
		second.mustBe(Complete)
	})
	t.Run("the address, found by an update", func(t *testing.T) {
		f := newFixture(t, withUsername)
		first, second := f.person(), f.person()
		second.must(second.signUpWhole(ada()))
		second.mustBe(MissingRequirements)
		first.must(first.signUpWhole(merge(ada(), Input{Username: "lovelace"})))
		err := second.update(Input{Username: "countess"})
		if diff := cmp.Diff(map[string]*problem.Problem{"email_address": problem.IdentifierExists}, params(err)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		su := second.last.Client.SignUp
		if su.EmailAddress.Canonical != "" || su.Verifications["email_address"] != nil || su.Username.Display != "countess" {
			t.Fatalf("what is left: %+v", su)
		}
		second.must(second.update(Input{EmailAddress: "countess@example.com"}))
		second.must(second.prepare())
		second.must(second.attempt(second.code()))
		second.mustBe(Complete)
	})
	t.Run("the address, in a create that would complete at once", func(t *testing.T) {
		f := newFixture(t, func(s *settings.Settings) { s.Attributes.EmailAddress.VerifyAtSignUp = false })
		first, second := f.person(), f.person()
		f.store.before = once("Complete", func() { first.must(first.create(ada())) })
		second.mustFail(second.create(ada()), problem.IdentifierExists)
		if second.last.Client != nil || len(f.store.clients) != 1 {
			t.Errorf("a client was left that nobody has the token of: %d clients", len(f.store.clients))
		}
	})
}

// once runs other the first time that method is called, outside of that call.
func once(method string, other func()) func(string) error {
	ran := false
	return func(called string) error {
		if called == method && !ran {
			ran = true
			other()
		}
		return nil
	}
}

// R32: the verified owner of an address takes it from an account that never
// proved it; that account's credentials and sessions die with it.
func TestR32VerifiedOwnerTakesOverUnverifiedClaim(t *testing.T) {
	f := newFixture(t, func(s *settings.Settings) { s.Attributes.EmailAddress.VerifyAtSignUp = false })
	hijacker := f.person()
	hijacker.must(hijacker.create(ada()))
	hijacker.mustBe(Complete)
	f.Settings.Attributes.EmailAddress.VerifyAtSignUp = true
	owner := f.person()
	owner.must(owner.signUpWhole(ada()))
	owner.mustBe(Complete)
	claim := f.store.claims[claimed{"email_address", "ada@example.com"}]
	if claim.Owner != owner.user().ID || claim.State != VerifiedClaim {
		t.Errorf("the claim: %+v", claim)
	}
	if u := hijacker.user(); u.EmailAddress.Canonical != "" || u.PasswordHash != "" || u.CredentialVersion != 2 {
		t.Errorf("the account that never proved it: %+v", u)
	}
	hijacker.must(hijacker.keep(f.Service.Client(t.Context(), hijacker.caller)))
	if len(hijacker.last.Sessions) != 0 {
		t.Error("its session is still live")
	}
	hijacker.must(hijacker.create(Input{FirstName: "Eve"}))
}

// R32, the other order: an address that its owner proved can't be taken by anybody,
// not even at the last moment.
func TestR32VerifiedClaimCantBeTaken(t *testing.T) {
	f := newFixture(t, nil)
	owner, late := f.person(), f.person()
	late.must(late.create(Input{EmailAddress: "ada@example.com"}))
	owner.must(owner.signUpWhole(ada()))
	f.Settings.Attributes.EmailAddress.VerifyAtSignUp = false
	early := f.person()
	early.mustFail(early.create(ada()), problem.IdentifierExists)
	late.mustFail(late.update(Input{Password: secret.NewText(goodPassword)}), problem.IdentifierExists)
	f.Settings.Attributes.EmailAddress.VerifyAtSignUp = true
	if u := owner.user(); u.EmailAddress.Display != "Ada@Example.com" || u.CredentialVersion != 1 || len(f.store.users) != 1 {
		t.Errorf("the owner: %+v", u)
	}
}

// Two unverified claims: the first one stays.
func TestUnverifiedClaimDoesntYieldToAnother(t *testing.T) {
	f := newFixture(t, func(s *settings.Settings) { s.Attributes.EmailAddress.VerifyAtSignUp = false })
	first, second := f.person(), f.person()
	first.must(first.create(ada()))
	second.mustFail(second.create(ada()), problem.IdentifierExists)
}

// Where one identifier yields and another doesn't, only the latter is lost.
func TestOnlyWhatIsKeptByOthersIsDropped(t *testing.T) {
	f := newFixture(t, func(s *settings.Settings) {
		withUsername(s)
		s.Attributes.EmailAddress.VerifyAtSignUp = false
	})
	hijacker, namesake, owner := f.person(), f.person(), f.person()
	hijacker.must(hijacker.create(merge(ada(), Input{Username: "hijacker"})))
	f.Settings.Attributes.EmailAddress.VerifyAtSignUp = true
	owner.must(owner.create(merge(ada(), Input{Username: "lovelace"})))
	owner.must(owner.prepare())
	namesake.must(namesake.signUpWhole(Input{EmailAddress: "other@example.com", Username: "lovelace", Password: secret.NewText(goodPassword)}))
	err := owner.attempt(owner.code())
	if diff := cmp.Diff(map[string]*problem.Problem{"username": problem.IdentifierExists}, params(err)); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	if su := owner.last.SignUp; su.EmailAddress.Canonical == "" || !su.verified("email_address") {
		t.Fatalf("the proved address was dropped too: %+v", su)
	}
	if u := hijacker.user(); u.CredentialVersion != 1 {
		t.Error("R25: the takeover happened without the completion")
	}
	owner.must(owner.update(Input{Username: "countess"}))
	owner.mustBe(Complete)
	if u := hijacker.user(); u.EmailAddress.Canonical != "" || u.CredentialVersion != 2 {
		t.Errorf("the account that never proved the address: %+v", u)
	}
}

// R49: completing gives the client another token. For a minute the one before is
// answered with the new one, always the same, for answers that were lost.
func TestR49TokenRotatesAtCompletion(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.create(ada()))
	p.must(p.prepare())
	before := p.caller
	p.must(p.attempt(p.code()))
	issued := p.last.Token
	if issued.IsZero() || issued.Reveal() == before.Token.Reveal() {
		t.Fatal("the token didn't change")
	}
	id, _ := issued.Parts()
	if oldID, _ := before.Token.Parts(); id != oldID {
		t.Error("the new token names another client")
	}
	after := Caller{Token: issued}
	for _, step := range []struct {
		name    string
		caller  Caller
		known   bool
		reissue bool
	}{
		{"the new token", after, true, false}, {"the one before", before, true, true}, {"the one before, again", before, true, true},
	} {
		a, err := p.Service.Client(t.Context(), step.caller)
		p.must(err)
		if (a.Client != nil) != step.known || a.Token.IsZero() == step.reissue {
			t.Errorf("%s: client %v, token %v", step.name, a.Client != nil, !a.Token.IsZero())
		}
		if step.reissue && a.Token.Reveal() != issued.Reveal() {
			t.Errorf("%s: another token was issued", step.name)
		}
	}
	p.clock.forward(time.Minute - time.Millisecond)
	if a, err := p.Service.Get(t.Context(), before, p.signUp); err != nil || a.Token.Reveal() != issued.Reveal() {
		t.Errorf("at the end of the grace: %v", err)
	}
	p.clock.forward(time.Millisecond)
	if a, err := p.Service.Client(t.Context(), before); err != nil || a.Client != nil {
		t.Errorf("R49: the token before the rotation is accepted after its grace (%v)", err)
	}
	if a, err := p.Service.Client(t.Context(), after); err != nil || a.Client == nil {
		t.Errorf("the new token isn't accepted (%v)", err)
	}
}

// R13: what the store keeps of a client is not enough to be it.
func TestR13StoreHoldsNoToken(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.signUpWhole(ada()))
	c := p.store.clients[p.last.Client.ID]
	_, hash := p.caller.Token.Parts()
	if !c.Token.Hash.Matches(hash) {
		t.Fatal("the store should hold the hash")
	}
	if forged := secret.DeriveClientToken(secret.MACKey{ID: c.Token.KeyID, Key: make([]byte, 32)}, c.ID, c.Token.Nonce); c.Token.Accepts(second(forged.Parts()), p.clock.now()) {
		t.Error("the nonce alone makes the token")
	}
	if string(c.Token.Nonce) == string(c.Token.Hash[:16]) {
		t.Error("the nonce is the hash")
	}
}

func second[A, B any](_ A, b B) B { return b }

// Metadata up to 512 bytes stays with the sign-up; up to 8 KB it is an object of its own, which a completion keeps.
func TestMetadata(t *testing.T) {
	small, large := `{"k":"`+strings.Repeat("v", 504)+`"}`, `{"k":"`+strings.Repeat("v", 505)+`"}`
	largest := `{"k":"` + strings.Repeat("v", MaxMetadata-8) + `"}`
	for name, c := range map[string]struct {
		json  string
		apart bool
	}{"empty object": {`{}`, false}, "512 bytes": {small, false}, "513 bytes": {large, true}, "8 KB": {largest, true}} {
		p := newFixture(t, nil).person()
		p.must(p.create(merge(ada(), Input{UnsafeMetadata: c.json})))
		ref := p.store.clients[p.last.Client.ID].SignUp.Unsafe.Ref
		if ref.IsZero() == c.apart || len(p.store.metadata) != map[bool]int{true: 1, false: 0}[c.apart] {
			t.Errorf("%s: kept apart %v, %d objects", name, !ref.IsZero(), len(p.store.metadata))
		}
		if c.apart && p.store.metadata[ref].expires.IsZero() {
			t.Errorf("%s: an object of an open sign-up should expire", name)
		}
		p.must(p.get())
		p.mustHoldMetadata(name+", read", c.json)
		p.must(p.prepare())
		p.mustHoldMetadata(name+", prepared", c.json)
		p.must(p.attempt(p.code()))
		p.mustHoldMetadata(name+", completed", c.json)
		p.must(p.get())
		p.mustHoldMetadata(name+", completed and read", c.json)
		if got := string(p.last.Sessions[0].User.Unsafe.JSON); got != c.json {
			t.Errorf("%s: the user's is %d bytes", name, len(got))
		}
		if c.apart && !p.store.metadata[ref].expires.IsZero() {
			t.Errorf("%s: a user's object expires", name)
		}
	}
}

func (p *person) mustHoldMetadata(when, want string) {
	p.t.Helper()
	if got := string(p.last.SignUp.Unsafe.JSON); got != want {
		p.t.Errorf("%s: the sign-up's metadata is %d bytes, want %d", when, len(got), len(want))
	}
}

// An update replaces the object; spaces are nobody's business.
func TestMetadataIsReplaced(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.create(Input{UnsafeMetadata: ` { "a" : 1 , "b" : [ 2 ] } `}))
	p.mustHoldMetadata("compacted", `{"a":1,"b":[2]}`)
	p.must(p.update(Input{FirstName: "Ada"}))
	p.mustHoldMetadata("not supplied", `{"a":1,"b":[2]}`)
	p.must(p.update(Input{UnsafeMetadata: `{"c":3}`}))
	p.mustHoldMetadata("replaced", `{"c":3}`)
	p.must(p.update(Input{UnsafeMetadata: `{"c":"` + strings.Repeat("v", 600) + `"}`}))
	p.must(p.update(Input{UnsafeMetadata: `{}`}))
	p.mustHoldMetadata("large, then small", `{}`)
	if !p.store.clients[p.last.Client.ID].SignUp.Unsafe.Ref.IsZero() {
		t.Error("the large object is still named")
	}
}

// Somebody else's write in between is noticed, and the change made again on what is there then.
func TestConflictsAreRetriedOnFreshState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFixture(t, nil).person()
		p.must(p.create(Input{FirstName: "Ada"}))
		other := &person{fixture: p.fixture, caller: p.caller, signUp: p.signUp}
		p.store.before = once("SaveClient", func() { other.must(other.update(Input{LastName: "Lovelace"})) })
		p.must(p.update(Input{FirstName: "Augusta"}))
		if su := p.last.SignUp; su.FirstName != "Augusta" || su.LastName != "Lovelace" {
			t.Errorf("one of two changes was lost: %+v", su)
		}
		p.store.before = nil
		p.must(p.update(ada()))
		p.must(p.prepare())
		code := p.code()
		p.store.before = once("Complete", func() { other.must(other.update(Input{LastName: "King"})) })
		p.must(p.attempt(code))
		p.mustBe(Complete)
		if u := p.user(); u.LastName != "King" || u.Proved["email_address"].Attempts != 1 {
			t.Errorf("the completion missed a change, or was counted twice: %+v", u)
		}
	})
}

// A client that others never stop writing to is answered in the end, not kept waiting.
func TestEndlessConflictsAreToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFixture(t, nil).person()
		p.must(p.create(Input{}))
		p.store.before = func(method string) error {
			if method == "SaveClient" {
				p.store.clients[p.last.Client.ID].Revision++
			}
			return nil
		}
		began := time.Now()
		p.mustFail(p.update(Input{FirstName: "Ada"}), problem.TooManyChanges)
		if waited := time.Since(began); waited > time.Second {
			t.Errorf("after %v", waited)
		}
	})
}

// A fault of the store comes through as such, changes nothing, and never as a problem of the caller's.
func TestFaultsOfTheStoreComeThrough(t *testing.T) {
	for _, method := range []string{"Client", "Claims", "SaveClient", "Complete", "CountAttempt", "BeginVerification", "BeginSignUp", "Sessions", "SaveMetadata", "KeepMetadata", "Metadata"} {
		p := newFixture(t, nil).person()
		large := merge(ada(), Input{UnsafeMetadata: `{"k":"` + strings.Repeat("v", 600) + `"}`})
		failed := 0
		for _, step := range []func() error{
			func() error { return p.create(Input{}) },
			func() error { return p.create(Input{}) },
			func() error { return p.update(large) },
			p.prepare,
			func() error { return p.attempt(p.code()) },
			p.get,
		} {
			tries := 0
			p.store.before = func(called string) error {
				if called == method {
					tries++
					return errBroken
				}
				return nil
			}
			before := len(p.store.users)
			err := step()
			p.store.before = nil
			if tries == 0 {
				p.must(err)
				continue
			}
			failed++
			if !errors.Is(err, errBroken) || problem.List(err) != nil {
				t.Fatalf("%s: got %v", method, err)
			}
			if method == "Complete" && len(p.store.users) != before {
				t.Errorf("R25: a failed completion made a user")
			}
			p.clock.forward(31 * time.Second) // past the resend wait, within the token grace
			// Already verified means that only the answer had failed.
			if err := step(); problemOf(err) != problem.VerificationAlreadyVerified {
				p.must(err)
			}
		}
		p.mustBe(Complete)
		if failed == 0 {
			t.Errorf("%s was never called: the test is too small", method)
		}
	}
}

// A refusal whose client can't be read whole is a fault: told without its
// sessions, a page would take the person for signed out.
func TestRefusalWithoutSessionsIsAFault(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.signUpWhole(ada()))
	p.store.before = func(called string) error {
		if called == "Sessions" {
			return errBroken
		}
		return nil
	}
	a, err := p.Update(t.Context(), p.caller, p.signUp, Input{FirstName: "Eve"})
	if a != nil || !errors.Is(err, errBroken) || problem.List(err) != nil {
		t.Errorf("got %+v, %v", a, err)
	}
}

// The ids of user and session are drawn with the sign-up: a completion whose
// answer was lost, and that is repeated, makes no second user.
func TestRepeatedCompletionMakesTheSameUser(t *testing.T) {
	p := newFixture(t, nil).person()
	p.must(p.create(ada()))
	user, session := p.last.SignUp.UserID, p.last.SignUp.SessionID
	p.must(p.prepare())
	p.must(p.attempt(p.code()))
	if p.user().ID != user || p.store.sessions[session] == nil {
		t.Error("the user or session has another id than the sign-up said")
	}
	if user == session || user == p.signUp || user.IsZero() {
		t.Error("ids are shared")
	}
}

// A session is judged by its limits and by its user's credential version.
func TestR50SessionLife(t *testing.T) {
	session := &Session{User: &User{CredentialVersion: 1}, CredentialVersion: 1, IdleUntil: startOfTests.Add(time.Hour), ExpiresAt: startOfTests.Add(2 * time.Hour)}
	idleForever := *session
	idleForever.IdleUntil = startOfTests.Add(24 * time.Hour)
	revoked := *session
	revoked.User = &User{CredentialVersion: 2}
	for name, c := range map[string]struct {
		s     *Session
		after time.Duration
		want  bool
	}{
		"fresh": {session, 0, true}, "idle": {session, time.Hour, false}, "just before": {session, time.Hour - 1, true},
		"over": {&idleForever, 2 * time.Hour, false}, "used to the end": {&idleForever, 2*time.Hour - 1, true},
		"credentials moved on": {&revoked, 0, false},
	} {
		if got := c.s.live(startOfTests.Add(c.after)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestClaimsYield(t *testing.T) {
	for _, c := range []struct {
		held, ours ClaimState
		want       bool
	}{
		{UnverifiedClaim, VerifiedClaim, true}, {UnverifiedClaim, UnverifiedClaim, false},
		{VerifiedClaim, VerifiedClaim, false}, {VerifiedClaim, UnverifiedClaim, false}, {"", VerifiedClaim, false},
	} {
		claim := Claim{Identifier: identifier.Identifier{Kind: "email_address", Canonical: "a@b.co"}, State: c.held}
		if got := claim.yields(c.ours); got != c.want {
			t.Errorf("%q to %q: %v", c.held, c.ours, got)
		}
	}
}
