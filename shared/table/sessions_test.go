package table

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// accounts lets a client hold several sessions, of users who need no proof.
func accounts(s *settings.Settings) {
	s.SingleSession, s.Attributes.EmailAddress.VerifyAtSignUp = false, false
}

// signIn completes another sign-up on the person's client in one request, and returns its session.
func (p *person) signIn(in signup.Input) signup.ID {
	p.t.Helper()
	if in.Password.IsZero() {
		in.Password = secret.NewText("correct horse battery")
	}
	p.must(p.create(in))
	if p.last.SignUp.CompletedAt.IsZero() {
		p.t.Fatal("not complete")
	}
	return p.last.SignUp.SessionID
}

// signedIn is a person with n sessions, of as many users.
func (f *fixture) signedIn(n int) (*person, []signup.ID) {
	f.t.Helper()
	p := f.person()
	var ids []signup.ID
	for i := range n {
		ids = append(ids, p.signIn(signup.Input{EmailAddress: fmt.Sprintf("ada%d@example.com", i)}))
		f.clock.forward(time.Second)
	}
	return p, ids
}

// elsewhere is another client on which the user of the session is signed in too.
func (f *fixture) elsewhere(session *signup.Session) (*person, signup.ID) {
	f.t.Helper()
	p := f.person()
	p.must(p.keep(p.EnsureClient(context.Background(), p.caller)))
	return p, f.plant(p.last.Client, session, 1)[0]
}

// plant puts n more sessions of the same user into the client c.
func (f *fixture) plant(c *signup.Client, like *signup.Session, n int) (ids []signup.ID) {
	f.t.Helper()
	for range n {
		session := *like
		session.ID, _ = signup.NewID(rand.Reader)
		session.ClientID = c.ID
		item, err := marshal(newSession(&session))
		if err == nil {
			_, err = f.raw().PutItem(context.Background(), &dynamodb.PutItemInput{TableName: &f.table.name, Item: item})
		}
		if err != nil {
			f.t.Fatal(err)
		}
		c.Sessions = append(c.Sessions, signup.SessionRef{ID: session.ID, UserID: session.User.ID, ExpiresAt: session.ExpiresAt})
		c.Active = session.ID
		ids = append(ids, session.ID)
	}
	if err := (&Table{api: f.raw(), name: f.table.name}).SaveClient(context.Background(), c); err != nil {
		f.t.Fatal(err)
	}
	return ids
}

// sessionCalls are the operations on sessions.
var sessionCalls = map[string]func(context.Context, *person, signup.ID) error{
	"get": func(ctx context.Context, p *person, id signup.ID) error { return p.keep(p.Session(ctx, p.caller, id)) },
	"touch": func(ctx context.Context, p *person, id signup.ID) error {
		return p.keep(p.TouchSession(ctx, p.caller, id))
	},
	"token": func(ctx context.Context, p *person, id signup.ID) error {
		return p.keep(p.UseSession(ctx, p.caller, id))
	},
	"end": func(ctx context.Context, p *person, id signup.ID) error {
		return p.keep(p.EndSession(ctx, p.caller, id))
	},
	"end all": func(ctx context.Context, p *person, _ signup.ID) error {
		return p.keep(p.EndSessions(ctx, p.caller))
	},
	"me": func(ctx context.Context, p *person, id signup.ID) error { return p.keep(p.Me(ctx, p.caller, id)) },
	"list": func(ctx context.Context, p *person, id signup.ID) error {
		_, a, err := p.UserSessions(ctx, p.caller, id)
		return p.keep(a, err)
	},
	"revoke own": func(ctx context.Context, p *person, id signup.ID) error {
		return p.keep(p.RevokeSession(ctx, p.caller, id, id))
	},
}

// TestG8G9CostOfSessions is the price of each operation on a session: requests, one
// after the other, and units. A read of the client is 1 RRU, of a session and its
// user 2; a transaction's writes count double.
func TestG8G9CostOfSessions(t *testing.T) {
	const read = "GetItem BatchGetItem"
	for _, c := range []struct {
		name     string
		run      string
		sessions int           // that the client holds; the first is meant
		later    time.Duration // than the last use
		calls    string
		rru, wru float64
	}{
		{"get", "get", 1, time.Hour, read, 3, 0},
		{"touch", "touch", 1, 4 * time.Minute, read, 3, 0},
		{"touch, noted", "touch", 1, 6 * time.Minute, read + " UpdateItem", 3, 1},
		{"touch another", "touch", 2, 4 * time.Minute, read + " PutItem", 5, 1},
		{"touch another, noted", "touch", 2, 6 * time.Minute, read + " UpdateItem PutItem", 5, 2},
		{"token", "token", 1, 4 * time.Minute, read, 3, 0},
		{"token, noted", "token", 1, 6 * time.Minute, read + " UpdateItem", 3, 1},
		{"token of one among many", "token", 5, 4 * time.Minute, read, 3, 0},
		{"end", "end", 1, time.Hour, read + " TransactWriteItems", 3, 4},
		{"end all", "end all", 1, time.Hour, read + " TransactWriteItems", 3, 4},
		{"end three", "end all", 3, time.Hour, read + " TransactWriteItems", 7, 8},
		{"me", "me", 1, time.Hour, read, 3, 0},
		{"list", "list", 1, time.Hour, read + " Query", 4, 0},
		{"revoke own", "revoke own", 1, time.Hour, read + " TransactWriteItems", 3, 4},
	} {
		f := newFixture(t, accounts)
		p, ids := f.signedIn(c.sessions)
		f.clock.forward(c.later - time.Second)
		f.meter.reset()
		p.must(sessionCalls[c.run](t.Context(), p, ids[0]))
		if got := strings.Join(f.meter.calls, " "); got != c.calls || f.meter.rru != c.rru || f.meter.wru != c.wru {
			t.Errorf("%s: %s, %v RRU, %v WRU; want %s, %v, %v", c.name, got, f.meter.rru, f.meter.wru, c.calls, c.rru, c.wru)
		}
	}
}

// TestG8CostOfRevokingElsewhere: the user's sessions are read as one partition, and one item goes.
func TestG8CostOfRevokingElsewhere(t *testing.T) {
	f := newFixture(t, accounts)
	p, ids := f.signedIn(1)
	_, others := f.elsewhere(p.last.Sessions[0])
	f.meter.reset()
	p.must(p.keep(p.RevokeSession(t.Context(), p.caller, ids[0], others)))
	if got := strings.Join(f.meter.calls, " "); got != "GetItem BatchGetItem Query DeleteItem" || f.meter.rru != 4 || f.meter.wru != 1 {
		t.Errorf("%s: %v RRU, %v WRU", got, f.meter.rru, f.meter.wru)
	}
	if len(f.whole().sessions) != 1 {
		t.Error("it is still there")
	}
}

// TestG8CostWithALargeUser: the largest user is within one read unit, and large
// metadata is read where it is shown only.
func TestG8CostWithALargeUser(t *testing.T) {
	f := newFixture(t, func(s *settings.Settings) {
		accounts(s)
		attributes := &s.Attributes
		for _, a := range []*settings.Attribute{
			&attributes.Username, &attributes.PhoneNumber, &attributes.Web3Wallet, &attributes.Birthday, &attributes.Gender,
		} {
			a.Requirement = settings.Optional
		}
	})
	name := strings.Repeat("𠮷", 256)
	p := f.person()
	id := p.signIn(signup.Input{
		EmailAddress: strings.Repeat("a", 64) + "@" + strings.Repeat("abcdefghij.", 16) + "example", FirstName: name, LastName: name,
		Username: strings.Repeat("u", 64), PhoneNumber: "+4930901820", Web3Wallet: "0x52908400098527886e0f7030069857d2e4169ee7",
		Birthday: "1815-12-10", Gender: "female", Locale: "en-GB", UnsafeMetadata: metadata(512),
	})
	f.meter.reset()
	p.must(sessionCalls["token"](t.Context(), p, id))
	if f.meter.rru != 3 {
		t.Errorf("a token took %v RRU", f.meter.rru)
	}
	other := newFixture(t, accounts)
	q := other.person()
	id = q.signIn(signup.Input{EmailAddress: "ada@example.com", UnsafeMetadata: metadata(8000)})
	for name, want := range map[string]string{
		"token": "GetItem BatchGetItem", "touch": "GetItem BatchGetItem GetItem", "me": "GetItem BatchGetItem GetItem",
	} {
		other.meter.reset()
		q.must(sessionCalls[name](t.Context(), q, id))
		if got := strings.Join(other.meter.calls, " "); got != want {
			t.Errorf("%s with large metadata: %s, want %s", name, got, want)
		}
	}
}

// A client with all the sessions that it may hold is read, ended and forgotten as one.
func TestFullClient(t *testing.T) {
	f := newFixture(t, accounts)
	p, ids := f.signedIn(1)
	ids = append(ids, f.plant(p.last.Client, p.last.Sessions[0], 19)...)
	more := p.signIn(signup.Input{EmailAddress: "one-more@example.com"})
	if want := append(ids[1:], more); !slices.Equal(want, held(p.last)) {
		t.Errorf("sessions %v, want %v", held(p.last), want)
	}
	f.over[ids[0]] = false
	f.mustBeWhole()
	f.meter.reset()
	p.must(sessionCalls["end all"](t.Context(), p, more))
	if w := f.whole(); len(w.sessions) != 0 || f.meter.wru > 2*(2+20) {
		t.Errorf("%d sessions are left; %v WRU", len(w.sessions), f.meter.wru)
	}
}

func held(a *signup.Answer) (ids []signup.ID) {
	for _, ref := range a.Client.Sessions {
		ids = append(ids, ref.ID)
	}
	return ids
}

// A touch writes to a session that is there, and makes none.
func TestTouchMakesNoSession(t *testing.T) {
	f := newFixture(t, accounts)
	p, ids := f.signedIn(1)
	session := *p.last.Sessions[0]
	p.must(sessionCalls["end"](t.Context(), p, ids[0]))
	if err := f.table.TouchSession(t.Context(), &session); !errors.Is(err, signup.ErrNoSession) {
		t.Errorf("a touch of an ended session: %v", err)
	}
	if w := f.whole(); len(w.sessions) != 0 {
		t.Error("the session came back")
	}
}

// A session comes back as it was stored, by itself and among its user's.
func TestSessionsRoundTrip(t *testing.T) {
	f := newFixture(t, accounts)
	p, ids := f.signedIn(1)
	made := p.last.Sessions[0]
	p.must(sessionCalls["get"](t.Context(), p, ids[0]))
	all, err := f.table.UserSessions(t.Context(), made.User.ID)
	p.must(err)
	// Nothing is proved, which is no map or an empty one.
	unproved := cmp.FilterPath(func(path cmp.Path) bool { return path.Last().String() == ".Proved" }, cmp.Ignore())
	for _, got := range append(all, p.last.Session) {
		if diff := cmp.Diff(made, got, unproved); diff != "" {
			t.Errorf("(-made +read):\n%s", diff)
		}
	}
	if nobody, err := f.table.UserSessions(t.Context(), signup.ID{9}); len(nobody) != 0 || err != nil {
		t.Errorf("nobody's sessions: %v, %v", nobody, err)
	}
	f.table.api = onePage{f.table.api}
	f.plant(p.last.Client, made, 4)
	if all, err = f.table.UserSessions(t.Context(), made.User.ID); len(all) != 5 || err != nil {
		t.Errorf("read in pages: %d sessions, %v", len(all), err)
	}
}

// onePage answers queries with one item a page.
type onePage struct{ API }

func (o onePage) Query(ctx context.Context, in *dynamodb.QueryInput, opts ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	small := *in
	small.Limit = aws.Int32(1)
	return o.API.Query(ctx, &small, opts...)
}

// TestR50TabsLeaveOneTruth lets tabs of one client take tokens, touch different
// sessions and sign out, all at once. What is ended stays ended from the moment of its
// answer, and in the end the client's item, the sessions' items and every answer agree.
func TestR50TabsLeaveOneTruth(t *testing.T) {
	f := newFixture(t, accounts)
	for round := range 12 {
		p := f.person()
		var ids []signup.ID
		for i := range 3 {
			ids = append(ids, p.signIn(signup.Input{EmailAddress: fmt.Sprintf("ada%d-%d@example.com", round, i)}))
		}
		f.clock.forward(time.Hour) // uses are noted
		ended := ids[:1]
		if round%3 == 2 {
			ended = ids
		}
		for _, id := range ended {
			f.over[id] = false
		}
		for tab, err := range together(14, func(tab int) error { return f.tab(tab, p, ids, round%3 == 2) }) {
			if err != nil {
				t.Fatalf("round %d, tab %d: %v", round, tab, err)
			}
		}
		f.mustAgree(p, ids, ended)
	}
	f.mustBeWhole()
}

// tab does what one of the tabs does. Being told that the session is over is fine.
func (f *fixture) tab(n int, p *person, ids []signup.ID, all bool) error {
	tab := *p
	ctx := context.Background()
	do := func(name string, id signup.ID) error {
		for {
			if err := sessionCalls[name](ctx, &tab, id); !problem.Has(err, problem.TooManyChanges) {
				return err
			}
		}
	}
	var err error
	switch {
	case n == 0 && all:
		if err = do("end all", ids[0]); err == nil {
			return gone(do("token", ids[1]), do("touch", ids[2]))
		}
	case n == 0, n == 1 && !all:
		if err = do("end", ids[0]); err == nil {
			return gone(do("token", ids[0]), do("touch", ids[0]))
		}
	case n < 6:
		err = do("token", ids[n%3])
	case n < 12:
		err = do("touch", ids[n%3])
	case n == 12:
		err = do("list", ids[1])
	default:
		err = tab.keep(tab.Client(ctx, tab.caller))
	}
	for _, over := range []*problem.Problem{problem.SignedOut, problem.ResourceNotFound, problem.AuthenticationInvalid} {
		if problem.Has(err, over) {
			return nil
		}
	}
	return err
}

// gone is nil if all errs say that a session is over.
func gone(errs ...error) error {
	for _, err := range errs {
		if !problem.Has(err, problem.ResourceNotFound) {
			return fmt.Errorf("a session that was ended before: %v", err)
		}
	}
	return nil
}

// mustAgree compares the client's item, the sessions' items and what the client is told.
func (f *fixture) mustAgree(p *person, ids, ended []signup.ID) {
	f.t.Helper()
	p.must(p.keep(p.Client(context.Background(), p.caller)))
	w := f.whole()
	var want, stored []signup.ID
	for _, id := range ids {
		if !slices.Contains(ended, id) {
			want = append(want, id)
		}
		if _, exists := w.sessions[id]; exists {
			stored = append(stored, id)
		}
	}
	var told []signup.ID
	for _, session := range p.last.Sessions {
		told = append(told, session.ID)
	}
	if !slices.Equal(want, stored) || !slices.Equal(want, held(p.last)) || !slices.Equal(want, told) {
		f.t.Errorf("want %v, stored %v, held %v, told %v", want, stored, held(p.last), told)
	}
	if active := p.last.Client.Active; active.IsZero() != (len(want) == 0) || !active.IsZero() && !slices.Contains(want, active) {
		f.t.Errorf("the active session %v isn't among %v", active, want)
	}
}

// TestR50SignOutMeetsCompletion lets a client sign out of everything while another
// sign-up on it completes: the new session is there or not, and nothing is half.
func TestR50SignOutMeetsCompletion(t *testing.T) {
	f := newFixture(t, accounts)
	for round := range 10 {
		p := f.person()
		first := p.signIn(signup.Input{EmailAddress: fmt.Sprintf("first%d@example.com", round)})
		second := signup.Input{EmailAddress: fmt.Sprintf("second%d@example.com", round), Password: secret.NewText("x")}
		f.over[first] = false
		tabs := []person{*p, *p}
		for i, err := range together(2, func(i int) error {
			if i == 0 {
				return sessionCalls["end all"](context.Background(), &tabs[0], first)
			}
			return tabs[1].create(second)
		}) {
			if err != nil {
				t.Fatalf("round %d, %d: %v", round, i, err)
			}
		}
		f.over[tabs[1].last.SignUp.SessionID] = false
		p.caller = tabs[1].caller
		p.must(p.keep(p.Client(t.Context(), p.caller)))
		if ids := held(p.last); slices.Contains(ids, first) || len(p.last.Sessions) != len(ids) {
			t.Errorf("round %d: holds %v", round, ids)
		}
	}
	f.mustBeWhole()
}
