package table

import (
	"context"
	"fmt"
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

var anyPassword = secret.NewText("correct horse battery")

// visitor is a person in a crash test, with what they would do next.
type visitor struct {
	*person
	faults *injector
	wants  signup.Input // what they sign up with in the end
	code   string       // what they type
	// sessions are those that they hold, and the one that they end last.
	sessions []signup.ID
	link     secret.LinkToken // what they click
	approval string           // what the clicked link gave their app
}

// crashing is one operation that is crashed at each of its calls. A new operation is a row of the table below.
type crashing struct {
	name   string
	change func(*settings.Settings)
	// before brings the visitor to where the operation is next.
	before func(*visitor)
	// run sends the request; sending it again, with the same token, is the retry.
	run func(context.Context, *visitor) error
	// refused is the problem that the operation ends in, nil if it is accepted.
	refused *problem.Problem
	// retold are problems that a retry may be told of instead, after a first try that had its effect unheard.
	retold []*problem.Problem
	// mails is how many mails the operation makes due.
	mails int
	// anew marks a request whose repetition can't be known as one: after an effect
	// that nobody heard of, the retry has its own.
	anew bool
	// after checks what must hold once the retry was heard.
	after func(*visitor)
}

func ada() signup.Input { return signup.Input{EmailAddress: "ada@example.com", Password: anyPassword} }

// full is an input with everything that makes calls: claims, a hash, a large object, a mail.
func full() signup.Input {
	in := ada()
	in.UnsafeMetadata, in.Strategy = metadata(1500), "email_code"
	return in
}

func unproved(s *settings.Settings) { s.Attributes.EmailAddress.VerifyAtSignUp = false }

func withUsername(s *settings.Settings) { s.Attributes.Username.Requirement = settings.Optional }

// crashings are the operations of the sign-up.
var crashings = []crashing{
	{name: "client: make", run: ensureClient, anew: true},
	{name: "client: read", before: completed(full()), run: getClient},
	{name: "client: delete", before: completed(full()), run: deleteClient, after: clientGone},
	{name: "client: delete, an open sign-up", before: prepared(full()), run: deleteClient, after: clientGone},
	{name: "create without a client, empty", run: creating(signup.Input{}), anew: true},
	{name: "create without a client", run: creating(full()), mails: 1, anew: true},
	{name: "create with a client, empty", before: begun(signup.Input{}), run: creating(signup.Input{}), anew: true},
	{name: "create with a client", before: begun(signup.Input{}), run: creating(full()), mails: 1, anew: true},
	{name: "create in place of another", before: prepared(full()), run: creating(full()), mails: 1, anew: true},
	{name: "create that completes, without a client", change: unproved, run: creating(large(ada())),
		retold: []*problem.Problem{problem.IdentifierExists}},
	{name: "create that completes", change: unproved, before: begun(signup.Input{}), run: creating(large(ada())),
		retold: []*problem.Problem{problem.SessionExists, problem.IdentifierExists}},
	{name: "create with a taken address", before: taken("ada@example.com"), run: creating(full()), refused: problem.IdentifierExists},
	{name: "sign-up: read", before: prepared(full()), run: getSignUp},
	{name: "sign-up: read, complete", before: completed(full()), run: getSignUp},
	{name: "update", change: withUsername, before: begun(ada()),
		run: updating(signup.Input{Username: "ada_lovelace", UnsafeMetadata: metadata(1500)})},
	{name: "update that sends a mail", before: begun(signup.Input{}), run: updating(full()), mails: 1,
		retold: []*problem.Problem{problem.VerificationTooSoon}},
	{name: "update that completes", before: proved(signup.Input{EmailAddress: "ada@example.com"}),
		run: updating(large(signup.Input{Password: anyPassword})), retold: []*problem.Problem{problem.SignUpNotUpdatable}},
	{name: "prepare", before: begun(large(ada())), run: preparing, mails: 1,
		retold: []*problem.Problem{problem.VerificationTooSoon}},
	{name: "prepare again", before: resendable(full()), run: preparing, mails: 1,
		retold: []*problem.Problem{problem.VerificationTooSoon}},
	{name: "attempt a wrong code", before: wrongly(prepared(full())), run: attempting, refused: problem.CodeIncorrect, after: attempts(1)},
	{name: "attempt the last wrong code", before: wrongly(nearlyFailed), run: attempting, refused: problem.CodeIncorrect, after: attempts(5)},
	{name: "attempt the right code last", before: nearlyFailed, run: attempting,
		retold: []*problem.Problem{problem.VerificationAlreadyVerified}},
	{name: "attempt with more missing", before: prepared(large(signup.Input{EmailAddress: "ada@example.com", Strategy: "email_code"})),
		run: attempting, retold: []*problem.Problem{problem.VerificationAlreadyVerified}, after: attempts(1)},
	{name: "attempt that completes", before: prepared(full()), run: attempting,
		retold: []*problem.Problem{problem.VerificationAlreadyVerified}},
	{name: "attempt that takes over an unverified claim", before: squatted, run: attempting,
		retold: []*problem.Problem{problem.VerificationAlreadyVerified}, after: tookOver},
	{name: "attempt for an address taken meanwhile", before: beaten, run: attempting, refused: problem.IdentifierExists,
		retold: []*problem.Problem{problem.VerificationMissing}},
}

// TestR25CrashAtEveryCall lets every fault befall every AWS call of every
// operation. The caller then retries, and goes on to a session. Whatever was cut
// off: nothing is half done (R25), no address has a second user, no mail is lost
// or doubled, no retry spends a second attempt (R15), and nobody is locked out.
func TestR25CrashAtEveryCall(t *testing.T) {
	for _, op := range crashings {
		op.crashEverywhere(t)
	}
}

func (op crashing) crashEverywhere(t *testing.T) {
	t.Run(op.name, func(t *testing.T) {
		t.Parallel()
		everyFault(t, op.calls(t), op.crash)
	})
}

// everyFault lets every fault that can befall a call befall each of calls, in a test of its own.
func everyFault(t *testing.T, calls []string, crash func(*testing.T, string, fault)) {
	for _, call := range calls {
		for _, fault := range faults {
			if fault.befalls(call) {
				t.Run(strings.ReplaceAll(call+" "+fault.name, " ", "_"), func(t *testing.T) { crash(t, call, fault) })
			}
		}
	}
}

func (op crashing) visitor(t *testing.T) *visitor {
	f := newFixture(t, op.change)
	v := &visitor{person: f.person(), faults: &injector{API: f.table.api}, wants: ada()}
	f.table.api = v.faults
	if op.before != nil {
		op.before(v)
	}
	return v
}

// calls are the names of the calls that the operation makes when nothing happens to it.
func (op crashing) calls(t *testing.T) []string {
	t.Helper()
	v := op.visitor(t)
	mails := len(v.dueMails())
	v.faults.arm("", nil)
	v.mustEndAsPlanned(op, op.run(t.Context(), v))
	calls := slices.Clone(v.faults.calls)
	v.faults.disarm()
	if made := len(v.dueMails()) - mails; made != op.mails {
		t.Errorf("made %d mails due, want %d", made, op.mails)
	}
	if op.after != nil {
		op.after(v)
	}
	v.finish()
	return calls
}

func (v *visitor) mustEndAsPlanned(op crashing, err error) {
	v.t.Helper()
	if op.refused == nil {
		v.must(err)
	} else {
		v.mustFail(err, op.refused)
	}
}

// crash lets fault befall call, retries until the operation's end is heard, and goes on from there.
func (op crashing) crash(t *testing.T, call string, fault fault) {
	v := op.visitor(t)
	mails := len(v.dueMails())
	unheard := op.strike(v, call, fault)
	if unheard {
		if err := op.run(t.Context(), v); !slices.ContainsFunc(op.retold, func(p *problem.Problem) bool { return problem.Has(err, p) }) {
			v.mustEndAsPlanned(op, err)
		}
	}
	most := op.mails
	if op.anew && unheard {
		most *= 2
	}
	if made := len(v.dueMails()) - mails; made < op.mails || made > most {
		t.Errorf("made %d mails due, want %d to %d", made, op.mails, most)
	}
	v.mustBeWhole()
	if op.after != nil {
		op.after(v)
	}
	v.finish()
}

// strike runs the operation with fault befalling call, and reports whether its
// end was unheard: the process died, or the answer was that something is wrong on our side.
func (op crashing) strike(v *visitor, call string, fault fault) (unheard bool) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), 2*time.Second) // a lasting conflict is not waited for
	defer cancel()
	before := *v.person
	v.faults.arm(call, &fault)
	err := op.run(ctx, v)
	struck, dead := v.faults.disarm()
	if !struck {
		v.t.Fatalf("there was no %s", call)
	}
	if dead {
		*v.person = before
		return true
	}
	if err != nil && (problem.List(err) == nil || problem.Has(err, problem.Unavailable)) {
		return true
	}
	v.mustEndAsPlanned(op, err)
	return false
}

// finish goes on as a client would until there is a session, and checks the table then.
func (v *visitor) finish() {
	v.t.Helper()
	for range 12 {
		v.must(v.reread())
		if len(v.last.Sessions) > 0 {
			v.mustBeWhole()
			v.mailsAreDueOnce()
			return
		}
		switch err := v.next(); {
		case problem.Has(err, problem.IdentifierExists):
			v.wants.EmailAddress = "countess@example.com"
		case problem.Has(err, problem.VerificationTooSoon):
			v.clock.forward(v.Settings.Verification.ResendAfter.Std())
		default:
			v.must(err)
		}
	}
	v.t.Fatal("there is no way to a session")
}

// reread asks who one is, as a page does that was loaded again.
func (v *visitor) reread() error {
	err := v.keep(v.Client(context.Background(), v.caller))
	if c := v.last; err == nil && c.Client != nil && c.Client.SignUp != nil {
		v.signUp = c.Client.SignUp.ID
	}
	return err
}

// next sends what the sign-up lacks.
func (v *visitor) next() error {
	c := v.last.Client
	if c == nil || c.SignUp == nil || c.SignUp.StatusAt(v.clock.now()) != signup.MissingRequirements {
		return v.create(v.wants)
	}
	if needs := signup.Require(v.Settings, c.SignUp); len(needs.Missing) > 0 {
		return v.update(v.wants)
	}
	challenge := c.SignUp.Verifications[identifier.KindEmailAddress]
	if challenge == nil || challenge.StatusAt(v.clock.now(), v.Settings.Verification.MaxAttempts) != signup.Unverified {
		return v.prepare()
	}
	return v.attempt(v.mailed())
}

// mailed is the code in the newest mail for the sign-up.
func (v *visitor) mailed() string {
	v.t.Helper()
	due := v.dueMails()
	for _, mail := range slices.Backward(due) {
		if mail.SignUpID == v.signUp {
			key, _ := v.Keys.ByID(mail.KeyID)
			return mail.Code(key).Reveal()
		}
	}
	v.t.Fatalf("none of %d mails is for the sign-up", len(due))
	return ""
}

// mailsAreDueOnce checks that no record of the stream makes a mail due again.
func (v *visitor) mailsAreDueOnce() {
	v.t.Helper()
	seen := map[string]bool{}
	for _, mail := range v.dueMails() {
		if seen[mail.MailID] {
			v.t.Errorf("mail %s is due twice", mail.MailID)
		}
		seen[mail.MailID] = true
	}
}

func mentions(list []string, text string) bool {
	return slices.ContainsFunc(list, func(line string) bool { return strings.Contains(line, text) })
}

// The operations.

func ensureClient(ctx context.Context, v *visitor) error {
	return v.keep(v.EnsureClient(ctx, v.caller))
}
func getClient(ctx context.Context, v *visitor) error { return v.keep(v.Client(ctx, v.caller)) }
func deleteClient(ctx context.Context, v *visitor) error {
	return v.keep(v.DeleteClient(ctx, v.caller))
}
func getSignUp(ctx context.Context, v *visitor) error { return v.keep(v.Get(ctx, v.caller, v.signUp)) }
func preparing(ctx context.Context, v *visitor) error {
	return v.keep(v.Prepare(ctx, v.caller, v.signUp, "email_code", signup.Link{}))
}
func attempting(ctx context.Context, v *visitor) error {
	return v.keep(v.Attempt(ctx, v.caller, v.signUp, "email_code", v.code))
}

func creating(in signup.Input) func(context.Context, *visitor) error {
	return func(ctx context.Context, v *visitor) error { return v.keep(v.Create(ctx, v.caller, in)) }
}

func updating(in signup.Input) func(context.Context, *visitor) error {
	return func(ctx context.Context, v *visitor) error { return v.keep(v.Update(ctx, v.caller, v.signUp, in)) }
}

// What comes before them.

func large(in signup.Input) signup.Input { in.UnsafeMetadata = metadata(1500); return in }

func begun(in signup.Input) func(*visitor) {
	return func(v *visitor) { v.must(v.create(in)) }
}

// prepared has begun with a mail on its way, and knows what it says.
func prepared(in signup.Input) func(*visitor) {
	return func(v *visitor) {
		v.must(v.create(in))
		v.code = v.mailed()
	}
}

func resendable(in signup.Input) func(*visitor) {
	return func(v *visitor) {
		prepared(in)(v)
		v.clock.forward(v.Settings.Verification.ResendAfter.Std())
	}
}

// proved has proved an address, with more missing.
func proved(in signup.Input) func(*visitor) {
	return func(v *visitor) {
		in.Strategy = "email_code"
		prepared(in)(v)
		v.must(v.attempt(v.code))
	}
}

func completed(in signup.Input) func(*visitor) {
	return func(v *visitor) {
		prepared(in)(v)
		v.must(v.attempt(v.code))
	}
}

// wrongly types another code than the one that before learned.
func wrongly(before func(*visitor)) func(*visitor) {
	return func(v *visitor) {
		before(v)
		v.code = v.wrongCode(90)
	}
}

// nearlyFailed has one attempt left.
func nearlyFailed(v *visitor) {
	prepared(full())(v)
	for n := range v.Settings.Verification.MaxAttempts - 1 {
		v.mustFail(v.attempt(v.wrongCode(2*n)), problem.CodeIncorrect)
	}
}

// taken has another person's account on address.
func taken(address string) func(*visitor) {
	return func(v *visitor) { v.must(v.fixture.person().signUpWhole(address)) }
}

// squatted has the address held by somebody who never proved it.
func squatted(v *visitor) {
	squatter := v.squatter(v.wants.EmailAddress)
	squatter.must(squatter.create(large(squatterInput)))
	prepared(full())(v)
}

// beaten is about to prove an address that somebody else has proved meanwhile.
func beaten(v *visitor) {
	prepared(full())(v)
	taken(v.wants.EmailAddress)(v)
}

// What must hold after them.

func attempts(want int) func(*visitor) {
	return func(v *visitor) {
		v.t.Helper()
		v.must(v.reread())
		if got := v.last.Client.SignUp.Verifications[identifier.KindEmailAddress].Attempts; got != want {
			v.t.Errorf("%d attempts are counted, want %d", got, want)
		}
	}
}

func clientGone(v *visitor) {
	v.t.Helper()
	v.must(v.reread())
	if w := v.whole(); v.last.Client != nil || len(w.clients) != 0 || len(w.sessions) != 0 {
		v.t.Errorf("there are still %d clients and %d sessions", len(w.clients), len(w.sessions))
	}
	v.wants.EmailAddress = fmt.Sprintf("%s@example.com", "grace") // the address may be a user's by now
}

func tookOver(v *visitor) {
	v.t.Helper()
	v.must(v.reread())
	if len(v.last.Sessions) != 1 || v.last.Sessions[0].User.EmailAddress.Canonical != v.wants.EmailAddress {
		v.t.Errorf("the address is not the owner's")
	}
	if squatters := len(v.whole().users) - 1; squatters != 1 {
		v.t.Errorf("%d other users, want the squatter without its address", squatters)
	}
}
