package settings

import "time"

// Limits are the rate limits. docs/limits.md says how they work together.
type Limits struct {
	MailsPerAddressHour   int      `json:"mails_per_address_hour" doc:"Most mails to one address in any hour, whoever asks for them; 0 is no limit. A quarter of them, rounded up, is kept for networks that have had less than half of it."`
	MailsPerAddressDay    int      `json:"mails_per_address_day" doc:"The same in any 24 hours."`
	CreatesPerSource      int      `json:"creates_per_source" doc:"Most sign-ups that one source address, an IPv6 one by its /64, begins in any source_window; 0 is no limit. Set it to 0 where all requests come from one address, such as a same-origin proxy's."`
	AttemptsPerSource     int      `json:"attempts_per_source" doc:"Most codes that one source address tries in any source_window; 0 is no limit. A code's first try, and any try of a client that has been quiet for the window, is judged whatever its neighbours do."`
	SignInsPerAccountHour int      `json:"sign_ins_per_account_hour" doc:"Most sign-ins by password that are tried for one account in any hour, right or wrong; 0 is no limit. A quarter of them is kept for networks that have had less than half of it."`
	SourceWindow          Duration `json:"source_window" doc:"Window of the limits per source address."`
}

func defaultLimits() Limits {
	return Limits{
		MailsPerAddressHour: 5, MailsPerAddressDay: 20, SignInsPerAccountHour: 40,
		CreatesPerSource: 5, AttemptsPerSource: 3, SourceWindow: Duration(10 * time.Second),
	}
}

// Counters keep the time of each event, so a limit's size is one of an item.
const (
	mostMails      = 50
	mostFromSource = 60
)

func (l *Limits) check(c *check) {
	c.between("limits.mails_per_address_hour", l.MailsPerAddressHour, 0, mostMails)
	c.between("limits.mails_per_address_day", l.MailsPerAddressDay, 0, mostMails)
	if l.MailsPerAddressDay > 0 && l.MailsPerAddressHour > l.MailsPerAddressDay {
		c.faults.add("limits.mails_per_address_hour", "must not be above limits.mails_per_address_day (%d), is %d", l.MailsPerAddressDay, l.MailsPerAddressHour)
	}
	c.between("limits.sign_ins_per_account_hour", l.SignInsPerAccountHour, 0, mostFromSource)
	c.between("limits.creates_per_source", l.CreatesPerSource, 0, mostFromSource)
	c.between("limits.attempts_per_source", l.AttemptsPerSource, 0, mostFromSource)
	c.lasting("limits.source_window", l.SourceWindow, time.Second, time.Hour)
}
