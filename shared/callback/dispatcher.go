package callback

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// keptDead is how long a dead letter is kept.
const keptDead = 14 * 24 * time.Hour

// Dispatcher queues messages about new users and sends what is due. It is safe for
// concurrent use, in one process and in many.
type Dispatcher struct {
	Settings settings.Callbacks
	Queue    Queue
	Client   *Client
	// Keys returns the ring that secrets are derived from. Receivers may be told of a new
	// one at any time, so it must not lag behind for long.
	Keys func() (*secret.Keyring, error)
	Log  *slog.Logger
	Now  func() time.Time
	// Random yields numbers in [0, 1).
	Random func() float64
	// Wait waits; false if ctx ends first.
	Wait func(context.Context, time.Duration) bool
}

// Announce queues the messages about new users and sends what is due. It returns how many
// users are queued: at the first that can't be it stops, and that one and all behind it must
// come again. What can't be sent is no failure, it stays queued.
func (d *Dispatcher) Announce(ctx context.Context, users []*signup.User) (queued int) {
	for _, u := range users {
		if err := d.enqueue(ctx, u); err != nil {
			d.Log.ErrorContext(ctx, "callback queue", slog.String("error", err.Error()))
			break
		}
		queued++
	}
	if queued > 0 {
		d.drainAll(ctx, false)
	}
	return queued
}

func (d *Dispatcher) enqueue(ctx context.Context, u *signup.User) error {
	delivery := d.queued(Delivery{User: u.ID, CreatedAt: u.CreatedAt})
	for _, url := range d.Settings.URLs {
		if err := d.Queue.Enqueue(ctx, Target(url), delivery); err != nil {
			return err
		}
	}
	return nil
}

// queued is a delivery that begins to age now.
func (d *Dispatcher) queued(delivery Delivery) Delivery {
	delivery.QueuedAt = d.Now()
	delivery.KeepUntil = delivery.QueuedAt.Add(d.Settings.GiveUpAfter.Std() + keptDead)
	return delivery
}

// Sweep sends what is due by now, and sets aside what is too old.
func (d *Dispatcher) Sweep(ctx context.Context) { d.drainAll(ctx, true) }

// ErrUnknownURL is Replay's error for a URL that the settings don't name.
var ErrUnknownURL = errors.New("callbacks.urls doesn't name this URL")

// Replay puts the dead letters of url back into its queue, has it tried again even if it
// wanted nothing more, and returns how many letters there were.
func (d *Dispatcher) Replay(ctx context.Context, url string) (revived int, err error) {
	if !slices.Contains(d.Settings.URLs, url) {
		return 0, ErrUnknownURL
	}
	letters, err := d.Queue.Dead(ctx, Target(url))
	if err != nil {
		return 0, err
	}
	for _, letter := range letters {
		if err := d.Queue.Revive(ctx, Target(url), d.queued(letter)); err != nil {
			return revived, err
		}
		revived++
	}
	if err := d.Queue.Enable(ctx, Target(url)); err != nil {
		return revived, err
	}
	d.drainLogged(ctx, url, true)
	d.Client.closeIdle()
	return revived, nil
}

// drainAll drains the queues side by side, so that no receiver waits for another.
func (d *Dispatcher) drainAll(ctx context.Context, mayBeEmpty bool) {
	var all sync.WaitGroup
	for _, url := range d.Settings.URLs {
		all.Go(func() { d.drainLogged(ctx, url, mayBeEmpty) })
	}
	all.Wait()
	d.Client.closeIdle()
}

func (d *Dispatcher) drainLogged(ctx context.Context, url string, mayBeEmpty bool) {
	if err := d.drain(ctx, url, mayBeEmpty); err != nil {
		d.Log.ErrorContext(ctx, "callback queue", receiver(url), slog.String("error", err.Error()))
	}
}

// drain sends what is due to url. While somebody else does, it leaves that to them: they
// look again once they have let go of the queue.
func (d *Dispatcher) drain(ctx context.Context, url string, mayBeEmpty bool) error {
	for look := mayBeEmpty; ; look = true {
		early := false
		if look {
			head, err := d.Queue.Due(ctx, Target(url), 1)
			if err != nil || len(head) == 0 {
				return err
			}
			early = d.tooOld(head[0])
		}
		r, err := d.lease(ctx, url, early)
		if errors.Is(err, ErrLeased) {
			return nil
		}
		if err != nil {
			return err
		}
		drained, err := r.work(ctx)
		if err := errors.Join(err, d.Queue.Release(ctx, r.lease, r.state)); err != nil || !drained {
			return err
		}
	}
}

const (
	// leaseLife is how long a lease lasts where an invocation has no end of its own.
	leaseLife = 2 * time.Minute
	// reserve is what is kept of an invocation to store what came of it.
	reserve = 5 * time.Second
)

// lease takes url's queue until this invocation is surely over.
func (d *Dispatcher) lease(ctx context.Context, url string, early bool) (*run, error) {
	life := leaseLife
	if end, ok := ctx.Deadline(); ok {
		life = time.Until(end) + reserve
	}
	holder := make([]byte, 12)
	rand.Read(holder) // never fails (Go 1.24)
	now := d.Now()
	r := &run{Dispatcher: d, url: url, lease: Lease{
		Target: Target(url), Holder: holder, Now: now, Until: now.Add(life), Settings: d.inForce(), Early: early,
	}}
	var err error
	r.state, err = d.Queue.Lease(ctx, r.lease)
	return r, err
}

// inForce names the settings: another name, other settings.
func (d *Dispatcher) inForce() string {
	text, _ := json.Marshal(d.Settings) // lists and durations only
	hash := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(hash[:9])
}

func (d *Dispatcher) tooOld(delivery Delivery) bool {
	return d.Now().Sub(delivery.QueuedAt) >= d.Settings.GiveUpAfter.Std()
}
