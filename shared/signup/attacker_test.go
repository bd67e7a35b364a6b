package signup

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// A victim is asked for by an attacker from many addresses, around the clock.
const victim = "victim@example.com"

// defaultLimits are those of a deployed instance. Sign-ups last for as long as attackers.
func defaultLimits(s *settings.Settings) {
	s.Limits, s.SignUp.AbandonAfter = settings.Default().Limits, settings.Duration(72*time.Hour)
}

// TestR22OneNetworkCannotKeepAPersonOut: an attacker with several clients in one network, who asks for the victim's mail all day, can't keep the victim from getting one in any hour.
func TestR22OneNetworkCannotKeepAPersonOut(t *testing.T) {
	for _, hour := range []int{0, 1, 4, 5, 6, 12, 23, 24, 30} {
		f := newFixture(t, defaultLimits)
		attacker := newBotnet(f, 8, func(i int) string { return fmt.Sprintf("203.0.113.%d", i) })
		for range hour*12 + 6 {
			attacker.harass()
			f.clock.forward(5 * time.Minute)
		}
		p := f.at("192.0.2.1")
		p.must(p.asks(victim))
		for range 12 { // it doesn't arrive
			f.clock.forward(5 * time.Minute)
			attacker.harass()
		}
		p.must(p.prepare())
		attacker.harass()
		p.must(p.attempt(p.code()))
		p.mustBe(Complete)
	}
}

// TestR22WhatKeepingAPersonOutTakes says how many networks an attacker needs for it:
// the bound that docs/limits.md gives.
func TestR22WhatKeepingAPersonOutTakes(t *testing.T) {
	for networks, want := range map[int]bool{1: true, 2: true, 3: false} {
		f := newFixture(t, defaultLimits)
		attacker := newBotnet(f, 5*networks, fiveOfEach)
		attacker.harass()
		p := f.at("192.0.2.1")
		if got := p.asks(victim) == nil; got != want {
			t.Errorf("against %d networks the victim's mail is sent: %v, want %v", networks, got, want)
		}
		// However many they are, they have to keep at it, and the budget is only the address's.
		f.clock.forward(time.Hour)
		p.must(p.prepare())
		own := f.at("192.0.2.1")
		own.must(own.asks("another@example.com"))
	}
	for networks, want := range map[int]bool{3: true, 4: false} {
		f := newFixture(t, defaultLimits)
		attacker := newBotnet(f, 5*networks, fiveOfEach)
		for minute := 0; minute < 14*60; minute += 5 {
			bots := attacker.bots
			if minute < 8*60 { // at first one network alone, which leaves most to the others
				bots = bots[:5]
			}
			for _, bot := range bots {
				_ = bot.prepare()
			}
			f.clock.forward(5 * time.Minute)
		}
		p := f.at("192.0.2.1")
		if got := p.asks(victim) == nil; got != want {
			t.Errorf("against %d networks all day the victim's mail is sent: %v, want %v", networks, got, want)
		}
	}
}

func fiveOfEach(i int) string { return fmt.Sprintf("203.0.%d.%d", i/5, i) }

// TestR22MailedPersonIsNotStopped: once the mail is there, no attacker can keep its
// code from being tried, from however many sources he uses the limits up.
func TestR22MailedPersonIsNotStopped(t *testing.T) {
	f := newFixture(t, defaultLimits)
	attacker := newBotnet(f, 500, func(i int) string { return fmt.Sprintf("203.%d.%d.1", i/250, i%250) })
	p := f.at("203.0.0.1") // behind one of the attacker's sources
	p.must(p.asks(victim))
	for range 3 {
		attacker.harass()
		attacker.guess(nil)
	}
	p.must(p.update(Input{FirstName: "Vic"}))
	p.must(p.attempt(p.code()))
	p.mustBe(Complete)
}

// botnet is an attacker with a client behind each of his sources.
type botnet struct {
	*fixture
	bots []*person
	next int // code to try
}

func newBotnet(f *fixture, size int, source func(i int) string) *botnet {
	b := &botnet{fixture: f}
	for i := range size {
		p := f.at(source(i))
		if err := p.create(Input{EmailAddress: victim}); err != nil {
			f.t.Fatal(err)
		}
		b.bots = append(b.bots, p)
	}
	return b
}

// harass asks for a mail to the victim from every source, again and again.
func (b *botnet) harass() (mails int) {
	for range 2 {
		for _, bot := range b.bots {
			if bot.prepare() == nil {
				mails++
			}
		}
	}
	return mails
}

// guess tries codes wherever one can be tried, another one each time, and reports
// the tries that were judged.
func (b *botnet) guess(judged func(bot *person, hit bool)) {
	for _, bot := range b.bots {
		for bot.emailVerification() != nil {
			b.next++
			err := bot.attempt(fmt.Sprintf("%06d", b.next%1_000_000))
			if err != nil && !problem.Has(err, problem.CodeIncorrect) {
				break
			}
			if judged != nil {
				judged(bot, err == nil)
			}
			if err == nil {
				break
			}
		}
	}
}

// TestR15TenThousandSourcesDoNotBeatTheBound: an attacker with 10,000 sources of
// 10,000 networks, who asks and guesses for two days whenever he can, has no more
// codes and tries than the settings' bound says.
func TestR15TenThousandSourcesDoNotBeatTheBound(t *testing.T) {
	f := newFixture(t, defaultLimits)
	bound := GuessingUnder(f.Settings)
	b := newBotnet(f, 10_000, func(i int) string { return fmt.Sprintf("10.%d.%d.1", i/250, i%250) })
	var tries []time.Time
	perCode, turn := map[string]int{}, 0
	begin := f.clock.now()
	for f.clock.now().Before(begin.Add(49 * time.Hour)) {
		for i, refused := 0, 0; i < len(b.bots) && refused < 200; i++ {
			turn++
			if b.bots[turn%len(b.bots)].prepare() != nil {
				refused++
			}
		}
		b.guess(func(bot *person, _ bool) {
			tries = append(tries, f.clock.now())
			perCode[bot.last.Client.MailID]++
		})
		f.clock.forward(10*time.Minute - time.Second)
	}
	for code, n := range perCode {
		if n > bound.TriesPerCode {
			t.Errorf("%d tries on %s, want at most %d", n, code, bound.TriesPerCode)
		}
	}
	worst := most(tries, 24*time.Hour)
	t.Logf("%d codes, %d tries in 49 hours, at most %d in 24 hours; the bound is %d", len(perCode), len(tries), worst, bound.CodesPerDay*bound.TriesPerCode)
	if worst > bound.CodesPerDay*bound.TriesPerCode {
		t.Errorf("%d tries in 24 hours", worst)
	}
	if len(tries) < 2*20*5-25 {
		t.Errorf("the attacker made only %d tries: he isn't trying hard", len(tries))
	}
}

// most is how many of times lie in any span.
func most(times []time.Time, span time.Duration) int {
	worst := 0
	for i, first := range times {
		n := 0
		for _, at := range times[i:] {
			if at.Sub(first) < span {
				n++
			}
		}
		worst = max(worst, n)
	}
	return worst
}

// TestR15GuessingBound prints the upper bound on guessing, from the settings.
func TestR15GuessingBound(t *testing.T) {
	for name, c := range map[string]struct {
		change          func(*settings.Settings)
		perCode         float64
		atOnce, codes   int
		perLife, perDay float64
	}{
		"by default":            {defaultLimits, 5e-6, 5, 25, 25e-6, 125e-6},
		"without a day's limit": {func(s *settings.Settings) { s.Limits.MailsPerAddressHour = 5 }, 5e-6, 5, 125, 25e-6, 625e-6},
		"without an hour's":     {func(s *settings.Settings) { s.Limits.MailsPerAddressDay = 20 }, 5e-6, 20, 40, 100e-6, 200e-6},
		"without limits":        {func(*settings.Settings) {}, 5e-6, 0, 0, 0, 0},
	} {
		f := newFixture(t, c.change)
		g := GuessingUnder(f.Settings)
		t.Logf("%s: %d tries a code, %d codes at once, %d in a day: %.2g, %.2g, %.2g", name,
			g.TriesPerCode, g.CodesAtOnce, g.CodesPerDay, g.Probability(1), g.Probability(g.CodesAtOnce), g.Probability(g.CodesPerDay))
		if g.CodesAtOnce != c.atOnce || g.CodesPerDay != c.codes {
			t.Errorf("%s: %+v", name, g)
		}
		for _, p := range [][2]float64{{g.Probability(1), c.perCode}, {g.Probability(g.CodesAtOnce), c.perLife}, {g.Probability(g.CodesPerDay), c.perDay}} {
			if math.Abs(p[0]-p[1]) > 1e-12 {
				t.Errorf("%s: %g, want %g", name, p[0], p[1])
			}
		}
	}
}
