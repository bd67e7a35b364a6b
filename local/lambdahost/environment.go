package lambdahost

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/doorstep-auth/doorstep/local/process"
)

// An environment is one running copy of the program with a Runtime API of its own.
type environment struct {
	options Options
	process *process.Process
	server  *http.Server

	next  chan *invocation // to the program's poll
	ready chan struct{}    // the program polls
	fault chan string      // the program reported an init error
	ended chan struct{}    // closed by close

	closing sync.Once
	mu      sync.Mutex
	current *invocation
	last    string // the last line printed
}

// An invocation is one event on its way through an environment.
type invocation struct {
	id, traceID string
	payload     []byte
	deadline    time.Time
	answer      chan reply
}

type reply struct {
	payload []byte
	err     error
}

func startEnvironment(o Options) (*environment, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &environment{
		options: o, next: make(chan *invocation), ready: make(chan struct{}, 1), fault: make(chan string, 1), ended: make(chan struct{}),
	}
	e.server = &http.Server{Handler: e.runtimeAPI(), ReadHeaderTimeout: initLimit}
	go func() { _ = e.server.Serve(listener) }()
	cmd := exec.Command(o.Bootstrap)
	cmd.Dir = filepath.Dir(o.Bootstrap)
	cmd.Env = e.variables(listener.Addr().String())
	output := &lines{each: e.log}
	cmd.Stdout, cmd.Stderr = output, output
	if e.process, err = process.Start(cmd); err != nil {
		e.close()
		return nil, &InitError{Function: o.Name, Message: err.Error()}
	}
	return e, nil
}

// variables is the program's whole environment: the function's own and what Lambda adds.
func (e *environment) variables(api string) []string {
	o := e.options
	set := map[string]string{
		"AWS_REGION": o.Region, "AWS_DEFAULT_REGION": o.Region,
		"AWS_LAMBDA_FUNCTION_NAME": o.Name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(o.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + o.Name, "AWS_LAMBDA_LOG_STREAM_NAME": "local",
		"AWS_LAMBDA_RUNTIME_API": api,
		"_HANDLER":               "bootstrap", "LAMBDA_TASK_ROOT": filepath.Dir(o.Bootstrap), "LAMBDA_RUNTIME_DIR": "/var/runtime",
		"PATH": "/usr/local/bin:/usr/bin/:/bin:/opt/bin", "LANG": "en_US.UTF-8", "TZ": ":UTC",
	}
	if o.LogFormat != "" {
		set["AWS_LAMBDA_LOG_FORMAT"] = o.LogFormat
	}
	if o.LogLevel != "" {
		set["AWS_LAMBDA_LOG_LEVEL"] = o.LogLevel
	}
	for name, value := range o.Environment {
		set[name] = value
	}
	list := make([]string, 0, len(set))
	for name, value := range set {
		list = append(list, name+"="+value)
	}
	return list
}

// awaitInit returns when the program asks for its first request.
func (e *environment) awaitInit(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, initLimit)
	defer cancel()
	select {
	case <-e.ready:
		return nil
	case message := <-e.fault:
		e.process.Kill()
		return &InitError{Function: e.options.Name, Message: message}
	case <-e.process.Done():
		return e.initFailure()
	case <-ctx.Done():
		e.process.Kill()
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return &InitError{Function: e.options.Name, Message: fmt.Sprintf("init took longer than %s", initLimit)}
		}
		return ctx.Err()
	}
}

func (e *environment) initFailure() error {
	select {
	case message := <-e.fault:
		return &InitError{Function: e.options.Name, Message: message}
	default:
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	message := e.last
	if message == "" {
		message = "it ended without a word: " + ending(e.process)
	}
	return &InitError{Function: e.options.Name, Message: message}
}

func ending(p *process.Process) string {
	if err := p.Err(); err != nil {
		return err.Error()
	}
	return "exit status 0"
}

// serve hands the invocation to the program and awaits its answer.
func (e *environment) serve(inv *invocation) ([]byte, error) {
	e.setCurrent(inv)
	timer := time.NewTimer(time.Until(inv.deadline))
	defer timer.Stop()
	select {
	case e.next <- inv:
	case <-e.process.Done():
		return e.outcome(inv)
	}
	select {
	case r := <-inv.answer:
		return r.payload, r.err
	case <-e.process.Done():
		return e.outcome(inv)
	case <-timer.C:
		e.process.Kill()
		return nil, fmt.Errorf("%w after %.2f seconds", ErrTimeout, e.options.Timeout.Seconds())
	}
}

// outcome is how an invocation ended whose program has ended: with what it still answered, or with the crash.
func (e *environment) outcome(inv *invocation) ([]byte, error) {
	select {
	case r := <-inv.answer:
		return r.payload, r.err
	default:
	}
	return nil, &FunctionError{
		Type:    "Runtime.ExitError",
		Message: fmt.Sprintf("RequestId: %s Error: Runtime exited with error: %s", inv.id, ending(e.process)),
	}
}

// settle waits until the program asks for its next request or has ended, and says whether it did within limit.
func (e *environment) settle(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-e.ready:
	case <-e.process.Done():
	case <-timer.C:
		return false
	}
	return true
}

func (e *environment) setCurrent(inv *invocation) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.current = inv
}

func (e *environment) alive() bool {
	select {
	case <-e.process.Done():
		return false
	default:
		return true
	}
}

func (e *environment) close() {
	e.closing.Do(func() {
		close(e.ended)
		_ = e.server.Close()
	})
}

func (e *environment) log(text string) {
	line := Line{Function: e.options.Name, Text: text}
	e.mu.Lock()
	if strings.TrimSpace(text) != "" {
		e.last = text
	}
	if e.current != nil {
		line.RequestID = e.current.id
	}
	e.mu.Unlock()
	e.options.OnLog(line)
}

// lines calls each for every whole line written to it. Lambda cuts lines at 256 KiB; so does this.
type lines struct {
	each    func(string)
	mu      sync.Mutex
	partial []byte
}

const maxLine = 256 << 10

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := append(l.partial, p...)
	for {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 && len(rest) < maxLine {
			break
		}
		if end < 0 {
			end = maxLine - 1
		}
		l.each(strings.TrimRight(string(rest[:end]), "\r\n"))
		rest = rest[end+1:]
	}
	l.partial = append([]byte(nil), rest...)
	return len(p), nil
}
