// Package pump wakes a function with the records of a table's stream, as Lambda's event source mapping does: filtered, in batches, in order, with
// retries and partial batch failures.
//
// How far it has come is kept in a checkpoint file beside the data. The file is written after the function has succeeded, so a restart loses nothing, and
// it re-sends nothing unless the pump was killed in the moment between the two.
package pump

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/template"
)

// An Invoker runs a function. *lambdahost.Function is one.
type Invoker interface {
	// Invoke runs the function on a JSON event and returns its answer.
	Invoke(ctx context.Context, payload []byte, traceID string) (lambdahost.Result, error)
}

// Options describe one function on one stream.
type Options struct {
	// Config has the credentials and the region for Endpoint, the DynamoDB's base URL.
	Config   aws.Config
	Endpoint string
	// Table is the table's name.
	Table string
	// Function is the function's path, such as mail/send.
	Function string
	Invoker  Invoker
	// Stream is what the template says. Its StartingPosition isn't followed: without a checkpoint the pump begins with the oldest record.
	Stream template.Stream
	// Checkpoint is the file that says how far the pump has come; empty keeps it in memory.
	Checkpoint string
	// DeadLetters is the file that names, a line of JSON each, the records that were given up; empty doesn't write it.
	DeadLetters string
	// Interval is how often the stream is asked for records besides Wake; 0 is 100 ms.
	Interval time.Duration
	// Backoff is how long the first retry waits; each further one waits twice as long, up to 100 times. 0 is 100 ms.
	Backoff time.Duration
	// OnBatch gets each invocation, and OnTrouble each time that the stream can't be read. Both are called from the pump's one goroutine.
	OnBatch   func(Batch)
	OnTrouble func(error)
}

// A Batch is one invocation of the function.
type Batch struct {
	// Function is the function's path.
	Function string
	// Records is how many it was given, and Failed how many of them are still to be done.
	Records, Failed int
	// GivenUp is how many of the failed ones won't be tried again.
	GivenUp  int
	Duration time.Duration
	// Age is how long ago the oldest of the records was written, to the second that a stream tells.
	Age time.Duration
	// Err is why the whole batch failed.
	Err error
}

// ErrNoStream is wrapped by Start's error when the table has no stream or the DynamoDB knows none.
var ErrNoStream = errors.New("there is no stream")

// A Pump is a running consumer of a stream.
type Pump struct {
	options Options
	streams *dynamodbstreams.Client
	filter  filter
	arn     string
	shards  []*shard
	mark    checkpoint

	wake   chan struct{}
	cancel context.CancelFunc
	done   chan struct{}
}

// Start begins to pump. The error wraps ErrNoStream, or says what is wrong with the template's filters, the checkpoint or the DynamoDB.
func Start(ctx context.Context, o Options) (*Pump, error) {
	if o.Interval == 0 {
		o.Interval = 100 * time.Millisecond
	}
	if o.Backoff == 0 {
		o.Backoff = 100 * time.Millisecond
	}
	if o.OnBatch == nil {
		o.OnBatch = func(Batch) {}
	}
	if o.OnTrouble == nil {
		o.OnTrouble = func(error) {}
	}
	p := &Pump{options: o, wake: make(chan struct{}, 1), done: make(chan struct{})}
	p.streams = dynamodbstreams.NewFromConfig(o.Config, func(s *dynamodbstreams.Options) { s.BaseEndpoint = aws.String(o.Endpoint) })
	var err error
	if p.filter, err = parseFilter(o.Stream.Filters); err != nil {
		return nil, fmt.Errorf("%s, event %s: %w", o.Function, o.Stream.Event, err)
	}
	if p.arn, err = p.find(ctx); err != nil {
		return nil, err
	}
	if p.mark, err = readCheckpoint(o.Checkpoint, p.arn); err != nil {
		return nil, err
	}
	if err := p.discover(ctx); err != nil {
		return nil, fmt.Errorf("%w: the DynamoDB at %s doesn't serve the stream of %s: %v", ErrNoStream, o.Endpoint, o.Table, err)
	}
	ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go p.run(ctx)
	return p, nil
}

// find returns the ARN of the table's stream.
func (p *Pump) find(ctx context.Context) (string, error) {
	o := p.options
	client := dynamodb.NewFromConfig(o.Config, func(d *dynamodb.Options) { d.BaseEndpoint = aws.String(o.Endpoint) })
	described, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(o.Table)})
	if err != nil {
		return "", fmt.Errorf("the DynamoDB at %s: %w", o.Endpoint, err)
	}
	arn := aws.ToString(described.Table.LatestStreamArn)
	if arn == "" {
		return "", fmt.Errorf("%w: the table %s at %s has none", ErrNoStream, o.Table, o.Endpoint)
	}
	return arn, nil
}

// Wake has the pump look at the stream now. It returns at once.
func (p *Pump) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Stop ends the pump. It returns when the batch in work is done and noted, or when ctx ends.
func (p *Pump) Stop(ctx context.Context) {
	p.cancel()
	select {
	case <-p.done:
	case <-ctx.Done():
	}
}

const (
	discoverEvery = 10 * time.Second // new shards come every few hours
	troubleWait   = time.Second
)

func (p *Pump) run(ctx context.Context) {
	defer close(p.done)
	discovered := time.Now()
	for ctx.Err() == nil {
		wait := p.options.Interval
		if time.Since(discovered) > discoverEvery {
			discovered = time.Now()
			p.trouble(ctx, p.discover(ctx))
		}
		for _, s := range p.shards {
			if err := p.drain(ctx, s); err != nil {
				p.trouble(ctx, err)
				wait = troubleWait
			}
		}
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-time.After(wait):
		}
	}
}

func (p *Pump) trouble(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		p.options.OnTrouble(err)
	}
}
