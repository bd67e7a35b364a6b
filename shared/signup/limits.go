package signup

import (
	"context"
	"errors"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// The kinds of events that are counted.
const (
	mailEvents    = "mails"
	createEvents  = "creates"
	attemptEvents = "attempts"
	signInEvents  = "sign_ins"
	fromNetwork   = "network"
)

// networkMark is how many bytes tell networks apart within one address's meter.
const networkMark = 6

// MailWindows are the limits of mails to one address. A quarter of each, rounded up,
// is kept for networks that have had less than half of it, so that one network or two
// can't use up what another person's sign-up needs.
func MailWindows(l settings.Limits) []Window {
	return withReserve(
		Window{Name: "mails-hour", Most: l.MailsPerAddressHour, Per: time.Hour},
		Window{Name: "mails-day", Most: l.MailsPerAddressDay, Per: 24 * time.Hour})
}

// withReserve keeps a quarter of each window for networks that have had less than half of it.
func withReserve(all ...Window) []Window {
	var windows []Window
	for _, w := range all {
		if w.Most > 0 {
			kept := min(w.Most-1, (w.Most+3)/4)
			w.Open, w.Own = w.Most-kept, max(1, kept/2)
			windows = append(windows, w)
		}
	}
	return windows
}

// countSignIn counts a sign-in by password that is about to be tried, for its source
// and for the account, whether or not there is one.
func (op *operation) countSignIn(ctx context.Context, user ID, id identifier.Identifier) error {
	if err := op.countTry(ctx); err != nil {
		return err
	}
	windows := withReserve(Window{Name: "sign-ins-hour", Most: op.Settings.Limits.SignInsPerAccountHour, Per: time.Hour})
	if len(windows) == 0 {
		return nil
	}
	subject := id.LimitKey()
	if id.Canonical == "" {
		subject = user.String()
	}
	return op.meter(ctx, op.byNetwork(signInEvents, subject, windows), problem.SignInRateLimit.New())
}

// byNetwork is a meter for subject that tells the networks of its sources apart.
func (op *operation) byNetwork(kind, subject string, windows []Window) Meter {
	key := op.Keys.Current()
	return Meter{
		Kind: kind, Subject: secret.LimitKey(key, kind, subject), Windows: windows,
		Source: secret.LimitKey(key, fromNetwork, sourceNetwork(op.caller.Source))[:networkMark],
	}
}

// sourceWindow is the limit of kind for one source address, or none.
func sourceWindow(l settings.Limits, kind string) []Window {
	most := l.CreatesPerSource
	if kind == attemptEvents {
		most = l.AttemptsPerSource
	}
	if most == 0 {
		return nil
	}
	return []Window{{Name: kind, Most: most, Per: l.SourceWindow.Std()}}
}

// countMail counts a mail that is about to become due for to, or says that there may
// be no more. It counts once for an operation, however often that starts over.
func (op *operation) countMail(ctx context.Context, to identifier.Identifier) error {
	windows := MailWindows(op.Settings.Limits)
	if len(windows) == 0 || op.mailed == to {
		return nil
	}
	err := op.meter(ctx, op.byNetwork(mailEvents, to.LimitKey(), windows), problem.MailRateLimit.On(string(to.Kind)))
	if err == nil {
		op.mailed = to
	}
	return err
}

// countPrepared counts the mail that a preparation asks for, ahead of the write that
// makes it due. It returns the address that it counted for, to which that write has
// to hold, and the client beside a declared problem. Without limits it does nothing.
func (op *operation) countPrepared(ctx context.Context, id ID, strategy Strategy, resendAfter time.Duration) (identifier.Identifier, *Client, error) {
	if len(MailWindows(op.Settings.Limits)) == 0 {
		return identifier.Identifier{}, nil, nil
	}
	c, err := op.client(ctx)
	if err != nil {
		return identifier.Identifier{}, nil, err
	}
	su := c.find(id)
	if su == nil {
		return identifier.Identifier{}, c, noSignUp()
	}
	if err := su.sendable(strategy, op.now, resendAfter); err != nil {
		return identifier.Identifier{}, c, err
	}
	to := *su.Facts.identifier(strategy.Kind)
	return to, c, op.countMail(ctx, to)
}

// countCreate counts a sign-up that is about to begin.
func (op *operation) countCreate(ctx context.Context) error {
	return op.countSource(ctx, createEvents, problem.SignUpRateLimit.New())
}

// mostCorrections is how often a sign-up may change an address that has been mailed.
// Whoever needs more begins another, which counts for his source: else one sign-up
// would do to mail any number of strangers.
const mostCorrections = 2

// correctable is nil if the sign-up may change to identifiers.
func (op *operation) correctable(su *SignUp, identifiers []identifier.Identifier) error {
	for _, id := range identifiers {
		if op.Settings.Limits.CreatesPerSource > 0 && su.Corrections >= mostCorrections && su.corrects(id) {
			return problem.SignUpNotUpdatable.New().Detailed("mailed to several addresses already")
		}
	}
	return nil
}

// countAttempt counts a code that is about to be tried. That its source has no room
// left isn't yet a refusal: see crowded.
func (op *operation) countAttempt(ctx context.Context) error {
	err := op.countTry(ctx)
	if problem.Has(err, problem.AttemptRateLimit) {
		op.crowded = err
		return nil
	}
	return err
}

// quietSince is since when a client must have been quiet to have a further try
// judged while its source is crowded; zero while it isn't. Who tries a code for the
// first time, or paces himself, isn't refused for what others do at his address.
func (op *operation) quietSince() time.Time {
	if op.crowded == nil {
		return time.Time{}
	}
	return op.now.Add(-op.Settings.Limits.SourceWindow.Std())
}

// unlessCrowded is err, or the limit if err comes from somebody who has no sign-up
// to try a code on.
func (op *operation) unlessCrowded(err error) error {
	if op.crowded != nil && problem.Has(err, problem.ResourceNotFound) {
		return op.crowded
	}
	return err
}

// countTry counts a try of a code, a link or a password for its source.
func (op *operation) countTry(ctx context.Context) error {
	return op.countSource(ctx, attemptEvents, problem.AttemptRateLimit.New())
}

func (op *operation) countSource(ctx context.Context, kind string, refusal *problem.Error) error {
	windows := sourceWindow(op.Settings.Limits, kind)
	if len(windows) == 0 {
		return nil
	}
	subject := secret.LimitKey(op.Keys.Current(), kind, sourceAddress(op.caller.Source))
	return op.meter(ctx, Meter{Kind: kind, Subject: subject, Windows: windows}, refusal)
}

func (op *operation) meter(ctx context.Context, m Meter, refusal *problem.Error) error {
	err := op.Store.Count(ctx, m, op.now)
	var full *Full
	if errors.As(err, &full) {
		return limited(refusal, m.Windows, full.Events, op.now)
	}
	return err
}
