package model_test

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/smithy-go/middleware"

	"github.com/doorstep-auth/doorstep/shared/signup"
)

// errConnection is what the SDK's last try ended in.
var errConnection = errors.New("connection reset by peer")

// crash is what befalls one call of an operation.
type crash struct {
	Call   int  // which, from 1; 0 none
	Effect bool // the call has its effect, and only its answer is lost
	Deadly bool // the process dies with it: no later call arrives
}

// between stands between the table and DynamoDB: it lets a crash befall a call, and
// rewrites requests as a bug would send them.
type between struct {
	mu      sync.Mutex
	crash   crash
	calls   int
	struck  bool
	rewrite func(request any)
}

// arm lets c befall the calls from now on.
func (b *between) arm(c crash) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.crash, b.calls, b.struck = c, 0, false
}

// disarm ends that, and says whether it befell one.
func (b *between) disarm() (struck bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	struck, b.crash, b.struck = b.struck, crash{}, false
	return struck
}

// judge says whether the call that arrives now has its effect, and whether its answer is heard.
func (b *between) judge() (effect, heard bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	switch {
	case b.struck && b.crash.Deadly:
		return false, false
	case b.crash.Call == 0 || b.calls != b.crash.Call:
		return true, true
	}
	b.struck = true
	return b.crash.Effect, false
}

// attach puts it before all that the SDK does with a request, its retries too.
func (b *between) attach(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("between", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (out middleware.InitializeOutput, metadata middleware.Metadata, err error) {
		effect, heard := b.judge()
		if b.rewrite != nil {
			b.rewrite(in.Parameters)
		}
		if effect {
			out, metadata, err = next.HandleInitialize(ctx, in)
		}
		if !heard && (err == nil || !effect) {
			return middleware.InitializeOutput{}, metadata, errConnection
		}
		return out, metadata, err
	}), middleware.Before)
}

// tokens are the newest tokens of clients that somebody saw.
type tokens struct {
	mu     sync.Mutex
	newest map[signup.ID]signup.TokenState
}

func (t *tokens) see(c *signup.Client) {
	if c == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.newest == nil {
		t.newest = map[signup.ID]signup.TokenState{}
	}
	t.newest[c.ID] = c.Token
}

// restore gives c the token that it was seen with.
func (t *tokens) restore(c *signup.Client) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if seen, known := t.newest[c.ID]; known && c.Revision > 0 {
		c.Token = seen
	}
}
