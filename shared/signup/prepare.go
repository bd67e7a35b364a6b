package signup

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/doorstep-auth/doorstep/shared/identifier"
)

// preparation is the slow work of a change: reading the client, looking up who
// holds its identifiers, hashing the password, storing large metadata. All of it
// is in flight at once; each result is waited for where it is needed.
type preparation struct {
	clientRead *pending[*Client]
	clientUsed bool // the read is stale: its result has been changed
	claimsRead *pending[[]Claim]
	hash       *pending[string]
	metadata   *pending[Metadata]
}

// pending is a result that is on its way; nil if nothing is to be done.
type pending[T any] struct {
	done  chan struct{}
	value T
	err   error
}

func start[T any](work func() (T, error)) *pending[T] {
	p := &pending[T]{done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.value, p.err = work()
	}()
	return p
}

func (p *pending[T]) settle() {
	if p != nil {
		<-p.done
	}
}

// wait is the result, or the zero value if nothing was to be done.
func (p *pending[T]) wait() (value T, err error) {
	if p == nil {
		return value, nil
	}
	<-p.done
	return p.value, p.err
}

// prepare starts the work. Its caller must settle it.
func (op *operation) prepare(ctx context.Context, ch *change) (*preparation, error) {
	work := &preparation{}
	if ch.metadata != nil {
		ref, err := op.metadataRef(ch.metadata)
		if err != nil {
			return nil, err
		}
		work.metadata = start(func() (Metadata, error) { return op.saveMetadata(ctx, ref, ch.metadata) })
	}
	if !op.caller.Token.IsZero() {
		work.clientRead = start(func() (*Client, error) { return op.client(ctx) })
	}
	if told := op.told(ch.identifiers); len(told) > 0 {
		work.claimsRead = start(func() ([]Claim, error) { return op.Store.Claims(ctx, told) })
	}
	if !ch.password.IsZero() {
		work.hash = start(func() (string, error) { return op.Passwords.Hash(ch.password) })
	}
	return work, nil
}

// told are those of ids of which anybody may learn that they are taken. Of the others
// only the mail to their owner tells; until they are proved nobody here asks, so
// that neither answers nor their time can differ.
func (op *operation) told(ids []identifier.Identifier) []identifier.Identifier {
	if !op.Settings.EnumerationProtection {
		return ids
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id identifier.Identifier) bool {
		return op.quiet && id.Kind == identifier.KindEmailAddress || mustProve(op.Settings, id.Kind)
	})
}

// settle waits for whatever is still in flight, so that nothing outlives the
// request and a refused change takes as long as an accepted one.
func (work *preparation) settle() {
	work.clientRead.settle()
	work.claimsRead.settle()
	work.hash.settle()
	work.metadata.settle()
}

// client is the caller's client, read before or, after a conflict, anew; nil if the caller isn't one.
func (work *preparation) client(ctx context.Context, op *operation) (*Client, error) {
	if work.clientUsed {
		return op.client(ctx)
	}
	work.clientUsed = true
	return work.clientRead.wait()
}

// finish waits for what has to be there before the change is stored.
func (work *preparation) finish() (passwordHash string, metadata Metadata, err error) {
	if passwordHash, err = work.hash.wait(); err != nil {
		return "", Metadata{}, err
	}
	metadata, err = work.metadata.wait()
	return passwordHash, metadata, err
}

// metadataRef draws the name of a large object; a small one has none.
func (op *operation) metadataRef(object json.RawMessage) (ID, error) {
	if len(object) <= InlineMetadata {
		return ID{}, nil
	}
	return NewID(op.Entropy)
}

// saveMetadata stores a large object as an item of its own, ahead of the sign-up
// that will name it; one that is never named expires.
func (op *operation) saveMetadata(ctx context.Context, ref ID, object json.RawMessage) (Metadata, error) {
	if ref.IsZero() {
		return Metadata{JSON: object}, nil
	}
	expires := op.now.Add(2 * op.Settings.SignUp.AbandonAfter.Std())
	return Metadata{JSON: object, Ref: ref}, op.Store.SaveMetadata(ctx, ref, object, expires)
}
