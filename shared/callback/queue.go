package callback

import (
	"context"
	"errors"
	"time"

	"github.com/doorstep-auth/doorstep/shared/signup"
)

// ErrLeased is what Lease returns where nothing may be sent: somebody else does, it is
// too early, or the receiver wants nothing more.
var ErrLeased = errors.New("callback: the queue can't be leased now")

// Delivery is a message that is due to a URL. It names its user only: what is sent is the
// user as it is then, and a user who is gone by then isn't announced.
type Delivery struct {
	User      signup.ID
	CreatedAt time.Time // of the user, to the millisecond; it orders a queue
	QueuedAt  time.Time // from then on it ages
	KeepUntil time.Time // then it may be deleted, wherever it lies
}

// State is how things stand with a receiver.
type State struct {
	// Failures counts those since the last message that was accepted.
	Failures int
	// NextAt is when the next attempt may be made.
	NextAt time.Time
	// DisabledUnder names the settings under which the receiver has said that it wants
	// nothing more; empty if it hasn't. Under others it is asked again.
	DisabledUnder string
}

// Lease is the right to send to one receiver, for one dispatcher at a time.
type Lease struct {
	Target string
	Holder []byte
	Now    time.Time
	Until  time.Time
	// Settings names the settings in force.
	Settings string
	// Early takes the lease before NextAt and of a disabled receiver as well.
	Early bool
}

// Queue is what of the table a Dispatcher needs. Reads are consistent. A method that
// failed may have had its effect, and each can be called again with the same outcome.
type Queue interface {
	// Enqueue adds a delivery to target's queue unless it is in it.
	Enqueue(ctx context.Context, target string, d Delivery) error
	// Due returns the first n deliveries of target's queue, oldest user first.
	Due(ctx context.Context, target string, n int) ([]Delivery, error)
	// Lease takes the lease. The error is ErrLeased if nothing may be sent.
	Lease(ctx context.Context, l Lease) (State, error)
	// Release stores the state and ends the lease, if it is still l's.
	Release(ctx context.Context, l Lease, s State) error
	// Delivered removes a delivery from the queue.
	Delivered(ctx context.Context, target string, d Delivery) error
	// Bury moves a delivery from the queue to the dead letters.
	Bury(ctx context.Context, target string, d Delivery) error
	// Dead returns target's dead letters, oldest user first.
	Dead(ctx context.Context, target string) ([]Delivery, error)
	// Revive moves a dead letter back into the queue.
	Revive(ctx context.Context, target string, d Delivery) error
	// Enable forgets target's failures, and that it wants nothing more.
	Enable(ctx context.Context, target string) error
	// User returns the user; signup.ErrNoUser if it is gone.
	User(ctx context.Context, id signup.ID) (*signup.User, error)
}
