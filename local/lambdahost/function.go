// Package lambdahost runs a function's bootstrap program as AWS Lambda does: over the Lambda Runtime API, one request at a time in each execution
// environment, in as many environments as requests come at once, each killed at the function's timeout.
package lambdahost

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"sync"
	"time"
)

// MaxPayload is the most bytes of an event, and of an answer, of a synchronous invocation (Lambda quotas).
const MaxPayload = 6 << 20

const (
	initLimit     = 10 * time.Second // what Lambda gives a function's init
	shutdownGrace = 500 * time.Millisecond
	settleSoon    = 20 * time.Millisecond
)

// Options describe a function.
type Options struct {
	// Name is the function's name, as in its ARN.
	Name string
	// Bootstrap is the path of its program.
	Bootstrap string
	// Timeout is how long an invocation may take.
	Timeout time.Duration
	// MemoryMB is told to the program; it isn't enforced.
	MemoryMB int
	// LogFormat and LogLevel are LoggingConfig's, empty when not given.
	LogFormat, LogLevel string
	// Region and AccountID are those of its ARN.
	Region, AccountID string
	// Environment has all its variables besides those that Lambda itself sets. Nothing of the runner's own environment is passed on.
	Environment map[string]string
	// MaxEnvironments is how many requests it serves at once; further ones wait. 0 is DefaultMaxEnvironments.
	MaxEnvironments int
	// OnLog gets each line that the program prints. It is called from several goroutines and mustn't block.
	OnLog func(Line)
}

// DefaultMaxEnvironments is how many environments a function gets when nothing else is said.
const DefaultMaxEnvironments = 4

// A Line is one line that a function printed to its standard output or standard error.
type Line struct {
	// Function is the function's name.
	Function string
	// RequestID is the invocation that was in work; empty during init and between invocations.
	RequestID string
	Text      string
}

// A Result is a successful invocation.
type Result struct {
	// Payload is the function's answer, JSON.
	Payload []byte
	// RequestID is Lambda's id of the invocation, a UUID.
	RequestID string
	// Cold is set when an environment had to be started, which took Init.
	Cold bool
	Init time.Duration
}

var (
	// ErrTimeout is wrapped by the error of an invocation that reached the function's timeout.
	ErrTimeout = errors.New("task timed out")
	// ErrTooLarge is the error of an event over MaxPayload.
	ErrTooLarge = errors.New("event over 6 MB")
	// ErrClosed is what Invoke returns after Close.
	ErrClosed = errors.New("the function host is closed")
)

// An InitError says that the program ended, or reported an error, before it asked for its first request.
type InitError struct {
	// Function is the function's name.
	Function string
	// Message is what the program reported or, if it just ended, the last line that it printed.
	Message string
}

func (e *InitError) Error() string { return e.Function + " doesn't start: " + e.Message }

// A FunctionError is a failed invocation: what the handler returned, or a crash.
type FunctionError struct {
	// Type is Lambda's errorType, such as Runtime.ExitError for a crash.
	Type string `json:"errorType"`
	// Message is Lambda's errorMessage.
	Message string `json:"errorMessage"`
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// A Function is one function with its execution environments. Its methods may be called from several goroutines.
type Function struct {
	options Options
	slots   chan struct{} // one for each environment that is in work
	working sync.WaitGroup

	mu     sync.Mutex
	closed bool
	idle   []*environment // the most recently used is last
	all    map[*environment]struct{}
}

// New describes a function; its first environment is started by the first Invoke or by Warm.
func New(o Options) *Function {
	if o.MaxEnvironments == 0 {
		o.MaxEnvironments = DefaultMaxEnvironments
	}
	if o.OnLog == nil {
		o.OnLog = func(Line) {}
	}
	return &Function{options: o, slots: make(chan struct{}, o.MaxEnvironments), all: map[*environment]struct{}{}}
}

// Warm starts an environment if there is none, and returns when its init is done. The error is an *InitError, ErrClosed or ctx's.
func (f *Function) Warm(ctx context.Context) error {
	if err := f.acquire(ctx); err != nil {
		return err
	}
	e, _, err := f.environment(ctx)
	f.release(e)
	return err
}

// Invoke runs the function once on a JSON event and returns its answer. traceID goes to the program as X-Ray's; empty leaves it out. It waits while all
// environments are in work. When ctx ends, Invoke returns at once and the function goes on to its end, as in Lambda.
//
// The error is a *FunctionError, an *InitError, ErrTimeout, ErrTooLarge, ErrClosed or ctx's.
func (f *Function) Invoke(ctx context.Context, payload []byte, traceID string) (Result, error) {
	if len(payload) > MaxPayload {
		return Result{}, ErrTooLarge
	}
	if err := f.acquire(ctx); err != nil {
		return Result{}, err
	}
	done := make(chan outcome, 1)
	go f.run(payload, traceID, done)
	select {
	case o := <-done:
		return o.result, o.err
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

type outcome struct {
	result Result
	err    error
}

// run serves one invocation in the slot that the caller acquired, and frees the slot when the environment is ready for the next.
func (f *Function) run(payload []byte, traceID string, done chan<- outcome) {
	began := time.Now()
	e, cold, err := f.environment(context.Background())
	if err != nil {
		f.release(nil)
		done <- outcome{err: err}
		return
	}
	inv := &invocation{
		id: requestID(), payload: payload, traceID: traceID, deadline: time.Now().Add(f.options.Timeout), answer: make(chan reply, 1),
	}
	o := outcome{result: Result{RequestID: inv.id, Cold: cold}}
	if cold {
		o.result.Init = time.Since(began)
	}
	o.result.Payload, o.err = e.serve(inv)
	// The environment is busy until the program asks for its next request, which it mostly does at once. Answering after that lets a caller's next
	// request find it idle.
	if e.settle(settleSoon) {
		f.release(e)
		done <- o
		return
	}
	done <- o
	if !e.settle(max(time.Until(inv.deadline), shutdownGrace)) {
		e.process.Kill()
	}
	f.release(e)
}

func (f *Function) acquire(ctx context.Context) error {
	select {
	case f.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		<-f.slots
		return ErrClosed
	}
	f.working.Add(1)
	return nil
}

// release gives the slot back, and the environment, if it still lives, to the idle ones.
func (f *Function) release(e *environment) {
	f.mu.Lock()
	if e != nil && e.alive() {
		f.idle = append(f.idle, e)
	}
	f.mu.Unlock()
	f.working.Done()
	<-f.slots
}

// environment takes an idle environment or starts one; cold says which.
func (f *Function) environment(ctx context.Context) (e *environment, cold bool, err error) {
	if e := f.takeIdle(); e != nil {
		return e, false, nil
	}
	e, err = startEnvironment(f.options)
	if err != nil {
		return nil, true, err
	}
	f.adopt(e)
	return e, true, e.awaitInit(ctx)
}

// adopt keeps book of a started environment until its program has ended. One that comes after Close is killed.
func (f *Function) adopt(e *environment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all[e] = struct{}{}
	if f.closed {
		go e.process.Kill()
	}
	go func() {
		<-e.process.Done()
		e.close()
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.all, e)
	}()
}

func (f *Function) takeIdle() *environment {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.idle) > 0 {
		e := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if e.alive() {
			return e
		}
	}
	return nil
}

// Close takes no further request, waits for those in work until ctx ends, and stops the environments: SIGTERM, and SIGKILL after 500 ms.
func (f *Function) Close(ctx context.Context) {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	finished := make(chan struct{})
	go func() {
		f.working.Wait()
		close(finished)
	}()
	select {
	case <-finished:
	case <-ctx.Done():
	}
	f.mu.Lock()
	var stopping sync.WaitGroup
	for e := range f.all {
		stopping.Go(func() { e.process.Stop(shutdownGrace) })
	}
	f.mu.Unlock()
	stopping.Wait()
}

// requestID makes a random UUID (RFC 9562 §5.4).
func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
