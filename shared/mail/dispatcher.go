package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

const (
	defaultConcurrency = 8
	// backlog is the age from which on a mail may have been superseded by one that
	// isn't in the same batch. The stream delivers within a second unless it is held up.
	backlog = 5 * time.Second
	// reserve is kept of the deadline to log and answer.
	reserve = 2 * time.Second
)

// Store is what of the table a Dispatcher needs.
type Store interface {
	// Current returns the id of the newest due mail of due's holder, "" if there is
	// none. The read must be consistent: an older answer would drop a mail that is due.
	Current(ctx context.Context, due signup.DueMail) (mailID string, err error)
	// RecordRefusal notes why due was refused for good, unless a newer mail has
	// taken its place, which is no error.
	RecordRefusal(ctx context.Context, due signup.DueMail, reason string) error
	// Claims returns the claims that exist on ids. It may lag behind. It is asked
	// only about mails of a sign-up that keeps quiet about accounts.
	Claims(ctx context.Context, ids []identifier.Identifier) ([]signup.Claim, error)
}

// Keys finds the key that a due mail names; *secret.Keyring does.
type Keys interface {
	ByID(id string) (secret.MACKey, bool)
}

// Options are the parts of a Dispatcher.
type Options struct {
	Settings *settings.Settings
	Keys     Keys
	Sender   Sender
	Store    Store
	Log      *slog.Logger
	Now      func() time.Time
	// Function names the function in the metrics; empty leaves it out.
	Function string
	// Concurrency is how many mails are sent at once; 0 is 8.
	Concurrency int
}

// Dispatcher delivers due mails. It is safe for concurrent use.
type Dispatcher struct {
	parts    Options
	renderer *Renderer
	settled  settled
}

// NewDispatcher checks the settings of the mails; the error names each that is
// missing or wrong.
func NewDispatcher(o Options) (*Dispatcher, error) {
	renderer, err := NewRenderer(o.Settings)
	if err != nil {
		return nil, err
	}
	if o.Concurrency <= 0 {
		o.Concurrency = defaultConcurrency
	}
	return &Dispatcher{parts: o, renderer: renderer}, nil
}

// Failure is a mail that must be delivered again.
type Failure struct {
	Index int   // position in what Deliver was given
	Err   error // without secrets or addresses
}

// Deliver sends due, which is in the order of the stream, in any order and
// several at once. What has expired or was superseded is dropped; what SES refuses
// for good is recorded in the store. It returns the mails to deliver again, by
// rising index. A mail that is delivered again though it was settled here before,
// as a stream does with all that follow a failed one, isn't sent again while this
// process lives.
func (d *Dispatcher) Deliver(ctx context.Context, due []signup.DueMail) []Failure {
	if len(due) == 0 {
		return nil
	}
	ctx, cancel := leaveReserve(ctx)
	defer cancel()
	d.settled.forget(d.parts.Now())
	newest := newestOfEach(due)
	results := make([]result, len(due))
	slots := make(chan struct{}, d.parts.Concurrency)
	var all sync.WaitGroup
	for i := range due {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			results[i] = d.deliver(ctx, due[i], newest[due[i].Holder()] != i)
		})
	}
	all.Wait()
	d.measure(ctx, results)
	return failures(results)
}

// leaveReserve is ctx with a deadline that leaves time to answer.
func leaveReserve(ctx context.Context) (context.Context, context.CancelFunc) {
	if end, limited := ctx.Deadline(); limited {
		return context.WithDeadline(ctx, end.Add(-reserve))
	}
	return context.WithCancel(ctx)
}

// newestOfEach is the position of each holder's last mail in due.
func newestOfEach(due []signup.DueMail) map[signup.ID]int {
	newest := make(map[signup.ID]int, len(due))
	for i := range due {
		newest[due[i].Holder()] = i
	}
	return newest
}

func failures(results []result) (list []Failure) {
	for i, r := range results {
		if r.outcome == outcomeRetry {
			list = append(list, Failure{Index: i, Err: r.err})
		}
	}
	return list
}

// deliver brings one mail to its outcome and logs it.
func (d *Dispatcher) deliver(ctx context.Context, due signup.DueMail, superseded bool) (r result) {
	began := d.parts.Now()
	defer func() {
		if cause := recover(); cause != nil {
			r = again(fmt.Errorf("mail: panic: %v", cause))
		}
		if r.final() {
			d.settled.add(due.MailID, due.ExpiresAt)
		}
		d.record(ctx, due, r, d.parts.Now().Sub(began))
	}()
	switch {
	case d.settled.has(due.MailID):
		return result{outcome: outcomeRepeated}
	case due.Expired(began):
		return result{outcome: outcomeExpired}
	case superseded || d.supersededSince(ctx, due, began):
		return result{outcome: outcomeSuperseded}
	case ctx.Err() != nil:
		return again(errors.New("mail: no time left"))
	}
	return d.send(ctx, due)
}

// supersededSince asks whether a mail that was held up is still wanted. If that
// can't be told it is: a stale code does no harm, a missing one does.
func (d *Dispatcher) supersededSince(ctx context.Context, due signup.DueMail, now time.Time) bool {
	if now.Sub(due.StoredAt) < backlog {
		return false
	}
	current, err := d.parts.Store.Current(ctx, due)
	if err != nil {
		d.parts.Log.LogAttrs(ctx, slog.LevelWarn, "is the mail still current?", slog.String("mail_id", due.MailID), slog.String("error", err.Error()))
		return false
	}
	return current != due.MailID
}

// send waits for SES no longer than the code lives: what has died in the meantime
// fails, and is dropped when it comes again.
func (d *Dispatcher) send(ctx context.Context, due signup.DueMail) result {
	ctx, cancel := context.WithTimeout(ctx, due.ExpiresAt.Sub(d.parts.Now()))
	defer cancel()
	message, err := d.message(ctx, due)
	if err == nil {
		err = d.parts.Sender.Send(ctx, message)
	}
	var refused *Refused
	if !errors.As(err, &refused) {
		if err != nil {
			return again(err)
		}
		return result{outcome: outcomeSent, mail: message.Kind}
	}
	if err := d.parts.Store.RecordRefusal(ctx, due, refused.Reason); err != nil {
		return again(fmt.Errorf("mail: record refusal (%s): %w", refused.Reason, err))
	}
	return result{outcome: outcomeRefused, reason: refused.Reason}
}

func (d *Dispatcher) message(ctx context.Context, due signup.DueMail) (Message, error) {
	m, err := d.mail(ctx, due)
	if err != nil {
		return Message{}, err
	}
	message, err := d.renderer.Render(due.Locale, m)
	message.ID, message.To = due.MailID, address(due).MailAddress()
	return message, err
}

// mail is what due comes to. That it has nowhere to lead is a refusal: whoever signs up
// brings it about, and tried again it would hold up everybody else's mails.
func (d *Dispatcher) mail(ctx context.Context, due signup.DueMail) (Mail, error) {
	key, found := d.parts.Keys.ByID(due.KeyID)
	if !found {
		return nil, fmt.Errorf("mail: unknown key %q", due.KeyID)
	}
	owned, err := d.owned(ctx, due)
	switch {
	case err != nil:
		return nil, err
	case owned:
		return ExistingAccount{AppName: d.parts.Settings.AppName, Answerable: d.parts.Settings.Mail.ReplyTo != ""}, nil
	case !due.Purpose.Linked():
		return d.verification(due, key), nil
	}
	s := d.parts.Settings
	link := due.ActionURL(key, s)
	if link.IsZero() {
		return nil, &Refused{Reason: RefusedPage}
	}
	return VerificationLink{AppName: s.AppName, Link: link, Minutes: d.minutesLeft(due), Purpose: due.Purpose}, nil
}

// owned reports whether the address of due has an account that its sign-up kept
// quiet about. This is the one place that asks: what answers the public doesn't
// know, so nothing of it can tell.
func (d *Dispatcher) owned(ctx context.Context, due signup.DueMail) (bool, error) {
	if !d.keptQuiet(due.Purpose) {
		return false, nil
	}
	claims, err := d.parts.Store.Claims(ctx, []identifier.Identifier{address(due)})
	if err != nil {
		return false, fmt.Errorf("mail: has the address an account? %w", err)
	}
	return due.Owned(claims), nil
}

// keptQuiet reports whether what asked for a mail for purpose went on without a word
// about an account that the address has.
func (d *Dispatcher) keptQuiet(purpose signup.Purpose) bool {
	switch purpose {
	case signup.ConfirmAddress, signup.AcceptInvitation:
		return !d.parts.Settings.Passwords.DiscloseAddresses
	case signup.ConfirmSignUp: // a taken address has been refused
		return false
	case signup.ResetPassword, signup.SignInByMail: // mailed to nobody but the account's owner
		return false
	}
	return d.parts.Settings.EnumerationProtection
}

// verification is the mail of due: with the link if it has one, and with the code
// unless the instance takes links only.
func (d *Dispatcher) verification(due signup.DueMail, key secret.MACKey) Mail {
	s, minutes := d.parts.Settings, d.minutesLeft(due)
	link, code := due.LinkURL(key, s.PublicURL), due.Code(key)
	if link.IsZero() {
		return VerificationCode{AppName: s.AppName, Code: code, Minutes: minutes, Purpose: due.Purpose}
	}
	if !slices.Contains(s.Attributes.EmailAddress.Strategies, settings.EmailCode) {
		code = secret.Text{}
	}
	return VerificationLink{AppName: s.AppName, Link: link, Code: code, Minutes: minutes}
}

// minutesLeft is how long what due carries still lives.
func (d *Dispatcher) minutesLeft(due signup.DueMail) int {
	return wholeMinutes(due.ExpiresAt.Sub(d.parts.Now()))
}

// wholeMinutes is what is left of a challenge's life, to the nearest minute and at least one.
func wholeMinutes(left time.Duration) int { return max(1, int(left.Round(time.Minute)/time.Minute)) }

// address is the one that due goes to.
func address(due signup.DueMail) identifier.Identifier {
	return identifier.Identifier{Kind: due.Kind, Canonical: due.Canonical, Display: due.To}
}
