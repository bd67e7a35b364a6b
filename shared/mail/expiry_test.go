package mail

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/doorstep-auth/doorstep/shared/signup"
)

// A mail waits for SES as long as its code lives, and no longer: when it comes again, it is dropped.
func TestNoMailIsSentAfterItsCodeHasDied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(o *Options) {
			o.Sender = senderFunc(func(ctx context.Context, _ Message) error {
				<-ctx.Done()
				return ctx.Err()
			})
			o.Now = time.Now
		})
		due := f.due(1)
		due.StoredAt, due.ExpiresAt = time.Now(), time.Now().Add(4*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if failures := f.Deliver(ctx, []signup.DueMail{due}); len(failures) != 1 || !time.Now().Equal(due.ExpiresAt) {
			t.Errorf("%v, %s after it has died", failures, time.Since(due.ExpiresAt))
		}
		if failures := f.Deliver(ctx, []signup.DueMail{due}); failures != nil || f.outcomes(t)[due.MailID] != "expired" {
			t.Errorf("%v, %v", failures, f.outcomes(t))
		}
	})
}
