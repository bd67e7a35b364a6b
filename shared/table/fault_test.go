package table

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// errConnection is what the SDK's last try ended in.
var errConnection = errors.New("connection reset by peer")

// fault is what befalls one call to DynamoDB, beyond what the SDK's own retries mend.
type fault struct {
	name string
	// befalls says which calls it can befall.
	befalls func(request string) bool
	// effect lets the call have its effect; then err, if set, is all that is heard of it.
	effect bool
	err    func(request string) error
	// leftover leaves a batch read's keys unprocessed.
	leftover bool
	// deadly ends the process: no later call of the operation has an effect, and nobody hears its answer.
	deadly bool
	// lasting befalls every later call of the same kind as well.
	lasting bool
}

func anyCall(string) bool { return true }
func write(request string) bool {
	return !strings.Contains(request, "Get") && !strings.HasPrefix(request, "Query")
}
func transaction(request string) bool { return strings.HasPrefix(request, "Transact") }
func batch(request string) bool       { return strings.HasPrefix(request, "Batch") }

// faults are all that can happen to a call.
var faults = []fault{
	{name: "fails before its effect", befalls: anyCall, err: reset},
	{name: "has its effect and loses its answer", befalls: anyCall, effect: true, err: reset},
	{name: "is throttled", befalls: anyCall, err: throttled},
	{name: "is cancelled by throttling", befalls: transaction, err: cancelledBy("ThrottlingError")},
	{name: "is in conflict", befalls: write, err: conflict},
	{name: "is in conflict for good", befalls: transaction, err: conflict, lasting: true},
	{name: "leaves keys unprocessed", befalls: batch, leftover: true},
	{name: "is the last before the process dies", befalls: anyCall, effect: true, err: reset, deadly: true},
	{name: "is cut off by the death of the process", befalls: anyCall, err: reset, deadly: true},
}

func reset(string) error { return errConnection }

func throttled(string) error {
	return &types.ProvisionedThroughputExceededException{}
}

// conflict is DynamoDB's refusal while another transaction holds an item.
func conflict(request string) error {
	if transaction(request) {
		return cancelledBy("TransactionConflict")(request)
	}
	return &types.TransactionConflictException{}
}

func cancelledBy(code string) func(string) error {
	return func(string) error {
		none := "None"
		return &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{{Code: &none}, {Code: &code}}}
	}
}

// injector stands between a table and DynamoDB. It names the calls, lets a fault
// befall one, and can hold one up.
type injector struct {
	API
	mu     sync.Mutex
	calls  []string // names of the calls that arrived, such as "PutItem CLIENT 1"
	counts map[string]int
	target string
	fault  *fault
	struck bool
	dead   bool
}

// arm lets f befall the call named target; nil only counts calls.
func (i *injector) arm(target string, f *fault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.calls, i.counts, i.target, i.fault, i.struck, i.dead = nil, map[string]int{}, target, f, false, false
}

// disarm ends all faults. It returns whether the fault befell its call, and
// whether the process is dead.
func (i *injector) disarm() (struck, dead bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	struck, dead = i.struck, i.dead
	i.target, i.fault, i.dead = "", nil, false
	return struck, dead
}

// judge notes a call and returns the fault that befalls it, if any.
func (i *injector) judge(request string) *fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.counts == nil {
		return nil
	}
	i.counts[request]++
	name := fmt.Sprintf("%s %d", request, i.counts[request])
	i.calls = append(i.calls, name)
	switch {
	case i.dead:
		return &fault{err: reset}
	case i.fault == nil:
		return nil
	case name == i.target, i.struck && i.fault.lasting && strings.HasPrefix(i.target, request+" "):
		i.struck, i.dead = true, i.fault.deadly
		return i.fault
	}
	return nil
}

// call sends a request as the fault that befalls it allows.
func call[Out any](i *injector, request string, send func() (*Out, error)) (*Out, error) {
	f := i.judge(request)
	if f == nil || f.leftover {
		return send()
	}
	if f.effect {
		if out, err := send(); err != nil {
			return out, err
		}
	}
	return nil, f.err(request)
}

// entity is the type of item that a key names, such as CLIENT.
func entity(key map[string]types.AttributeValue) string {
	return strings.SplitN(keyOf(key).pk, separator, 2)[0]
}

func (i *injector) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return call(i, "GetItem "+entity(in.Key), func() (*dynamodb.GetItemOutput, error) { return i.API.GetItem(ctx, in, o...) })
}

func (i *injector) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	f := i.judge("BatchGetItem")
	switch {
	case f == nil:
		return i.API.BatchGetItem(ctx, in, o...)
	case f.leftover:
		return &dynamodb.BatchGetItemOutput{UnprocessedKeys: in.RequestItems}, nil
	}
	return nil, f.err("BatchGetItem") // a read's answer that is lost is no answer
}

func (i *injector) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return call(i, "Query", func() (*dynamodb.QueryOutput, error) { return i.API.Query(ctx, in, o...) })
}

func (i *injector) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	return call(i, "DeleteItem "+entity(in.Key), func() (*dynamodb.DeleteItemOutput, error) { return i.API.DeleteItem(ctx, in, o...) })
}

func (i *injector) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return call(i, "PutItem "+entity(in.Item), func() (*dynamodb.PutItemOutput, error) { return i.API.PutItem(ctx, in, o...) })
}

func (i *injector) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return call(i, "UpdateItem "+entity(in.Key), func() (*dynamodb.UpdateItemOutput, error) { return i.API.UpdateItem(ctx, in, o...) })
}

func (i *injector) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return call(i, "TransactWriteItems", func() (*dynamodb.TransactWriteItemsOutput, error) { return i.API.TransactWriteItems(ctx, in, o...) })
}
