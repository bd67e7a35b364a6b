package callback

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"time"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

const (
	// pageSize is how many deliveries are read at once.
	pageSize = 25
	// worthWaiting is the longest back-off that an invocation waits for.
	worthWaiting = 10 * time.Second
)

// A run works off one receiver's queue while it has the lease.
type run struct {
	*Dispatcher
	url   string
	lease Lease
	state State
	keys  *secret.Keyring
}

// work sends in order until the queue is empty, something isn't accepted, or there is no
// time for another attempt. drained reports the first.
func (r *run) work(ctx context.Context) (drained bool, err error) {
	if r.keys, err = r.Keys(); err != nil {
		return false, err
	}
	for {
		page, err := r.Queue.Due(ctx, r.lease.Target, pageSize)
		if err != nil {
			return false, err
		}
		for _, delivery := range page {
			if done, err := r.deliver(ctx, delivery); err != nil || !done {
				return false, err
			}
		}
		if len(page) < pageSize {
			return true, nil
		}
	}
}

// deliver sends one message, sets it aside, or reports that nothing more can be sent now.
func (r *run) deliver(ctx context.Context, delivery Delivery) (done bool, err error) {
	if r.tooOld(delivery) {
		return true, r.bury(ctx, delivery)
	}
	for r.mayTry(ctx) {
		user, err := r.Queue.User(ctx, delivery.User)
		if errors.Is(err, signup.ErrNoUser) {
			r.log(ctx, slog.LevelInfo, "user is gone", delivery)
			return true, r.Queue.Delivered(ctx, r.lease.Target, delivery)
		}
		if err != nil {
			return false, err
		}
		accepted, err := r.try(ctx, delivery, user)
		if err != nil {
			return false, err
		}
		if accepted {
			return true, r.Queue.Delivered(ctx, r.lease.Target, delivery)
		}
		if wait := r.state.NextAt.Sub(r.Now()); r.disabled() || wait > worthWaiting || !r.Wait(ctx, wait) {
			return false, nil
		}
	}
	return false, nil
}

// mayTry reports whether there may be an attempt, and time for it.
func (r *run) mayTry(ctx context.Context) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < r.Settings.Timeout.Std()+reserve {
		return false
	}
	return !r.disabled() && !r.Now().Before(r.state.NextAt)
}

func (r *run) disabled() bool { return r.state.DisabledUnder == r.lease.Settings }

// try makes one attempt and notes in the state what came of it.
func (r *run) try(ctx context.Context, delivery Delivery, user *signup.User) (accepted bool, err error) {
	m, err := newMessage(r.url, user)
	if err != nil {
		return false, err
	}
	got := r.Client.post(ctx, r.url, m, r.keys, r.Now())
	switch {
	case got.accepted():
		r.state = State{}
		r.log(ctx, slog.LevelInfo, "accepted", delivery, slog.Int("status", got.status))
		return true, nil
	case got.gone():
		r.state.DisabledUnder = r.lease.Settings
		r.log(ctx, slog.LevelError, "receiver wants no more", delivery, slog.Int("status", got.status))
		return false, nil
	}
	r.state.Failures++
	wait := backOff(r.state.Failures, r.Random())
	if got.retryAfter > wait {
		wait = min(got.retryAfter, r.Settings.GiveUpAfter.Std())
	}
	r.state.NextAt = r.Now().Add(wait)
	r.log(ctx, slog.LevelWarn, "not accepted", delivery, slog.Int("status", got.status), slog.Any("error", got.err),
		slog.Int("failures", r.state.Failures), slog.Time("next_at", r.state.NextAt))
	return false, nil
}

// bury sets a message aside. The next one, which has waited behind it, is tried at once.
func (r *run) bury(ctx context.Context, delivery Delivery) error {
	delivery.KeepUntil = r.Now().Add(keptDead)
	if err := r.Queue.Bury(ctx, r.lease.Target, delivery); err != nil {
		return err
	}
	r.state.NextAt = time.Time{}
	r.log(ctx, slog.LevelError, "given up", delivery)
	return nil
}

// log writes one record of what came of a delivery. It has nothing of what was sent or
// answered.
func (r *run) log(ctx context.Context, level slog.Level, outcome string, delivery Delivery, more ...slog.Attr) {
	attrs := append([]slog.Attr{
		receiver(r.url), slog.String("outcome", outcome), slog.String("message_id", messageID(r.url, delivery.User)),
		slog.String("user_id", "user_"+delivery.User.String()),
	}, more...)
	r.Log.LogAttrs(ctx, level, "callback", attrs...)
}

// receiver is what of a URL may be logged.
func receiver(address string) slog.Attr {
	host := ""
	if parsed, err := url.Parse(address); err == nil {
		host = parsed.Host
	}
	return slog.Group("receiver", slog.String("host", host), slog.String("target", Target(address)))
}
