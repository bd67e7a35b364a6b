package signup

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

// Window is a rate limit: at most Most events in any span of Per.
type Window struct {
	Name string // of the policy, as the RateLimit fields call it
	Most int
	Per  time.Duration
	// Open is how many of Most anyone may cause. The rest is kept for sources that
	// have caused fewer than Own in that span, so that nobody uses it up for others.
	Open, Own int
}

// Meter is what a rate limit counts.
type Meter struct {
	Kind    string // of event
	Subject []byte // keyed hash of whom it is counted for
	Source  []byte // keyed hash of who causes the event, or nil where all are alike
	Windows []Window
}

// Events is what a meter has counted.
type Events struct {
	Times []time.Time // newest first
	Own   []time.Time // those of the meter's source, newest first
}

// Full is returned when a meter has no room for an event. Its events say why.
type Full struct{ Events Events }

// Error says that a rate limit was reached.
func (*Full) Error() string { return "signup: rate limit reached" }

// Wait is how long after now the window has room for an event of the meter's
// source; 0 if it has some. A store's Count refuses in exactly the other cases.
func (w Window) Wait(e Events, now time.Time) time.Duration {
	kept := min(w.until(e.Times, w.Open, now), w.until(e.Own, w.Own, now))
	return max(kept, w.until(e.Times, w.Most, now))
}

// until is how long n or more of times are in the window.
func (w Window) until(times []time.Time, n int, now time.Time) time.Duration {
	if n == 0 || len(times) < n {
		return 0
	}
	return max(0, times[n-1].Add(w.Per).Sub(now))
}

// Keeps is how many of the newest events a meter's windows ask about.
func (m Meter) Keeps() int {
	keeps := 0
	for _, w := range m.Windows {
		keeps = max(keeps, w.Most)
	}
	return keeps
}

// Longest is how long an event counts.
func (m Meter) Longest() time.Duration {
	var longest time.Duration
	for _, w := range m.Windows {
		longest = max(longest, w.Per)
	}
	return longest
}

// limited is p with the quotas of windows that e ran into at now.
func limited(p *problem.Error, windows []Window, e Events, now time.Time) *problem.Error {
	quotas := make([]problem.Quota, len(windows))
	for i, w := range windows {
		quotas[i] = problem.Quota{Name: w.Name, Most: w.Most, Window: wholeSeconds(w.Per), Reset: wholeSeconds(w.Wait(e, now))}
	}
	p.Limited(quotas...)
	return p.Detailed("%s", inWords(p.RetryAfter))
}

// wholeSeconds rounds up: who waits so long has waited enough.
func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

func inWords(seconds int) string {
	switch {
	case seconds == 1:
		return "1 second"
	case seconds < 120:
		return fmt.Sprintf("%d seconds", seconds)
	case seconds < 2*60*60:
		return fmt.Sprintf("%d minutes", (seconds+59)/60)
	}
	return fmt.Sprintf("%d hours", (seconds+3599)/3600)
}

// sourceAddress is what limits take for one source: an IPv4 address, or the /64 of
// an IPv6 one, of which a single line has 2^64.
func sourceAddress(text string) string { return prefixOf(text, 32, 64) }

// sourceNetwork is a wider neighbourhood, within which addresses are easily had: an
// IPv4 /24 or an IPv6 /48 (RFC 6177 §2).
func sourceNetwork(text string) string { return prefixOf(text, 24, 48) }

// prefixOf is the network of an address. What isn't an address is one with all else that isn't.
func prefixOf(text string, v4, v6 int) string {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return ""
	}
	address = address.Unmap().WithZone("")
	bits := v6
	if address.Is4() {
		bits = v4
	}
	return netip.PrefixFrom(address, bits).Masked().String()
}
