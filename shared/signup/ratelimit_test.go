package signup

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// onlyLimits turns the limits on that set chooses, and leaves the others off.
func onlyLimits(set func(*settings.Limits)) func(*settings.Settings) {
	return func(s *settings.Settings) {
		s.Limits.SourceWindow = settings.Duration(10 * time.Second)
		set(&s.Limits)
	}
}

func mailLimits(l *settings.Limits) { l.MailsPerAddressHour, l.MailsPerAddressDay = 5, 20 }

// at is a person who comes from source.
func (f *fixture) at(source string) *person {
	p := f.person()
	p.caller.Source = source
	return p
}

// asks begins a sign-up for address and asks for its mail.
func (p *person) asks(address string) error {
	p.t.Helper()
	in := ada()
	in.EmailAddress = address
	p.must(p.create(in))
	return p.prepare()
}

// limitOf is the one problem of err, which has to be a 429.
func limitOf(t *testing.T, err error, want *problem.Problem) *problem.Error {
	t.Helper()
	if !problem.Has(err, want) || want.Status != 429 {
		t.Fatalf("got %v, want %s", err, want.Code)
	}
	return problem.List(err)[0]
}

// TestR15MailsPerAddressAreCapped: across sign-ups, clients and networks, and however
// the address is written.
func TestR15MailsPerAddressAreCapped(t *testing.T) {
	f := newFixture(t, onlyLimits(mailLimits))
	spellings := []string{"ada.l@gmail.com", "adal@googlemail.com", "a.d.a.l+1@gmail.com", "ADAL@gmail.com", "adal+2@gmail.com"}
	for i, address := range spellings {
		p := f.at(fmt.Sprintf("192.0.%d.1", i))
		p.must(p.asks(address))
	}
	p := f.at("192.0.99.1")
	fault := limitOf(t, p.asks("adal@gmail.com"), problem.MailRateLimit)
	if fault.Param != "email_address" || fault.RetryAfter != 3600 {
		t.Errorf("on %q, again after %d s", fault.Param, fault.RetryAfter)
	}
	want := []problem.Quota{{Name: "mails-hour", Most: 5, Window: 3600, Reset: 3600}, {Name: "mails-day", Most: 20, Window: 86400}}
	if diff := cmp.Diff(want, fault.Quotas); diff != "" {
		t.Errorf("quotas (-want +got):\n%s", diff)
	}
	if p.last.Client == nil || p.last.SignUp == nil || p.emailVerification() != nil {
		t.Error("the refused preparation changed the sign-up, or isn't answered with it")
	}
	other := f.at("192.0.99.1")
	other.must(other.asks("grace@gmail.com"))
	f.clock.forward(time.Hour - time.Second)
	limitOf(t, p.prepare(), problem.MailRateLimit)
	f.clock.forward(time.Second)
	p.must(p.prepare())
}

// TestR15CappedMailsSlide: no hour and no day holds more, wherever it begins.
func TestR15CappedMailsSlide(t *testing.T) {
	f := newFixture(t, onlyLimits(mailLimits))
	var sent []time.Time
	for minute := range 3 * 24 * 60 / 7 {
		f.clock.forward(7 * time.Minute)
		if p := f.at(fmt.Sprintf("10.%d.%d.1", minute/250, minute%250)); p.asks("ada@example.com") == nil {
			sent = append(sent, f.clock.now())
		}
	}
	if inHour, inDay := most(sent, time.Hour), most(sent, 24*time.Hour); inHour > 5 || inDay > 20 {
		t.Errorf("%d mails in an hour and %d in a day", inHour, inDay)
	}
	if len(sent) < 3*20 {
		t.Errorf("%d mails in three days, want 60", len(sent))
	}
}

// TestR15MailOfCreateIsCounted: a strategy with create sends a mail like any other.
func TestR15MailOfCreateIsCounted(t *testing.T) {
	f := newFixture(t, onlyLimits(func(l *settings.Limits) { l.MailsPerAddressDay = 1 }))
	in := ada()
	in.Strategy = EmailCode.Name
	first, second := f.at("192.0.2.1"), f.at("198.51.100.1")
	first.must(first.create(in))
	fault := limitOf(t, second.create(in), problem.MailRateLimit)
	if fault.RetryAfter != 86400 || len(fault.Quotas) != 1 || second.last.Client != nil {
		t.Errorf("%+v; client %v", fault, second.last.Client)
	}
	// What is refused for another reason isn't counted.
	in.EmailAddress, in.Password = "grace@example.com", secret.NewText("short")
	p := f.at("192.0.2.1")
	p.mustFail(p.create(in), problem.PasswordTooShort)
	if len(f.store.meters) != 1 {
		t.Errorf("%d addresses are counted", len(f.store.meters))
	}
}

// TestR15RefusedPreparationsAreNotCounted: only what makes a mail due counts.
func TestR15RefusedPreparationsAreNotCounted(t *testing.T) {
	f := newFixture(t, onlyLimits(func(l *settings.Limits) { l.MailsPerAddressHour = 2 }))
	p, stranger := f.at("192.0.2.1"), f.at("192.0.2.1")
	p.must(p.asks("ada@example.com"))
	for range 5 {
		p.mustFail(p.prepare(), problem.VerificationTooSoon)
		stranger.signUp = p.signUp
		stranger.mustFail(stranger.prepare(), problem.ResourceNotFound)
	}
	other := f.at("198.51.100.1")
	other.must(other.asks("ada@example.com"))
}

// TestR15MailCannotBeCountedForAnotherAddress: an address that is changed between the
// count and the write isn't mailed on the other's account.
func TestR15MailCannotBeCountedForAnotherAddress(t *testing.T) {
	f := newFixture(t, onlyLimits(func(l *settings.Limits) { l.MailsPerAddressHour = 1 }))
	used := f.at("192.0.2.1")
	used.must(used.asks("victim@example.com"))
	p := f.at("198.51.100.1")
	p.must(p.create(Input{EmailAddress: "own@example.com"}))
	raced := false
	f.store.before = func(method string) error {
		if method == "BeginVerification" && !raced {
			raced = true
			second := *p
			second.must(second.update(Input{EmailAddress: "victim@example.com"}))
		}
		return nil
	}
	limitOf(t, p.prepare(), problem.MailRateLimit)
	if !raced || p.emailVerification() != nil {
		t.Error("a mail is due for the victim")
	}
}

// TestR15ConflictsAreCountedOnce: an operation that starts over has counted its mail already.
func TestR15ConflictsAreCountedOnce(t *testing.T) {
	f := newFixture(t, onlyLimits(func(l *settings.Limits) { l.MailsPerAddressHour = 2 }))
	conflicts := 3
	f.store.before = func(method string) error {
		if conflicts > 0 && (method == "BeginVerification" || method == "SaveClient") {
			conflicts--
			return ErrConflict
		}
		return nil
	}
	in := ada()
	in.Strategy = EmailCode.Name
	p := f.at("192.0.2.1")
	p.must(p.create(in))
	if conflicts != 0 {
		t.Fatal("there was no conflict")
	}
	for _, meter := range f.store.meters {
		if len(meter.times) != 1 {
			t.Errorf("one mail was counted %d times", len(meter.times))
		}
	}
}

// TestR26CreatesPerSource: Clerk's documented numbers, and nothing is stored beyond them.
func TestR26CreatesPerSource(t *testing.T) {
	f := newFixture(t, onlyLimits(func(l *settings.Limits) { l.CreatesPerSource = 5 }))
	for range 5 {
		p := f.at("192.0.2.1")
		p.must(p.create(Input{}))
	}
	f.store.calls = nil
	p := f.at("192.0.2.1")
	fault := limitOf(t, p.create(ada()), problem.SignUpRateLimit)
	want := []problem.Quota{{Name: "creates", Most: 5, Window: 10, Reset: 10}}
	if diff := cmp.Diff(want, fault.Quotas); diff != "" || fault.RetryAfter != 10 {
		t.Errorf("again after %d s; quotas (-want +got):\n%s", fault.RetryAfter, diff)
	}
	if diff := cmp.Diff([]string{"Count"}, f.store.calls); diff != "" {
		t.Errorf("a refused create cost (-want +got):\n%s", diff)
	}
	if fault.Message() != "Too many sign-ups were begun from your network. Try again in 10 seconds." {
		t.Error(fault.Message())
	}
	elsewhere := f.at("192.0.2.2")
	elsewhere.must(elsewhere.create(ada()))
	f.clock.forward(10 * time.Second)
	p.must(p.create(ada()))
}

// TestR26AnEmptyCreateCounts: also that of a client that is known already.
func TestR26AnEmptyCreateCounts(t *testing.T) {
	f := newFixture(t, onlyLimits(func(l *settings.Limits) { l.CreatesPerSource = 1 }))
	p := f.at("192.0.2.1")
	p.must(p.create(Input{}))
	limitOf(t, p.create(Input{}), problem.SignUpRateLimit)
}

// TestR22WhoBeganGoesOn: nothing but beginning again is refused to somebody whose
// source has used up its creates.
func TestR22WhoBeganGoesOn(t *testing.T) {
	f := newFixture(t, onlyLimits(func(l *settings.Limits) {
		l.CreatesPerSource, l.AttemptsPerSource = 5, 3
		mailLimits(l)
	}))
	p := f.at("192.0.2.1")
	p.must(p.create(Input{FirstName: "Ada"}))
	neighbour := func() {
		for range 10 {
			n := f.at("192.0.2.1")
			_ = n.create(Input{})
			n.caller.Token = p.caller.Token
			_, _ = n.Attempt(t.Context(), Caller{Token: n.caller.Token, Source: "192.0.2.1"}, ID{1}, EmailCode.Name, "000000")
		}
	}
	neighbour()
	p.must(p.update(ada()))
	neighbour()
	p.must(p.prepare())
	neighbour()
	p.must(p.get())
	neighbour()
	p.must(p.attempt(p.code()))
	p.mustBe(Complete)
}

// TestR26AttemptsPerSource: the fourth try in ten seconds is refused and not counted.
func TestR26AttemptsPerSource(t *testing.T) {
	f := newFixture(t, onlyLimits(func(l *settings.Limits) { l.AttemptsPerSource = 3 }))
	p := f.at("192.0.2.1")
	p.must(p.asks("ada@example.com"))
	for i := range 3 {
		p.mustFail(p.attempt(p.wrongCode(i)), problem.CodeIncorrect)
	}
	fault := limitOf(t, p.attempt(p.code()), problem.AttemptRateLimit)
	want := []problem.Quota{{Name: "attempts", Most: 3, Window: 10, Reset: 10}}
	if diff := cmp.Diff(want, fault.Quotas); diff != "" || p.emailVerification().Attempts != 3 {
		t.Errorf("%d attempts; quotas (-want +got):\n%s", p.emailVerification().Attempts, diff)
	}
	// Nobody gets round it by having no sign-up, and learns nothing either.
	stranger := f.at("192.0.2.1")
	stranger.caller.Token, stranger.signUp = p.caller.Token, ID{9}
	limitOf(t, stranger.attempt("000000"), problem.AttemptRateLimit)
	f.clock.forward(10 * time.Second)
	p.must(p.attempt(p.code()))
}

// TestR22NeighboursCannotStopATry: whatever others do at the same address, the first
// try of a code and one after ten quiet seconds are judged.
func TestR22NeighboursCannotStopATry(t *testing.T) {
	f := newFixture(t, onlyLimits(func(l *settings.Limits) { l.AttemptsPerSource = 3 }))
	p, attacker := f.at("203.0.113.7"), f.at("203.0.113.7")
	p.must(p.asks("ada@example.com"))
	attacker.must(attacker.asks("mallory@example.com"))
	flood := func() {
		for range 20 {
			_ = attacker.attempt("000000")
			_ = attacker.attempt("000001")
		}
	}
	flood()
	p.mustFail(p.attempt(p.wrongCode(1)), problem.CodeIncorrect)
	flood()
	limitOf(t, p.attempt(p.code()), problem.AttemptRateLimit)
	for range 10 {
		f.clock.forward(time.Second)
		flood()
	}
	p.must(p.attempt(p.code()))
	p.mustBe(Complete)
}

// TestR15RepeatedTryOfACrowdedSource: a code whose answer was lost is answered again
// while its source is crowded, without being counted.
func TestR15RepeatedTryOfACrowdedSource(t *testing.T) {
	f := newFixture(t, onlyLimits(func(l *settings.Limits) { l.AttemptsPerSource = 1 }))
	p := f.at("192.0.2.1")
	p.must(p.asks("ada@example.com"))
	wrong := p.wrongCode(1)
	for range 3 {
		p.mustFail(p.attempt(wrong), problem.CodeIncorrect)
	}
	if got := p.emailVerification().Attempts; got != 1 {
		t.Errorf("one try was counted %d times", got)
	}
}

// TestR26SourcesOfLimits: an IPv6 line is one source whichever of its addresses it
// uses; a network is wider.
func TestR26SourcesOfLimits(t *testing.T) {
	for _, c := range []struct{ text, source, network string }{
		{"192.0.2.77", "192.0.2.77/32", "192.0.2.0/24"},
		{"::ffff:192.0.2.77", "192.0.2.77/32", "192.0.2.0/24"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"},
		{"2001:db8:1:2::", "2001:db8:1:2::/64", "2001:db8:1::/48"},
		{"fe80::1%eth0", "fe80::/64", "fe80::/48"},
		{"", "", ""}, {"nonsense", "", ""}, {"192.0.2.77:443", "", ""},
	} {
		if source, network := sourceAddress(c.text), sourceNetwork(c.text); source != c.source || network != c.network {
			t.Errorf("%q is %q in %q, want %q in %q", c.text, source, network, c.source, c.network)
		}
	}
}

// TestR59CountersNameNobody: neither address nor source can be read from what is stored.
func TestR59CountersNameNobody(t *testing.T) {
	f := newFixture(t, onlyLimits(func(l *settings.Limits) { l.CreatesPerSource = 5; mailLimits(l) }))
	p := f.at("192.0.2.1")
	p.must(p.asks("ada@example.com"))
	if len(f.store.meters) != 2 {
		t.Fatalf("%d meters", len(f.store.meters))
	}
	for name, meter := range f.store.meters {
		kind, subject, _ := strings.Cut(name, "\x00")
		if kind != "mails" && kind != "creates" || len(subject) != 16 {
			t.Errorf("a meter is called %q", name)
		}
		for source := range meter.own {
			if kind != "mails" || len(source) != networkMark {
				t.Errorf("a network is called %q", source)
			}
		}
	}
}

func TestWaitInWords(t *testing.T) {
	for seconds, want := range map[int]string{1: "1 second", 30: "30 seconds", 119: "119 seconds", 120: "2 minutes", 3599: "60 minutes", 7200: "2 hours", 86399: "24 hours"} {
		if got := inWords(seconds); got != want {
			t.Errorf("%d: %q, want %q", seconds, got, want)
		}
	}
}

// TestR26OneSignUpCannotMailEverybody: an address may be corrected after its mail, but
// not without end, or one create would do for any number of mails.
func TestR26OneSignUpCannotMailEverybody(t *testing.T) {
	f := newFixture(t, onlyLimits(func(l *settings.Limits) { l.CreatesPerSource = 5 }))
	p := f.at("192.0.2.1")
	p.must(p.asks("a0@example.com"))
	for i := range mostCorrections {
		p.must(p.update(Input{EmailAddress: fmt.Sprintf("a%d@example.com", i+1)}))
		p.must(p.update(Input{EmailAddress: fmt.Sprintf("b%d@example.com", i+1)})) // not mailed: costs nothing
		p.must(p.prepare())
	}
	p.mustFail(p.update(Input{EmailAddress: "stranger@example.com"}), problem.SignUpNotUpdatable)
	p.must(p.update(Input{EmailAddress: p.last.Client.SignUp.EmailAddress.Display, FirstName: "Ada"}))
	p.must(p.attempt(p.code()))
	p.mustBe(Complete)
}
