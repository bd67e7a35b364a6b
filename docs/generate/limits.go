package main

import (
	"bytes"
	"fmt"

	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

const limitsIntro = `# Limits

What an instance does against automation, and why none of it can be turned on somebody else (OWASP ASVS 6.1.1). The
numbers are settings ([settings.md](settings.md)); decision 0014 has the reasons.

| what | counted for | limit by default | beyond it |
| --- | --- | --- | --- |
| mails | an address, across sign-ups and clients | %d in any hour, %d in any 24 hours | 429 ` + "`mail_rate_limit_exceeded`" + `; nothing is written |
| resends | a sign-up | one each %s | 429 ` + "`verification_code_too_many_requests`" + ` |
| sign-ups begun | a source address | %d in any %s | 429 ` + "`signup_rate_limit_exceeded`" + `; nothing is read or hashed |
| codes tried | a source address | %d in any %s | 429 ` + "`too_many_requests`" + `; the try isn't counted against the code |
| wrong codes | a code | %d | the code and its link are dead |
| addresses mailed | a sign-up | 3 | 400 ` + "`sign_up_cannot_be_updated`" + `: begin another |

Windows slide: there is no moment at which everything is allowed anew. A source is an IPv4 address or an IPv6 /64, as API
Gateway saw it; no header can name another. Of providers that are known to deliver several spellings to one mailbox (dots
and +tags at Gmail, +tags at Outlook, iCloud, Fastmail, Proton and others), all spellings count as one address; for nothing else do
they. What is stored is a keyed hash, which names neither address nor source.

` + "`make run`" + ` has the limits per source off, unless the settings document has a ` + "`limits`" + ` section. Where all requests come from one
address, such as a same-origin proxy's, set them to 0.

## What a refused caller is told

429 carries Retry-After (RFC 9110 §10.2.3), RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10):

` + "```" + `
Retry-After: 1200
RateLimit-Policy: "mails-hour";q=5;w=3600, "mails-day";q=20;w=86400
RateLimit: "mails-hour";r=0;t=1200
` + "```" + `

Policies are ` + "`mails-hour`, `mails-day`, `creates`, `attempts` and `resend`" + `. An answer within the limits carries none of this: what is left
for an address would tell a stranger whether somebody asked for it. The counts are the same for addresses that have an
account and for those that have none.

## Why limits don't shut people out

- **Who began goes on.** Reading and changing a sign-up, its links and its first mail don't count for a source. A code that has been
  mailed can be tried whatever others do: its first try is always judged, and so is every try of a client that has been quiet
  for %s. Only whoever tries faster than that is refused, and only while his source is over the limit. All that others
  can bring about is that a further mail has to wait; and of that:
- **A part of each address's mails is kept.** Of %d an hour, %d are for networks (IPv4 /24, IPv6 /48) that have caused fewer than %d;
  of %d a day, %d for those that have caused fewer than %d. So one network, however many addresses and clients it has, leaves a
  person elsewhere a mail in any hour, and another within the day. It takes %d networks to use up an hour and %d to use
  up a day, all the while sending the victim mails that say what is going on.
- **What remains.** An attacker with that many networks who keeps asking can hold back mails to one address for as long as he
  does. A bound on mails to an address that the anonymous can't use up doesn't exist: whatever tells a person from a
  stranger comes with the mail. The person can use another address. Records with ` + "`mail_rate_limit_exceeded`" + ` show it; raising the
  limits for an hour ends it. And people behind one source address share its sign-ups begun.

## Guessing

Somebody who doesn't read an address's mail can only try codes that were mailed to it, however many sources he has. So
the chance of proving an address by guessing is at most:

| settings | per code (%s) | per address at once | per address in any 24 hours |
| --- | --- | --- | --- |
`

// limitsPage says what the default limits are, how they work together, and what they bound.
func limitsPage() ([]byte, error) {
	s := settings.Default()
	windows := signup.MailWindows(s.Limits)
	hour, day := windows[0], windows[1]
	window, life := s.Limits.SourceWindow, s.Verification.CodeLife
	var page bytes.Buffer
	fmt.Fprintf(&page, limitsIntro,
		hour.Most, day.Most, s.Verification.ResendAfter, s.Limits.CreatesPerSource, window, s.Limits.AttemptsPerSource, window, s.Verification.MaxAttempts,
		window, hour.Most, hour.Most-hour.Open, hour.Own, day.Most, day.Most-day.Open, day.Own, networks(hour), networks(day), life)
	unlimited := settings.Default()
	unlimited.Limits = settings.Limits{}
	for _, row := range []struct {
		name string
		s    *settings.Settings
	}{{"by default", s}, {"without limits on mails", unlimited}} {
		guessing := signup.GuessingUnder(row.s)
		fmt.Fprintf(&page, "| %s | %s | %s | %s |\n", row.name, chance(guessing, 1), chance(guessing, guessing.CodesAtOnce), chance(guessing, guessing.CodesPerDay))
	}
	page.WriteString("\nThe day's bound counts the codes that were mailed just before it and still live in it. A link's token has 256 bits: guessing it adds nothing.\n")
	return page.Bytes(), nil
}

// networks is how many networks it takes to use up a window: one for what is open to
// all, and as many as the kept part has shares.
func networks(w signup.Window) int { return 1 + (w.Most-w.Open+w.Own-1)/w.Own }

func chance(g signup.Guessing, codes int) string {
	if codes == 0 {
		return "not bounded"
	}
	return fmt.Sprintf("%d × %d / 10⁶ = %.4g %%", codes, g.TriesPerCode, 100*g.Probability(codes))
}
