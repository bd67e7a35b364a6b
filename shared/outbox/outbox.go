// Package outbox joins the table's stream to the mails: what a stored change makes
// due is handed to the dispatcher, and what fails comes again.
package outbox

import (
	"context"
	"log/slog"
	"time"

	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/mail"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/table"
)

// New is the function that sends the mails which changes of the table make due.
func New(rt *boot.Runtime) (*gateway.StreamFunction, error) {
	ses := mail.NewSES(mail.SESOptions{
		AWS: rt.AWS, Endpoint: rt.SESEndpoint, HTTPClient: rt.HTTP, ConfigurationSet: rt.ConfigurationSet,
	})
	rt.Opening(func(ctx context.Context) { _ = ses.Warm(ctx) })
	keys, err := rt.Keyring()
	if err != nil {
		return nil, err
	}
	dispatcher, err := mail.NewDispatcher(mail.Options{
		Settings: rt.Settings, Keys: keys, Sender: ses, Log: rt.Log, Now: time.Now, Function: "mail/send",
		Store: table.New(rt.AWS, rt.DynamoDBEndpoint, rt.TableName),
	})
	o := outbox{dispatcher, rt.Log}
	return &gateway.StreamFunction{Handle: o.handle}, err
}

type outbox struct {
	dispatcher *mail.Dispatcher
	log        *slog.Logger
}

// handle delivers what changes make due, and returns which of them must come again.
func (o outbox) handle(ctx context.Context, changes []gateway.Change) (again []string, err error) {
	var due []signup.DueMail
	var sequences []string
	for _, change := range changes {
		mail, isDue, err := table.DueMail(change.Before, change.After, change.StoredAt)
		if err != nil {
			o.log.ErrorContext(ctx, "stream record", slog.String("sequence", change.Sequence), slog.String("error", err.Error()))
			again = append(again, change.Sequence)
		}
		if isDue {
			due, sequences = append(due, mail), append(sequences, change.Sequence)
		}
	}
	for _, failure := range o.dispatcher.Deliver(ctx, due) {
		again = append(again, sequences[failure.Index])
	}
	return again, nil
}
