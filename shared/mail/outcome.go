package mail

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/doorstep-auth/doorstep/shared/signup"
)

// outcome is what became of a mail, as the log says it.
type outcome string

const (
	outcomeSent       outcome = "sent"
	outcomeExpired    outcome = "expired"    // dropped: the code is dead
	outcomeSuperseded outcome = "superseded" // dropped: a newer mail took its place
	outcomeRepeated   outcome = "repeated"   // dropped: settled before
	outcomeRefused    outcome = "refused"    // dropped and recorded
	outcomeRetry      outcome = "retry"      // to be delivered again
)

// outcomes are all of them with their metric.
var outcomes = [...]struct {
	outcome
	metric string
}{
	{outcomeSent, "MailsSent"}, {outcomeExpired, "MailsExpired"}, {outcomeSuperseded, "MailsSuperseded"},
	{outcomeRepeated, "MailsRepeated"}, {outcomeRefused, "MailsRefused"}, {outcomeRetry, "MailsRetried"},
}

type result struct {
	outcome
	mail   string // kind of what was sent
	reason string // of a refusal
	err    error  // of a retry
}

func again(err error) result { return result{outcome: outcomeRetry, err: err} }

// final reports whether the mail needs nothing more.
func (r result) final() bool { return r.outcome != outcomeRetry }

// record logs what became of due: who, what and when, without code or whole
// address (ASVS 16.2.1, 16.2.5).
func (d *Dispatcher) record(ctx context.Context, due signup.DueMail, r result, took time.Duration) {
	level := slog.LevelInfo
	attributes := []slog.Attr{
		slog.String("mail_id", due.MailID), slog.String("sign_up_id", due.SignUpID.String()),
		slog.String("outcome", string(r.outcome)), slog.String("to", address(due).Masked()),
		slog.Float64("duration_ms", float64(took)/float64(time.Millisecond)),
	}
	switch r.outcome {
	case outcomeSent:
		attributes = append(attributes, slog.String("mail", r.mail))
	case outcomeRefused:
		level, attributes = slog.LevelWarn, append(attributes, slog.String("reason", r.reason))
	case outcomeRetry:
		level, attributes = slog.LevelError, append(attributes, slog.String("error", r.err.Error()))
	}
	d.parts.Log.LogAttrs(ctx, level, "mail", attributes...)
}

// measure logs the counts of a batch in CloudWatch's embedded metric format, of
// which CloudWatch makes metrics in the namespace Doorstep.
func (d *Dispatcher) measure(ctx context.Context, results []result) {
	counts := map[outcome]int{}
	for _, r := range results {
		counts[r.outcome]++
	}
	type metric struct{ Name, Unit string }
	type directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []metric
	}
	dimensions := []string{}
	attributes := []slog.Attr{}
	if d.parts.Function != "" {
		dimensions, attributes = append(dimensions, "FunctionName"), append(attributes, slog.String("FunctionName", d.parts.Function))
	}
	metrics := []metric{}
	for _, o := range outcomes {
		metrics = append(metrics, metric{o.metric, "Count"})
		attributes = append(attributes, slog.Int(o.metric, counts[o.outcome]))
	}
	embedded := map[string]any{
		"Timestamp":         d.parts.Now().UnixMilli(),
		"CloudWatchMetrics": []directive{{"Doorstep", [][]string{dimensions}, metrics}},
	}
	d.parts.Log.LogAttrs(ctx, slog.LevelInfo, "mails", append(attributes, slog.Any("_aws", embedded))...)
}

// settled remembers mails that need nothing more, until their codes are dead.
type settled struct {
	sync.Mutex
	until map[string]time.Time
}

func (s *settled) add(mailID string, until time.Time) {
	s.Lock()
	defer s.Unlock()
	if s.until == nil {
		s.until = map[string]time.Time{}
	}
	s.until[mailID] = until
}

func (s *settled) has(mailID string) bool {
	s.Lock()
	defer s.Unlock()
	_, found := s.until[mailID]
	return found
}

// forget drops what has expired: it isn't sent again anyhow.
func (s *settled) forget(now time.Time) {
	s.Lock()
	defer s.Unlock()
	for mailID, until := range s.until {
		if !now.Before(until) {
			delete(s.until, mailID)
		}
	}
}
