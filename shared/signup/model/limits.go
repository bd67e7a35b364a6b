package model

import (
	"slices"
	"strings"
	"time"
)

// event is something that a rate limit noted.
type event struct {
	at      time.Time
	network string
}

// The kinds of events.
const (
	mails    = "mails"
	creates  = "creates"
	attempts = "attempts"
	signIns  = "sign_ins"
)

// limit is how many events there may be in any span.
type limit struct {
	most int
	per  time.Duration
}

// countMail notes a mail to address that a caller at source asks for, and says
// whether there is room for it.
func (w *World) countMail(address, source string) bool {
	return w.countShared(mails, mailbox(address), source, limit{w.Rules.MailsPerHour, time.Hour}, limit{w.Rules.MailsPerDay, 24 * time.Hour})
}

// countShared notes an event that concerns subject, and says whether there is room for
// it. A quarter of each limit, rounded up, is kept for networks that have had less than
// half of that quarter.
func (w *World) countShared(kind, subject, source string, limits ...limit) bool {
	network, limited := source[:strings.LastIndexByte(source, '.')], false
	for _, limit := range limits {
		if limit.most == 0 {
			continue
		}
		limited = true
		all, own := w.recent(kind, subject, limit.per, ""), w.recent(kind, subject, limit.per, network)
		kept := (limit.most + 3) / 4
		if all >= limit.most || (all >= limit.most-kept && own >= max(1, kept/2)) {
			return false
		}
	}
	if limited {
		w.note(kind, subject, network)
	}
	return true
}

// countSource notes what a caller at source begins, and says whether there is room for it.
func (w *World) countSource(kind, source string, most int) bool {
	if most == 0 {
		return true
	}
	if w.recent(kind, source, w.Rules.SourceWindow, "") >= most {
		return false
	}
	w.note(kind, source, "")
	return true
}

// recent is how many events there were in the last per, of a network or of all.
func (w *World) recent(kind, subject string, per time.Duration, network string) int {
	n := 0
	for _, e := range w.events[kind+" "+subject] {
		if w.Now.Sub(e.at) < per && (network == "" || network == e.network) {
			n++
		}
	}
	return n
}

func (w *World) note(kind, subject, network string) {
	key := kind + " " + subject
	w.events[key] = append(slices.Clone(w.events[key]), event{w.Now, network})
	w.State.Counted[kind]++
}

// mailbox is where mail to address probably ends: Gmail takes no notice of dots, nor of what follows a plus.
func mailbox(address string) string {
	name, host, _ := strings.Cut(strings.ToLower(address), "@")
	if host == "gmail.com" {
		name, _, _ = strings.Cut(name, "+")
		name = strings.ReplaceAll(name, ".", "")
	}
	return name + "@" + host
}
