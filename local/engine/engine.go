// Package engine installs and runs the two servers that stand in for AWS on one machine: dynoxide, a DynamoDB API over SQLite, and
// aws-ses-v2-local, an SES API that keeps every mail in a store with a viewer. Both come from npm, pinned by local/package-lock.json.
package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/doorstep-auth/doorstep/local/process"
)

const (
	// Region is the AWS region that everything local says it is in.
	Region = "us-east-1"
	// AccountID is the AWS account that everything local says it belongs to.
	AccountID = "123456789012"
	// AccessKey and SecretKey are the credentials for the engines, which ask for some and check none.
	AccessKey = "local"
	// SecretKey goes with AccessKey.
	SecretKey = "local"
)

const (
	startLimit = 15 * time.Second
	stopGrace  = 2 * time.Second
	attempts   = 10
)

// ErrPortTaken is wrapped by the error of an engine that was told to listen on a port that another program has.
var ErrPortTaken = errors.New("the port is taken")

// An Engine is one running server.
type Engine struct {
	// Endpoint is its base URL, such as http://127.0.0.1:40001, without a trailing slash.
	Endpoint string

	process *process.Process
	output  *tail
}

// Done is closed when the server has ended, by Stop or by itself.
func (e *Engine) Done() <-chan struct{} { return e.process.Done() }

// Output is the last of what the server printed, for an error message.
func (e *Engine) Output() string { return e.output.String() }

// Stop ends the server and returns when it has ended.
func (e *Engine) Stop() { e.process.Stop(stopGrace) }

// start runs cmd and waits for the line that begins with banner, which the server prints once it listens, and then for a good answer at health.
// The endpoint is what follows the banner, with localhost as 127.0.0.1.
func start(ctx context.Context, cmd *exec.Cmd, banner, health string) (*Engine, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	e := &Engine{output: &tail{banner: banner, found: make(chan string, 1)}}
	cmd.Stdout, cmd.Stderr = e.output, e.output
	p, err := process.Start(cmd)
	if err != nil {
		return nil, err
	}
	e.process = p
	select {
	case endpoint := <-e.output.found:
		e.Endpoint = strings.Replace(endpoint, "://localhost:", "://127.0.0.1:", 1)
	case <-p.Done():
		return nil, e.failure()
	case <-ctx.Done():
		p.Kill()
		return nil, fmt.Errorf("%s didn't start: %w", cmd.Args[0], ctx.Err())
	}
	if err := e.awaitHealth(ctx, health); err != nil {
		p.Kill()
		return nil, err
	}
	return e, nil
}

func (e *Engine) failure() error {
	text := strings.TrimSpace(e.output.String())
	if strings.Contains(text, "already in use") || strings.Contains(text, "EADDRINUSE") || strings.Contains(text, "does not have an address") {
		return fmt.Errorf("%w: %s", ErrPortTaken, text)
	}
	return fmt.Errorf("it ended at once (%v): %s", e.process.Err(), text)
}

func (e *Engine) awaitHealth(ctx context.Context, path string) error {
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.Endpoint+path, nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s doesn't answer: %w", e.Endpoint, ctx.Err())
		case <-e.Done():
			return e.failure()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// ownHost is the address that engines listen on when nothing else is said: only this machine's own programs reach it.
const ownHost = "127.0.0.1"

// freePort finds a port of host that nobody listens on now. Somebody may take it before it is used, so callers try again with another.
func freePort(host string) (int, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// tail keeps the last few kilobytes that were written to it, and sends what follows banner on its line to found, once.
type tail struct {
	banner string
	found  chan string

	mu   sync.Mutex
	seen bool
	text []byte
}

const tailSize = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.look()
	if over := len(t.text) - tailSize; over > 0 {
		t.text = append([]byte(nil), t.text[over:]...)
	}
	return len(p), nil
}

func (t *tail) look() {
	if t.seen {
		return
	}
	_, rest, _ := strings.Cut(string(t.text), t.banner)
	if line, _, whole := strings.Cut(rest, "\n"); whole {
		t.seen = true
		t.found <- strings.TrimSpace(line)
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
