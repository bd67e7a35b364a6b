// Package dispatch joins the table's stream, a schedule and an operator to the messages
// about new users: it is what the function events/dispatch runs.
package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	mathrand "math/rand/v2"
	"time"

	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/callback"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/table"
)

// Function is invoked with a batch of the table's stream, with an event of a schedule, or
// by an operator with {"replay":"<url>"}.
type Function struct {
	dispatcher *callback.Dispatcher
	log        *slog.Logger
}

// New is the function. Where nobody is to be told of users, it sends nothing to AWS.
func New(rt *boot.Runtime) (*Function, error) {
	set, keys := rt.Settings.Callbacks, &freshKeys{read: rt.Keyring, now: time.Now}
	if len(set.URLs) > 0 {
		rt.OpenDynamoDB()
		if _, err := keys.get(); err != nil {
			return nil, err
		}
	}
	return &Function{log: rt.Log, dispatcher: &callback.Dispatcher{
		Settings: set, Queue: table.New(rt.AWS, rt.DynamoDBEndpoint, rt.TableName).Callbacks(),
		Client: callback.NewClient(callback.ClientOptions{Timeout: set.Timeout.Std(), Local: rt.DynamoDBEndpoint != ""}),
		Keys:   keys.get, Log: rt.Log, Now: time.Now, Random: mathrand.Float64, Wait: wait,
	}}, nil
}

// Invoke handles one event.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var event struct {
		Records json.RawMessage `json:"Records"`
		Source  string          `json:"source"`
		Replay  string          `json:"replay"`
	}
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, errors.New("dispatch: not an event")
	}
	switch {
	case event.Records != nil:
		return (&gateway.StreamFunction{Handle: f.announce}).Invoke(ctx, payload)
	case event.Source == "aws.events":
		f.dispatcher.Sweep(ctx)
		return []byte(`{}`), nil
	case event.Replay != "":
		revived, err := f.dispatcher.Replay(ctx, event.Replay)
		if err != nil {
			return nil, err
		}
		return json.Marshal(map[string]int{"replayed": revived})
	}
	return nil, errors.New(`dispatch: neither a batch of the stream nor a schedule's event nor {"replay":"<url>"}`)
}

// announce tells of the users that changes have made. It returns the first change that
// must come again: all behind it come again with it.
func (f *Function) announce(ctx context.Context, changes []gateway.Change) (again []string, err error) {
	var users []*signup.User
	var sequences []string
	for _, change := range changes {
		user, isNew, err := table.CreatedUser(change.Before, change.After)
		if err != nil {
			f.log.ErrorContext(ctx, "stream record", slog.String("sequence", change.Sequence), slog.String("error", err.Error()))
			again = []string{change.Sequence}
			break
		}
		if isNew {
			users, sequences = append(users, user), append(sequences, change.Sequence)
		}
	}
	if queued := f.dispatcher.Announce(ctx, users); queued < len(users) {
		again = []string{sequences[queued]}
	}
	return again, nil
}

func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
