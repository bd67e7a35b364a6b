package table

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

func (plainHash) Verify(stored string, p secret.Text) (ok, rehash bool, err error) {
	hash, err := plainHash{}.Hash(p)
	return hash == stored, false, err
}
func (plainHash) Dummy(secret.Text) {}

const testPrefix = "test_sk_"

// door is somebody who calls the accounts family over a fixture's table.
type door struct {
	*fixture
	asked   *settings.Settings // those of every family
	faults  *injector
	made    *signup.Registered
	session *signup.Session
	key     secret.APIKey
	code    string    // what they type, or what their newest link or token is
	other   signup.ID // whom they decide on
	token   secret.SessionToken
}

// atTheDoor is a fixture whose service has the family's settings.
func atTheDoor(t testing.TB, change func(*settings.Settings)) *door {
	f := newFixture(t, change)
	asked := f.Settings
	asked.PublicURL = "https://auth.example" // where links lead
	f.Settings, f.Verifier = asked.ForAccounts(), plainHash{}
	d := &door{fixture: f, asked: asked, faults: &injector{API: f.table.api}}
	f.table.api = d.faults
	return d
}

func (d *door) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatalf("unexpected error: %v", err)
	}
}

func (d *door) register(ctx context.Context, in signup.Registration) (err error) {
	var made *signup.Registered
	if made, err = d.Register(ctx, signup.Caller{}, in); err == nil {
		d.made, d.session, d.key = made, made.Session, made.Key
	}
	return err
}

// signedIn keeps the session that a sign-in begins.
func (d *door) signedIn(s *signup.Session, err error) error {
	if err == nil {
		d.session = s
	}
	return err
}

// bearing does what a caller does with an access token.
func (d *door) bearing(ctx context.Context, work func(*signup.Session) error) error {
	session, err := d.Bearer(ctx, d.session.User.ID, d.session.ID)
	if err != nil {
		return err
	}
	return work(session)
}

// newestCode is the code of the user's newest mail, or what its link carries.
func (d *door) newestCode(user signup.ID) string {
	d.t.Helper()
	for _, due := range slices.Backward(d.dueMails()) {
		if due.UserID == user {
			key, _ := d.Keys.ByID(due.KeyID)
			if due.Purpose.Linked() {
				return queried(d.t, due.ActionURL(key, d.Settings))
			}
			return due.Code(key).Reveal()
		}
	}
	d.t.Fatal("no mail is for the user")
	return ""
}

// queried is what a mailed link has in its query for the page that it leads to.
func queried(t testing.TB, link secret.Text) string {
	t.Helper()
	target, err := url.Parse(link.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	code := target.Query().Get("oobCode") + target.Query().Get("confirm_token")
	if code == "" {
		t.Fatalf("nothing is in the link's query: %s", target.Path)
	}
	return code
}

func email(address string) identifier.Identifier {
	id, err := identifier.ParseEmailAddress(address)
	if err != nil {
		panic(err)
	}
	return id
}

func username(name string) identifier.Identifier {
	return identifier.Identifier{Kind: identifier.KindUsername, Canonical: name, Display: name}
}

var (
	anonymous  = signup.Registration{SignIn: true}
	byKey      = signup.Registration{Input: signup.Input{Username: "machine"}, KeyPrefix: testPrefix}
	byPassword = signup.Registration{Input: signup.Input{Username: "ada", Password: anyPassword}}
	byMail     = signup.Registration{Input: signup.Input{Username: "ada", EmailAddress: "ada@example.com"}, Challenge: signup.ProveAddress}
)

// doorCrashing is one operation of a family with calls that make accounts, which is
// crashed at each of its calls. Its fields are those of crashing.
type doorCrashing struct {
	name   string
	at     func(*settings.Settings) *settings.Settings // the family's; nil is the accounts family's
	change func(*settings.Settings)
	before func(*door)
	run    func(context.Context, *door) error
	retold []*problem.Problem
	mails  int
	anew   bool
	after  func(*door)
}

func registering(in signup.Registration) func(context.Context, *door) error {
	return func(ctx context.Context, d *door) error { return d.register(ctx, in) }
}

func registered(in signup.Registration) func(*door) {
	return func(d *door) {
		d.must(d.register(d.t.Context(), in))
		if in.Challenge != "" {
			d.code = d.newestCode(d.made.User.ID)
		}
		if in.ConfirmToken {
			d.code = d.made.Token.Reveal()
		}
	}
}

// challengedAtTheDoor is signed in without a factor, and was mailed at ada@example.com.
func challengedAtTheDoor(d *door) {
	registered(anonymous)(d)
	d.must(d.ChallengeAddress(d.t.Context(), signup.Caller{}, d.session, email("ada@example.com")))
	d.code = d.newestCode(d.made.User.ID)
}

func byCode(ctx context.Context, d *door) error {
	return d.signedIn(d.SignInWithCode(ctx, signup.Caller{}, email("ada@example.com"), d.code))
}

func proving(ctx context.Context, d *door) error {
	return d.bearing(ctx, func(s *signup.Session) error { return d.ProveAddress(ctx, s, email("ada@example.com"), d.code) })
}

var spent = []*problem.Problem{problem.VerificationAlreadyVerified, problem.AuthenticationInvalid}

// doorCrashings are the operations of the accounts family.
var doorCrashings = []doorCrashing{
	{name: "register: anonymous", run: registering(anonymous), anew: true},
	{name: "register: key", run: registering(byKey), retold: []*problem.Problem{problem.IdentifierExists}},
	{name: "register: password", run: registering(byPassword), retold: []*problem.Problem{problem.IdentifierExists}},
	{name: "register: e-mail", run: registering(byMail), mails: 1, retold: []*problem.Problem{problem.IdentifierExists}},
	{name: "register: e-mail, keeping quiet", change: protected, run: registering(nameless), mails: 1, anew: true},
	{name: "register: a taken e-mail, keeping quiet", change: protected, before: registered(byMail), run: registering(nameless), mails: 1, anew: true},
	{name: "sign in: password", before: registered(byPassword), anew: true, run: func(ctx context.Context, d *door) error {
		return d.signedIn(d.SignInWithPassword(ctx, signup.Caller{}, signup.ID{}, username("ada"), anyPassword))
	}},
	{name: "sign in: key", before: registered(byKey), anew: true, run: func(ctx context.Context, d *door) error {
		return d.signedIn(d.SignInWithKey(ctx, signup.Caller{}, d.key))
	}},
	{name: "sign in: anonymous", before: registered(anonymous), anew: true, run: func(ctx context.Context, d *door) error {
		return d.signedIn(d.SignInAnonymously(ctx, signup.Caller{}, d.made.User.ID))
	}},
	{name: "sign in: code", before: registered(byMail), run: byCode, retold: spent},
	{name: "challenge at sign-in", before: registeredAWhileAgo, mails: 1, run: func(ctx context.Context, d *door) error {
		return d.ChallengeSignIn(ctx, signup.Caller{}, email("ada@example.com"))
	}},
	{name: "challenge nobody", run: func(ctx context.Context, d *door) error {
		return d.ChallengeSignIn(ctx, signup.Caller{}, email("nobody@example.com"))
	}},
	{name: "challenge an address", before: registered(anonymous), mails: 1, retold: []*problem.Problem{problem.VerificationTooSoon},
		run: func(ctx context.Context, d *door) error {
			return d.bearing(ctx, func(s *signup.Session) error {
				return d.ChallengeAddress(ctx, signup.Caller{}, s, email("ada@example.com"))
			})
		}},
	{name: "prove an address", before: challengedAtTheDoor, run: proving, retold: spent, after: provedOnce},
	{name: "prove an address that another claims", before: squattedAtTheDoor, run: proving, retold: spent, after: provedOnce},
	{name: "prove another address than the first", before: registeredWrongly, run: proving, retold: spent, after: provedOnce},
	{name: "first password", before: registered(anonymous), run: settingPassword, retold: []*problem.Problem{problem.AuthenticationInvalid}},
	{name: "another password", before: signedInByPassword, run: settingPassword},
	{name: "first key", before: registered(anonymous), anew: true, retold: []*problem.Problem{problem.AuthenticationInvalid}, run: addingKey},
	{name: "another key", before: signedInByPassword, anew: true, run: addingKey},
}

var nameless = signup.Registration{Input: signup.Input{EmailAddress: "ada@example.com"}, Challenge: signup.ProveAddress}

func settingPassword(ctx context.Context, d *door) error {
	return d.bearing(ctx, func(s *signup.Session) error { return d.SetPassword(ctx, s, secret.NewText("another long passphrase")) })
}

func addingKey(ctx context.Context, d *door) error {
	return d.bearing(ctx, func(s *signup.Session) (err error) { d.key, err = d.AddAPIKey(ctx, s, testPrefix); return err })
}

func registeredAWhileAgo(d *door) {
	registered(byMail)(d)
	d.clock.forward(time.Hour)
}

func signedInByPassword(d *door) {
	registered(byPassword)(d)
	d.must(d.signedIn(d.SignInWithPassword(d.t.Context(), signup.Caller{}, d.made.User.ID, identifier.Identifier{}, anyPassword)))
}

// squattedAtTheDoor is challenged where somebody else claims the address, unproved.
func squattedAtTheDoor(d *door) {
	registered(signup.Registration{Input: signup.Input{Username: "eve", EmailAddress: "ada@example.com", Password: anyPassword}})(d)
	challengedAtTheDoor(d)
}

// registeredWrongly has supplied another address, and is challenged at the right one.
func registeredWrongly(d *door) {
	registered(signup.Registration{Input: signup.Input{EmailAddress: "eda@example.com"}, SignIn: true})(d)
	d.must(d.ChallengeAddress(d.t.Context(), signup.Caller{}, d.session, email("ada@example.com")))
	d.code = d.newestCode(d.made.User.ID)
}

// provedOnce: the address is the user's, by one claim.
func provedOnce(d *door) {
	d.t.Helper()
	claim := d.whole().claims[claimKey(email("ada@example.com")).pk]
	if idOf(claim.Owner) != d.made.User.ID || claim.State != string(signup.VerifiedClaim) {
		d.t.Errorf("the address is %+v", claim)
	}
}

// TestR25AccountsCrashAtEveryCall lets every fault befall every AWS call of every
// operation of the families that make accounts in one call; the caller then retries.
// Nothing is half done, no identifier has two users, and no mail is lost or doubled.
func TestR25AccountsCrashAtEveryCall(t *testing.T) {
	for _, op := range slices.Concat(doorCrashings, passwordsCrashings, ssoCrashings) {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			everyFault(t, op.calls(t), op.crash)
		})
	}
}

func (op doorCrashing) door(t *testing.T) *door {
	d := atTheDoor(t, op.change)
	if op.at != nil {
		d.Settings = op.at(d.asked)
	}
	if op.before != nil {
		op.before(d)
	}
	return d
}

func (op doorCrashing) calls(t *testing.T) []string {
	t.Helper()
	d := op.door(t)
	mails := len(d.dueMails())
	d.faults.arm("", nil)
	d.must(op.run(t.Context(), d))
	calls := slices.Clone(d.faults.calls)
	d.faults.disarm()
	op.judge(d, mails, false)
	return calls
}

func (op doorCrashing) crash(t *testing.T, call string, fault fault) {
	d := op.door(t)
	mails := len(d.dueMails())
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // a lasting conflict is not waited for
	defer cancel()
	d.faults.arm(call, &fault)
	err := op.run(ctx, d)
	struck, dead := d.faults.disarm()
	if !struck {
		t.Fatalf("there was no %s", call)
	}
	unheard := dead || (err != nil && (problem.List(err) == nil || problem.Has(err, problem.Unavailable)))
	if unheard {
		if err = op.run(t.Context(), d); slices.ContainsFunc(op.retold, func(p *problem.Problem) bool { return problem.Has(err, p) }) {
			err = nil
		}
	}
	d.must(err)
	op.judge(d, mails, unheard)
}

// judge holds what the operation left behind against what it may.
func (op doorCrashing) judge(d *door, mails int, unheard bool) {
	d.t.Helper()
	most := op.mails
	if op.anew && unheard {
		most *= 2
	}
	if made := len(d.dueMails()) - mails; made < op.mails || made > most {
		d.t.Errorf("made %d mails due, want %d to %d", made, op.mails, most)
	}
	if faults := d.whole().faultsOf(); len(faults) > 0 {
		d.t.Errorf("the table isn't whole: %s", strings.Join(faults, "\n"))
	}
	if op.after != nil {
		op.after(d)
	}
}

// TestR32ProofAtAnyDoor races an unverified claim of one door with a proof at another,
// and asks who has the address in the end: the one who proved it, always, and nothing
// that the other had put in opens anything.
func TestR32ProofAtAnyDoor(t *testing.T) {
	for round := range 12 {
		f := newFixture(t, nil)
		service := *f.Service
		service.Settings, service.Verifier = f.Settings.ForAccounts(), plainHash{}
		owner := f.person()
		owner.must(owner.create(signup.Input{EmailAddress: "ada@example.com", Password: anyPassword, Strategy: "email_code"}))
		code := owner.code()
		squat := signup.Registration{Input: signup.Input{EmailAddress: "ada@example.com", Password: secret.NewText("squatter's passphrase")}, KeyPrefix: testPrefix}
		if round%3 > 0 { // before, or raced
			squat.SignIn = true
		}
		var squatter *signup.Registered
		claim := func() (err error) {
			squatter, err = service.Register(context.Background(), signup.Caller{}, squat)
			if problem.Has(err, problem.IdentifierExists) {
				return nil // the proof was first
			}
			return err
		}
		switch round % 3 {
		case 0:
			owner.must(claim())
			owner.must(owner.attempt(code))
		case 1:
			owner.must(owner.attempt(code))
			owner.must(claim())
		case 2:
			for i, err := range together(2, func(i int) error {
				if i == 0 {
					return claim()
				}
				return owner.attempt(code)
			}) {
				if err != nil {
					t.Fatalf("racer %d: %v", i, err)
				}
			}
		}
		f.mustBeOwners(t, &service, owner.last.Sessions[0].User.ID, squatter)
	}
}

// mustBeOwners: the address is the owner's, and the squatter's key and session are dead.
func (f *fixture) mustBeOwners(t *testing.T, service *signup.Service, owner signup.ID, squatter *signup.Registered) {
	t.Helper()
	held := f.whole().claims[claimKey(email("ada@example.com")).pk]
	if idOf(held.Owner) != owner || held.State != string(signup.VerifiedClaim) {
		t.Fatalf("the address is %+v, not %s's", held, owner)
	}
	in, err := service.SignInWithPassword(t.Context(), signup.Caller{}, signup.ID{}, email("ada@example.com"), anyPassword)
	if err != nil || in.User.ID != owner {
		t.Errorf("the owner signs in at the other door: %+v, %v", in, err)
	}
	if squatter == nil {
		return
	}
	if _, err := service.SignInWithKey(t.Context(), signup.Caller{}, squatter.Key); !problem.Has(err, problem.CredentialsInvalid) {
		t.Errorf("the squatter's key: %v", err)
	}
	if _, err := service.SignInWithPassword(t.Context(), signup.Caller{}, squatter.User.ID, identifier.Identifier{}, secret.NewText("squatter's passphrase")); !problem.Has(err, problem.CredentialsInvalid) {
		t.Errorf("the squatter's password: %v", err)
	}
	if squatter.Session != nil {
		if _, err := service.Bearer(t.Context(), squatter.User.ID, squatter.Session.ID); !problem.Has(err, problem.AuthenticationInvalid) {
			t.Errorf("the squatter's session: %v", err)
		}
	}
	if faults := f.whole().faultsOf(); len(faults) > 0 {
		t.Errorf("the table isn't whole: %s", strings.Join(faults, "\n"))
	}
}

// TestR25OneNameAtTwoDoors lets many people go for one name at once, at two doors: one
// of them gets it.
func TestR25OneNameAtTwoDoors(t *testing.T) {
	f := newFixture(t, func(s *settings.Settings) {
		s.Attributes.Username.Requirement, s.Attributes.EmailAddress.Requirement = settings.Required, settings.Optional
		s.Attributes.EmailAddress.VerifyAtSignUp = false
	})
	service := *f.Service
	service.Settings, service.Verifier = f.Settings.ForAccounts(), plainHash{}
	won := 0
	for i, err := range together(40, func(i int) error {
		if i%2 == 0 {
			return f.person().create(signup.Input{Username: "ada_lovelace", Password: anyPassword})
		}
		in := signup.Registration{Input: signup.Input{Username: "Ada_Lovelace", EmailAddress: fmt.Sprintf("a%d@example.com", i)}, KeyPrefix: testPrefix}
		_, err := service.Register(context.Background(), signup.Caller{}, in)
		return err
	}) {
		switch {
		case err == nil:
			won++
		case !problem.Has(err, problem.IdentifierExists):
			t.Fatalf("person %d: %v", i, err)
		}
	}
	if counts := f.items(); won != 1 || counts["user"] != 1 {
		t.Errorf("%d won; the table has %v", won, counts)
	}
}

// TestR21AccountsKeepQuiet: where sign-ups keep quiet about addresses, one call with a
// taken address sends and answers what one with a free address does.
func TestR21AccountsKeepQuiet(t *testing.T) {
	d := atTheDoor(t, protected)
	registered(byMail)(d)
	d.must(byCode(t.Context(), d))
	owner := d.made.User.ID
	var sent [2]string
	for i, address := range []string{"ada@example.com", "free@example.com"} {
		d.faults.arm("", nil)
		d.must(d.register(t.Context(), signup.Registration{Input: signup.Input{EmailAddress: address}, Challenge: signup.ProveAddress}))
		sent[i] = strings.Join(d.faults.calls, ", ")
		d.faults.disarm()
		_, err := d.SignInWithCode(t.Context(), signup.Caller{}, email(address), "000000")
		if !problem.Has(err, problem.CodeIncorrect) {
			t.Errorf("%s: %v", address, err)
		}
		if newest := d.dueMails(); newest[len(newest)-1].Owned([]signup.Claim{{Identifier: email("ada@example.com"), Owner: owner, State: signup.VerifiedClaim}}) != (i == 0) {
			t.Errorf("%s: the mail says otherwise", address)
		}
	}
	if sent[0] != sent[1] {
		t.Errorf("a taken address costs %q, a free one %q", sent[0], sent[1])
	}
}

// countingVerifier counts the hashes that sign-ins cost.
type countingVerifier struct {
	plainHash
	hashes *int
}

func (v countingVerifier) Verify(stored string, p secret.Text) (ok, rehash bool, err error) {
	*v.hashes++
	return v.plainHash.Verify(stored, p)
}
func (v countingVerifier) Dummy(secret.Text) { *v.hashes++ }

// TestR9R21SignInsTellNobodyApart: each way to sign in sends the same requests, costs
// the same hashes and ends in the same problem for somebody who can't get in and for
// an identifier that is nobody's.
func TestR9R21SignInsTellNobodyApart(t *testing.T) {
	hashes := 0
	d := atTheDoor(t, func(s *settings.Settings) {
		protected(s)
		s.Limits.SignInsPerAccountHour, s.Limits.AttemptsPerSource = 0, 0
	})
	d.Verifier = countingVerifier{hashes: &hashes}
	registered(byMail)(d)
	registered(graceByPassword)(d)
	d.clock.forward(time.Hour)
	wrong := secret.NewText("wrong")
	for name, signIn := range map[string]func(name, address string) error{
		"password by name": func(name, _ string) error {
			_, err := d.SignInWithPassword(t.Context(), signup.Caller{}, signup.ID{}, username(name), wrong)
			return err
		},
		"password by address": func(_, address string) error {
			_, err := d.SignInWithPassword(t.Context(), signup.Caller{}, signup.ID{}, email(address), wrong)
			return err
		},
		"asking for a code again": func(_, address string) error {
			_ = d.ChallengeSignIn(t.Context(), signup.Caller{}, email(address))
			return d.ChallengeSignIn(t.Context(), signup.Caller{}, email(address))
		},
		"asking for a code":         func(_, address string) error { return d.ChallengeSignIn(t.Context(), signup.Caller{}, email(address)) },
		"asking for a new password": func(_, address string) error { return d.ChallengeReset(t.Context(), signup.Caller{}, email(address)) },
		"asking for a new password again": func(_, address string) error {
			_ = d.ChallengeReset(t.Context(), signup.Caller{}, email(address))
			return d.ChallengeReset(t.Context(), signup.Caller{}, email(address))
		},
		"a wrong code": func(_, address string) error {
			_, err := d.SignInWithCode(t.Context(), signup.Caller{}, email(address), "000000")
			return err
		},
	} {
		var sent, ended [2]string
		var cost [2]int
		for i, who := range [][2]string{{"grace", "ada@example.com"}, {"nobody", "nobody@example.com"}} {
			hashes = 0
			d.faults.arm("", nil)
			err := signIn(who[0], who[1])
			sent[i], ended[i], cost[i] = strings.Join(d.faults.calls, ", "), fmt.Sprint(err), hashes
			d.faults.disarm()
		}
		if sent[0] != sent[1] || ended[0] != ended[1] || cost[0] != cost[1] {
			t.Errorf("%s: %q, %s, %d hashes for somebody; %q, %s, %d for nobody", name, sent[0], ended[0], cost[0], sent[1], ended[1], cost[1])
		}
	}
}

var graceByPassword = signup.Registration{Input: signup.Input{Username: "grace", Password: anyPassword}}

// TestR49OneFirstFactor: of two who hold the token of an account without a factor, and
// give it one at once, one does; the other's token is over.
func TestR49OneFirstFactor(t *testing.T) {
	for range 10 {
		d := atTheDoor(t, nil)
		registered(anonymous)(d)
		session := func() *signup.Session {
			s, err := d.Bearer(t.Context(), d.session.User.ID, d.session.ID)
			d.must(err)
			return s
		}
		held := [2]*signup.Session{session(), session()}
		won := 0
		for _, err := range together(2, func(i int) error {
			if i == 0 {
				return d.SetPassword(context.Background(), held[0], anyPassword)
			}
			_, err := d.AddAPIKey(context.Background(), held[1], testPrefix)
			return err
		}) {
			switch {
			case err == nil:
				won++
			case !problem.Has(err, problem.AuthenticationInvalid):
				t.Fatal(err)
			}
		}
		if won != 1 {
			t.Fatalf("%d gave it a first factor", won)
		}
	}
}
