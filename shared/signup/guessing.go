package signup

import (
	"time"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// Guessing bounds what somebody can try who doesn't read an address's mail but wants
// to prove it: however many clients and sources he has, he can only try codes that
// were mailed.
type Guessing struct {
	// TriesPerCode is how many codes are judged against one that was mailed.
	TriesPerCode int
	// CodesAtOnce is how many of an address's codes live at the same time, and
	// CodesPerDay how many live in any 24 hours; 0 if nothing bounds them.
	CodesAtOnce, CodesPerDay int
}

// GuessingUnder is the bound that the settings give.
func GuessingUnder(s *settings.Settings) Guessing {
	life := s.Verification.CodeLife.Std()
	return Guessing{
		TriesPerCode: s.Verification.MaxAttempts,
		CodesAtOnce:  mostMails(s.Limits, life),
		// A code that was mailed just before the day began may live in it.
		CodesPerDay: mostMails(s.Limits, 24*time.Hour+life),
	}
}

// mostMails is how many mails an address gets in any span at most; 0 if nothing bounds them.
func mostMails(l settings.Limits, span time.Duration) int {
	const day = 24 * time.Hour
	byHour := l.MailsPerAddressHour * int((span+time.Hour-1)/time.Hour)
	if l.MailsPerAddressDay == 0 {
		return byHour
	}
	byDay := l.MailsPerAddressDay * int((span+day-1)/day)
	if l.MailsPerAddressHour == 0 {
		return byDay
	}
	whole, rest := int(span/day), span%day
	lastHours := l.MailsPerAddressHour * int((rest+time.Hour-1)/time.Hour)
	return min(byHour, l.MailsPerAddressDay*whole+min(l.MailsPerAddressDay, lastHours))
}

// Probability is the upper bound on guessing one of so many codes: each try hits the
// code it is judged against with one in 10^6 (union bound).
func (g Guessing) Probability(codes int) float64 {
	possible := 1
	for range secret.CodeDigits {
		possible *= 10
	}
	return min(1, float64(codes*g.TriesPerCode)/float64(possible))
}
