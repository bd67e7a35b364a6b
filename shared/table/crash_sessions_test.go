package table

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// sessionCrashings are the operations on sessions. The visitor holds one of a user
// with large metadata, which hasn't been used for an hour, unless the row says otherwise.
var sessionCrashings = []crashing{
	{name: "session: read", before: holding(1), run: onLast("get"), after: holds1(1)},
	{name: "session: touch", before: holding(1), run: onLast("touch"), after: used},
	{name: "session: touch another", change: accounts, before: another(holding(2)), run: onLast("touch"), after: chosen},
	{name: "session: token", before: holding(1), run: onLast("token"), after: used},
	{name: "session: me", before: holding(1), run: onLast("me"), after: holds1(1)},
	{name: "session: list", before: holding(1), run: onLast("list"), after: holds1(1)},
	{name: "session: end", before: holding(1), run: onLast("end"), after: holds1(0), retold: []*problem.Problem{problem.ResourceNotFound}},
	{name: "session: end one of two", change: accounts, before: holding(2), run: onLast("end"), after: holds1(1),
		retold: []*problem.Problem{problem.ResourceNotFound}},
	{name: "session: end all", change: accounts, before: holding(3), run: onLast("end all"), after: holds1(0)},
	{name: "session: end all of nobody's", run: onLast("end all")},
	{name: "session: revoke one's own", before: holding(1), run: onLast("revoke own"), after: holds1(0),
		retold: []*problem.Problem{problem.AuthenticationInvalid}},
	{name: "session: revoke elsewhere", before: holdingElsewhere, run: revokingElsewhere, after: holds1(1),
		retold: []*problem.Problem{problem.ResourceNotFound}},
	{name: "create that ends the oldest session", change: accounts, before: full20, run: creating(ada()), after: holds1(20), anew: true,
		retold: []*problem.Problem{problem.IdentifierExists}},
	{name: "client: delete, with sessions", change: accounts, before: holding(3), run: deleteClient, after: clientGone},
}

// linkCrashings are the operations of mailed links.
var linkCrashings = []crashing{
	{name: "link: prepare", change: linked, before: begun(large(ada())), run: preparingLink(webLink), mails: 1,
		retold: []*problem.Problem{problem.VerificationTooSoon}},
	{name: "link: create", change: linked, before: begun(signup.Input{}), run: creating(withWebLink(full())), mails: 1, anew: true},
	{name: "link: confirm and complete", change: linked, before: mailedLink(large(ada()), webLink),
		run: confirmingAs(signup.LinkVerified), after: holds1(1)},
	{name: "link: confirm before the last fact", change: linked, before: mailedLink(signup.Input{EmailAddress: "ada@example.com"}, webLink),
		run: confirmingAs(signup.LinkVerified), after: provedByLink},
	{name: "link: confirm again", change: linked, before: confirmed, run: confirmingAs(signup.LinkVerified), after: holds1(1)},
	{name: "link: confirm elsewhere", change: anybodys, before: mailedLink(large(ada()), webLink), run: confirmingElsewhere, after: holds1(1)},
	{name: "link: hand over to the app", change: linked, before: mailedLink(large(ada()), appLink), run: confirmingAs(signup.LinkHandedOver)},
	{name: "link: complete in the app", change: linked, before: handedOver, run: completingLink, after: holds1(1),
		retold: []*problem.Problem{problem.ApprovalTokenConsumed}},
	{name: "link: a taken address", change: linked, before: beatenByLink, run: confirmingAs(signup.LinkFailed)},
}

// limitCrashings are the operations that count, from a known source.
var limitCrashings = []crashing{
	{name: "limits: create that sends a mail", change: limited, before: from, run: creating(full()), mails: 1, anew: true, after: counted},
	{name: "limits: update that sends a mail", change: limited, before: also(from, begun(signup.Input{})), run: updating(full()), mails: 1,
		retold: []*problem.Problem{problem.VerificationTooSoon}, after: counted},
	{name: "limits: prepare", change: limited, before: also(from, begun(large(ada()))), run: preparing, mails: 1,
		retold: []*problem.Problem{problem.VerificationTooSoon}, after: counted},
	{name: "limits: attempt that completes", change: limited, before: also(from, prepared(full())), run: attempting,
		retold: []*problem.Problem{problem.VerificationAlreadyVerified}, after: counted},
	{name: "limits: attempt a wrong code", change: limited, before: also(from, wrongly(prepared(full()))), run: attempting,
		refused: problem.CodeIncorrect, after: counted},
}

// TestR50CrashAtEveryCallOfSessions is TestR25CrashAtEveryCall for sessions: what was
// ended stays ended, and what wasn't is whole.
func TestR50CrashAtEveryCallOfSessions(t *testing.T) {
	for _, op := range sessionCrashings {
		op.crashEverywhere(t)
	}
}

// TestR12CrashAtEveryCallOfLinks is the same for mailed links: one link, one user, one session.
func TestR12CrashAtEveryCallOfLinks(t *testing.T) {
	for _, op := range linkCrashings {
		op.crashEverywhere(t)
	}
}

// TestR15CrashAtEveryCallOfLimits is the same with limits: no mail and no attempt goes
// uncounted, and nobody is locked out for a fault of ours.
func TestR15CrashAtEveryCallOfLimits(t *testing.T) {
	for _, op := range limitCrashings {
		op.crashEverywhere(t)
	}
}

// The operations.

func onLast(name string) func(context.Context, *visitor) error {
	return func(ctx context.Context, v *visitor) error {
		var id signup.ID
		if len(v.sessions) > 0 {
			id = v.sessions[len(v.sessions)-1]
		}
		return sessionCalls[name](ctx, v.person, id)
	}
}

func revokingElsewhere(ctx context.Context, v *visitor) error {
	return v.keep(v.RevokeSession(ctx, v.caller, v.sessions[0], v.sessions[1]))
}

func preparingLink(link signup.Link) func(context.Context, *visitor) error {
	return func(ctx context.Context, v *visitor) error {
		return v.keep(v.Prepare(ctx, v.caller, v.signUp, "email_link", link))
	}
}

// confirmingAs clicks the mailed link in the client that began.
func confirmingAs(want signup.LinkStatus) func(context.Context, *visitor) error {
	return func(ctx context.Context, v *visitor) error { return v.click(ctx, v.caller, want) }
}

func confirmingElsewhere(ctx context.Context, v *visitor) error {
	return v.click(ctx, signup.Caller{}, signup.LinkVerified)
}

func (v *visitor) click(ctx context.Context, caller signup.Caller, want signup.LinkStatus) error {
	a, err := v.ConfirmLink(ctx, caller, v.link)
	if err != nil {
		return err
	}
	if a.Status != want {
		v.t.Errorf("the link is %s, want %s", a.Status, want)
	}
	if !a.Token.IsZero() {
		v.caller.Token = a.Token
	}
	v.approval = a.Approval.Reveal()
	return nil
}

func completingLink(ctx context.Context, v *visitor) error {
	return v.keep(v.CompleteLink(ctx, v.caller, v.signUp, v.approval, pkceVerifier))
}

// What comes before them.

// also is one before the other.
func also(first, then func(*visitor)) func(*visitor) {
	return func(v *visitor) {
		first(v)
		then(v)
	}
}

// holding has n sessions, all of which may end; the last is that of the crash.
func holding(n int) func(*visitor) {
	return func(v *visitor) {
		for i := range n {
			in := large(ada())
			in.EmailAddress = fmt.Sprintf("holder%d@example.com", i)
			prepared := func() {
				in.Strategy = "email_code"
				v.must(v.create(in))
				v.must(v.attempt(v.mailed()))
			}
			if v.Settings.Attributes.EmailAddress.VerifyAtSignUp {
				prepared()
			} else {
				v.signIn(in)
			}
			id := v.last.SignUp.SessionID
			v.sessions, v.over[id] = append(v.sessions, id), false
			v.clock.forward(time.Second)
		}
		v.clock.forward(time.Hour)
	}
}

// another means a session that isn't the active one.
func another(before func(*visitor)) func(*visitor) {
	return func(v *visitor) {
		before(v)
		slices.Reverse(v.sessions)
	}
}

// holdingElsewhere has a session on two clients.
func holdingElsewhere(v *visitor) {
	holding(1)(v)
	_, id := v.elsewhere(v.last.Sessions[0])
	v.sessions, v.over[id] = append(v.sessions, id), true
}

// full20 holds all the sessions that a client may hold.
func full20(v *visitor) {
	holding(1)(v)
	v.plant(v.last.Client, v.last.Sessions[0], 19)
}

func anybodys(s *settings.Settings) {
	linked(s)
	s.Verification.RequireSameClient = false
}

func withWebLink(in signup.Input) signup.Input {
	in.Strategy, in.Link = "email_link", webLink
	return in
}

// mailedLink has begun with a link on its way.
func mailedLink(in signup.Input, link signup.Link) func(*visitor) {
	return func(v *visitor) {
		v.must(v.create(in))
		v.must(preparingLink(link)(context.Background(), v))
		v.link = v.person.link()
	}
}

func confirmed(v *visitor) {
	mailedLink(large(ada()), webLink)(v)
	v.must(v.click(context.Background(), v.caller, signup.LinkVerified))
}

func handedOver(v *visitor) {
	mailedLink(large(ada()), appLink)(v)
	v.must(v.click(context.Background(), signup.Caller{}, signup.LinkHandedOver))
}

func beatenByLink(v *visitor) {
	mailedLink(large(ada()), webLink)(v)
	taken(v.wants.EmailAddress)(v)
}

// limited has the limits that are the default.
func limited(s *settings.Settings) { s.Limits = settings.Default().Limits }

func from(v *visitor) { v.caller.Source = "203.0.113.7" }

// What must hold after them.

// holds1 is a client that holds n live sessions.
func holds1(n int) func(*visitor) {
	return func(v *visitor) {
		v.t.Helper()
		v.must(v.reread())
		if c := v.last.Client; len(v.last.Sessions) != n || len(c.Sessions) != n {
			v.t.Errorf("%d live sessions, %d held, want %d", len(v.last.Sessions), len(c.Sessions), n)
		}
		if active := v.last.ActiveSession(); (active == nil) != (n == 0) || n > 0 && active.ID != v.last.Client.Active {
			v.t.Errorf("the active session is %v", active)
		}
	}
}

func used(v *visitor) {
	v.t.Helper()
	holds1(1)(v)
	if s := v.last.Sessions[0]; !s.LastActiveAt.Equal(v.clock.now()) || !s.IdleUntil.Equal(v.clock.now().Add(v.Settings.Session.IdleLife.Std())) {
		v.t.Errorf("the use isn't noted: %+v", s)
	}
}

func chosen(v *visitor) {
	v.t.Helper()
	holds1(2)(v)
	if v.last.Client.Active != v.sessions[len(v.sessions)-1] {
		v.t.Error("the session isn't the active one")
	}
}

func provedByLink(v *visitor) {
	v.t.Helper()
	v.must(v.reread())
	if proof := v.last.Client.SignUp.Verifications["email_address"]; proof == nil || proof.VerifiedAt.IsZero() {
		v.t.Errorf("the address isn't proved: %+v", proof)
	}
}

// counted holds the counts to what has happened: no less, and no more than a repetition adds.
func counted(v *visitor) {
	v.t.Helper()
	events := map[string]int{}
	for at, item := range v.whole().limits {
		events[at] = len(item.Events)
	}
	mails := len(v.dueMails())
	most := 0
	for _, n := range events {
		most = max(most, n)
	}
	if len(events) == 0 || most < mails {
		v.t.Errorf("%d mails, counted %v", mails, events)
	}
	v.clock.forward(v.Settings.Limits.SourceWindow.Std())
}
