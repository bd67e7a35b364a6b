package table

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

func mailLimits(s *settings.Settings) {
	s.Limits.MailsPerAddressHour, s.Limits.MailsPerAddressDay = 5, 20
}

func sourceLimits(s *settings.Settings) {
	s.Limits.CreatesPerSource, s.Limits.AttemptsPerSource = 5, 3
	s.Limits.SourceWindow = settings.Duration(10 * time.Second)
}

// limitItemOf is the only item of a rate limit in the table. Only a test may scan.
func (f *fixture) limitItemOf(kind string) map[string]types.AttributeValue {
	f.t.Helper()
	out, err := f.meter.API.(*dynamodb.Client).Scan(context.Background(), &dynamodb.ScanInput{TableName: &f.table.name})
	if err != nil {
		f.t.Fatal(err)
	}
	var found []map[string]types.AttributeValue
	for _, item := range out.Items {
		if strings.HasPrefix(keyOf(item).pk, "LIMIT#"+kind+"#") {
			found = append(found, item)
		}
	}
	if len(found) != 1 {
		f.t.Fatalf("there are %d items of %s", len(found), kind)
	}
	return found[0]
}

// TestR15RacedMailsNeverExceedTheLimit: two hundred clients ask for a mail to one
// address at once, from one network and from two hundred.
func TestR15RacedMailsNeverExceedTheLimit(t *testing.T) {
	for name, c := range map[string]struct {
		source func(i int) string
		want   int
	}{
		"one network":   {func(i int) string { return fmt.Sprintf("192.0.2.%d", i) }, 3},
		"many networks": {func(i int) string { return fmt.Sprintf("198.51.%d.1", i) }, 5},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, mailLimits)
			people := make([]*person, 200)
			for i := range people {
				people[i] = f.person()
				people[i].caller.Source = c.source(i)
				people[i].must(people[i].create(signup.Input{EmailAddress: "ada@example.com"}))
			}
			sent := 0
			for i, err := range together(len(people), func(i int) error { return people[i].prepare() }) {
				switch {
				case err == nil:
					sent++
				case !problem.Has(err, problem.MailRateLimit):
					t.Fatalf("person %d: %v", i, err)
				case people[i].last.SignUp.Verifications["email_address"] != nil:
					t.Fatalf("person %d was refused and mailed", i)
				}
			}
			if got := len(timesOf(f.limitItemOf("mails")["ev"])); sent != c.want || got != c.want {
				t.Errorf("%d mails are due, %d are counted, want %d", sent, got, c.want)
			}
		})
	}
}

// TestR26RacedCreatesNeverExceedTheLimit does the same for a source's sign-ups.
func TestR26RacedCreatesNeverExceedTheLimit(t *testing.T) {
	f := newFixture(t, sourceLimits)
	begun := 0
	for _, err := range together(100, func(int) error {
		p := f.person()
		p.caller.Source = "2001:db8::" + fmt.Sprintf("%x", rand.IntN(1<<16))
		return p.create(signup.Input{})
	}) {
		if err == nil {
			begun++
		} else if !problem.Has(err, problem.SignUpRateLimit) {
			t.Fatal(err)
		}
	}
	if counts := f.items(); begun != 5 || counts["client"] != 5 {
		t.Errorf("%d began; the table has %v", begun, counts)
	}
}

// TestCountIsTheDomainsRule runs random events against the table and against
// signup.Window.Wait over what a plain list remembers.
func TestCountIsTheDomainsRule(t *testing.T) {
	f := newFixture(t, nil)
	random := rand.New(rand.NewPCG(1, 2))
	m := sampleMeter()
	m.Windows[0].Per, m.Windows[1].Per = time.Minute, 10*time.Minute
	var all []time.Time
	own := map[byte][]time.Time{}
	refused := 0
	for range 600 {
		f.clock.forward(time.Duration(random.IntN(40)) * time.Second)
		now, source := f.clock.now(), byte(random.IntN(4))
		m.Source = []byte{source, 0, 0, 0, 0, 0}
		want := signup.Events{Times: all, Own: own[source]}
		room := true
		for _, w := range m.Windows {
			room = room && w.Wait(want, now) == 0
		}
		err := f.table.Count(t.Context(), m, now)
		var full *signup.Full
		if room != (err == nil) || (err != nil && !errors.As(err, &full)) {
			t.Fatalf("at %s from %d: %v, but there is room: %v", now, source, err, room)
		}
		if err == nil {
			all = append([]time.Time{now}, all...)
			own[source] = append([]time.Time{now}, own[source]...)
			continue
		}
		refused++
		for _, w := range m.Windows {
			if got, want := w.Wait(full.Events, now), w.Wait(want, now); got != want {
				t.Fatalf("at %s: the wait is %s, want %s", now, got, want)
			}
		}
	}
	if item := f.limitItemOf("mails"); len(timesOf(item["ev"])) > m.Keeps()+slack || refused < 50 || len(all) < 100 {
		t.Errorf("%d events, %d refused, the item keeps %d", len(all), refused, len(timesOf(item["ev"])))
	}
}

// TestLostAnswersCountOnce repeats each count after its answer was lost, as the SDK does.
func TestLostAnswersCountOnce(t *testing.T) {
	f := newFixture(t, func(s *settings.Settings) { mailLimits(s); sourceLimits(s) })
	f.table.api = repeating{f.table.api}
	p := f.person()
	p.must(p.create(signup.Input{EmailAddress: "ada@example.com"}))
	p.must(p.prepare())
	p.mustFail(p.attempt(p.wrongCode(1)), problem.CodeIncorrect)
	for _, kind := range []string{"creates", "mails", "attempts"} {
		if got := len(timesOf(f.limitItemOf(kind)["ev"])); got != 1 {
			t.Errorf("one of %s was counted %d times", kind, got)
		}
	}
}

// TestCrashAfterTheCountWastesOne: who dies between count and challenge has lost one
// count and mailed nothing; the repetition gets the mail.
func TestCrashAfterTheCountWastesOne(t *testing.T) {
	f := newFixture(t, mailLimits)
	p := f.person()
	p.must(p.create(signup.Input{EmailAddress: "ada@example.com", Password: secret.NewText("x")}))
	working := f.table.api
	f.table.api = &dying{API: working, after: 1}
	if err := p.prepare(); err == nil || problem.List(err) != nil {
		t.Fatalf("got %v", err)
	}
	f.table.api = working
	if got := len(timesOf(f.limitItemOf("mails")["ev"])); got != 1 {
		t.Fatalf("%d mails are counted", got)
	}
	p.must(p.prepare())
	if got := len(timesOf(f.limitItemOf("mails")["ev"])); got != 2 {
		t.Errorf("%d mails are counted, want the one that was sent and the wasted one", got)
	}
	p.must(p.attempt(p.code()))
}

// dying fails all updates but the first ones, without an effect.
type dying struct {
	API
	after int
}

func (d *dying) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if d.after--; d.after < 0 {
		return nil, errors.New("the process is gone")
	}
	return d.API.UpdateItem(ctx, in, o...)
}

// TestR59LimitItemNamesNobody looks at what is stored, bytes and all.
func TestR59LimitItemNamesNobody(t *testing.T) {
	f := newFixture(t, func(s *settings.Settings) { mailLimits(s); sourceLimits(s) })
	p := f.person()
	p.caller.Source = "192.0.2.1"
	p.must(p.create(signup.Input{EmailAddress: "ada@example.com"}))
	p.must(p.prepare())
	for _, kind := range []string{"creates", "mails"} {
		item := f.limitItemOf(kind)
		var names []string
		for name := range item {
			if !strings.HasPrefix(name, sourceAttribute) {
				names = append(names, name)
			} else if len(name) != len(sourceAttribute)+8 {
				t.Errorf("a network is called %q", name)
			}
		}
		sortStrings := cmp.Transformer("set", func(list []string) map[string]bool {
			set := map[string]bool{}
			for _, entry := range list {
				set[entry] = true
			}
			return set
		})
		if diff := cmp.Diff([]string{"pk", "sk", "ty", "iv", "ev", "wr", "ttl"}, names, sortStrings); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

// TestG8PriceOfLimits: one write unit for each counter, and the mail's reads the client.
func TestG8PriceOfLimits(t *testing.T) {
	in := signup.Input{EmailAddress: "ada@example.com", Password: secret.NewText("x")}
	base := costOf(t, nil, in)
	for name, change := range map[string]func(*settings.Settings){
		"mails to an address, both windows": mailLimits,
		"creates from a source":             func(s *settings.Settings) { sourceLimits(s); s.Limits.AttemptsPerSource = 0 },
		"attempts from a source":            func(s *settings.Settings) { sourceLimits(s); s.Limits.CreatesPerSource = 0 },
	} {
		if got := costOf(t, change, in) - base; got != 1 {
			t.Errorf("%s: %.1f WRU more, want 1", name, got)
		}
	}
	f := newFixture(t, func(s *settings.Settings) { s.Limits = settings.Default().Limits })
	p := f.person()
	p.must(p.signUpWhole("ada@example.com"))
	t.Logf("with all limits: calls %v: %.1f WRU, %.1f RRU", f.meter.calls, f.meter.wru, f.meter.rru)
	if f.meter.wru > 12+3 || f.meter.rru > 1+1 {
		t.Errorf("with all limits a sign-up took %.1f WRU and %.1f RRU", f.meter.wru, f.meter.rru)
	}
}

// TestG9RoundTripsOfLimits: what limits add, one after the other.
func TestG9RoundTripsOfLimits(t *testing.T) {
	f := newFixture(t, func(s *settings.Settings) { mailLimits(s); sourceLimits(s) })
	p := f.person()
	for _, step := range []struct {
		name string
		run  func() error
		want string
	}{
		{"create", func() error {
			return p.create(signup.Input{EmailAddress: "ada@example.com", Password: secret.NewText("x")})
		}, "UpdateItem GetItem PutItem"},
		{"prepare", p.prepare, "GetItem UpdateItem UpdateItem"},
		{"attempt", func() error { code := p.code(); f.meter.reset(); return p.attempt(code) }, "UpdateItem UpdateItem TransactWriteItems"},
	} {
		f.meter.reset()
		p.must(step.run())
		if got := strings.Join(f.meter.calls, " "); got != step.want {
			t.Errorf("%s sent %q, want %q", step.name, got, step.want)
		}
	}
}

// TestR22CrowdedSourceLeavesTheFirstTry holds the store's condition to the domain's:
// a first try and one of a quiet client are judged while the source has no room.
func TestR22CrowdedSourceLeavesTheFirstTry(t *testing.T) {
	f := newFixture(t, sourceLimits)
	p, neighbour := f.person(), f.person()
	for _, q := range []*person{p, neighbour} {
		q.must(q.create(signup.Input{EmailAddress: "ada@example.com", Password: secret.NewText("x")}))
		q.must(q.prepare())
	}
	for i := range 3 {
		neighbour.mustFail(neighbour.attempt(neighbour.wrongCode(i)), problem.CodeIncorrect)
	}
	neighbour.mustFail(neighbour.attempt(neighbour.wrongCode(4)), problem.AttemptRateLimit)
	p.mustFail(p.attempt(p.wrongCode(1)), problem.CodeIncorrect)
	p.mustFail(p.attempt(p.code()), problem.AttemptRateLimit)
	f.clock.forward(9 * time.Second)
	_ = neighbour.attempt(neighbour.wrongCode(4))
	p.mustFail(p.attempt(p.code()), problem.AttemptRateLimit)
	f.clock.forward(time.Second)
	for i := range 3 {
		_, _ = f.Attempt(t.Context(), signup.Caller{Token: neighbour.caller.Token}, signup.ID{byte(i + 1)}, "email_code", "000000")
	}
	p.must(p.attempt(p.code()))
}

// TestR26CorrectionsAreKept: what bounds the addresses that a sign-up mails is stored.
func TestR26CorrectionsAreKept(t *testing.T) {
	f := newFixture(t, sourceLimits)
	p := f.person()
	p.must(p.create(signup.Input{EmailAddress: "a@example.com"}))
	for _, address := range []string{"b@example.com", "c@example.com"} {
		p.must(p.prepare())
		p.must(p.update(signup.Input{EmailAddress: address}))
	}
	p.must(p.prepare())
	p.mustFail(p.update(signup.Input{EmailAddress: "d@example.com"}), problem.SignUpNotUpdatable)
}

// TestR15MailIsForTheCountedAddress: the write that makes a mail due refuses another
// address than the one that was counted.
func TestR15MailIsForTheCountedAddress(t *testing.T) {
	f := newFixture(t, nil)
	p := f.person()
	p.must(p.create(signup.Input{EmailAddress: "Ada@example.com"}))
	id, hash := p.caller.Token.Parts()
	proof := signup.Proof{ClientID: id, Hash: hash, Now: f.clock.now()}
	to := p.last.SignUp.EmailAddress
	other := to
	other.Canonical, other.Display = "eve@example.com", "eve@example.com"
	_, err := f.table.BeginVerification(t.Context(), proof, p.signUp, signup.EmailCode, sampleVerification(), time.Second, other)
	var unmet *signup.Unmet
	if !errors.As(err, &unmet) || unmet.Client.SignUp.Verifications["email_address"] != nil {
		t.Fatalf("for another address: %v", err)
	}
	if _, err := f.table.BeginVerification(t.Context(), proof, p.signUp, signup.EmailCode, sampleVerification(), time.Second, to); err != nil {
		t.Errorf("for the address itself: %v", err)
	}
}
