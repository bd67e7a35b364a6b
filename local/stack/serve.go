package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/httpapi"
	"github.com/doorstep-auth/doorstep/local/npmfiles"
	"github.com/doorstep-auth/doorstep/local/pump"
	"github.com/doorstep-auth/doorstep/local/template"
	"github.com/doorstep-auth/doorstep/local/tryit"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// A PortError says that another program has a port, and how to take another.
type PortError struct {
	Port int
	// Variable is the make variable that chooses the port.
	Variable string
}

func (e *PortError) Error() string {
	return fmt.Sprintf("port %d is taken by another program: stop it, or choose another with `make run %s=%d`", e.Port, e.Variable, e.Port+10)
}

// listeners are one port on each of the machine's own addresses.
type listeners struct{ all []net.Listener }

func (l *listeners) close() {
	if l == nil {
		return
	}
	for _, listener := range l.all {
		_ = listener.Close()
	}
}

// listenLocal takes the port on 127.0.0.1 and, where the machine has it, on ::1: browsers try either for localhost. Port 0 is one that is free on both.
func listenLocal(port int) (*listeners, int, error) {
	for attempt := 1; ; attempt++ {
		l, taken, err := listenBoth(port)
		if err == nil || port != 0 || attempt == 10 {
			return l, taken, err
		}
	}
}

func listenBoth(port int) (*listeners, int, error) {
	v4, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, port, err
	}
	l := &listeners{all: []net.Listener{v4}}
	taken := v4.Addr().(*net.TCPAddr).Port
	v6, err := net.Listen("tcp6", net.JoinHostPort("::1", strconv.Itoa(taken)))
	switch {
	case err == nil:
		l.all = append(l.all, v6)
	case isTaken(err):
		l.close()
		return nil, port, err
	}
	return l, taken, nil
}

// listen takes the API's port, and looks whether the inbox's is free, before anything slow is done.
func (s *Stack) listen() error {
	l, port, err := listenLocal(s.options.Port)
	if err != nil {
		return portError(err, s.options.Port, "PORT")
	}
	s.listeners, s.APIURL = l, "http://localhost:"+strconv.Itoa(port)
	if s.options.InboxPort == 0 {
		return nil
	}
	inbox, _, err := listenLocal(s.options.InboxPort)
	if err != nil {
		return portError(err, s.options.InboxPort, "INBOX_PORT")
	}
	inbox.close()
	return nil
}

func portError(err error, port int, variable string) error {
	if isTaken(err) {
		return &PortError{Port: port, Variable: variable}
	}
	return fmt.Errorf("%s=%d: %w", variable, port, err)
}

func isTaken(err error) bool {
	return err != nil && strings.Contains(err.Error(), "address already in use")
}

// localURL names the machine as a person does.
func localURL(endpoint string) string { return strings.Replace(endpoint, "127.0.0.1", "localhost", 1) }

func (s *Stack) serve() {
	s.server = &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	for _, listener := range s.listeners.all {
		go func() {
			if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
				s.failed <- err
			}
		}()
	}
}

func (s *Stack) handler() http.Handler {
	var targets []httpapi.Target
	for _, f := range s.Template.Functions {
		for _, route := range f.Routes {
			targets = append(targets, httpapi.Target{Route: route, Function: f.Path, Invoker: s.functions[f.Path]})
		}
	}
	api := httpapi.New(httpapi.Options{Targets: targets, AccountID: engine.AccountID, OnRequest: s.onRequest})
	var page http.Handler
	if s.options.Page != nil && !hasRoot(targets) {
		page = s.options.Page(s.InboxURL)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case reads && page != nil && (r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, tryit.Prefix)):
			page.ServeHTTP(w, r)
		case reads && s.npm.Any() && strings.HasPrefix(r.URL.Path, npmfiles.Prefix):
			s.npm.ServeHTTP(w, r)
		default:
			api.ServeHTTP(w, r)
		}
	})
}

// sdkURL is where the SDK's scripts are served from the npm packages of the tests; "" if there are none, or nothing listens.
func (s *Stack) sdkURL() string {
	s.npm = npmfiles.New(settings.Default().SDKURL, filepath.Join(s.options.Root, "local", "sdk", "node_modules"))
	if s.listeners == nil || !s.npm.Any() {
		return ""
	}
	return s.APIURL + strings.TrimSuffix(npmfiles.Prefix, "/")
}

// hasRoot says whether a route of the template's own answers GET /.
func hasRoot(targets []httpapi.Target) bool {
	for _, target := range targets {
		if target.Route.Path == "/" && (target.Route.Method == http.MethodGet || target.Route.Method == "ANY") {
			return true
		}
	}
	return false
}

// onRequest has the stream looked at as soon as a request may have written.
func (s *Stack) onRequest(r httpapi.Record) {
	s.mu.Lock()
	for _, p := range s.pumps {
		p.Wake()
	}
	s.mu.Unlock()
	if s.options.OnRequest != nil {
		s.options.OnRequest(r)
	}
}

func (s *Stack) startPumps(ctx context.Context) error {
	for _, f := range s.Template.Functions {
		for _, stream := range f.Streams {
			p, err := pump.Start(ctx, s.pumpOptions(f, stream))
			if errors.Is(err, pump.ErrNoStream) && s.options.DynamoDBEndpoint != "" {
				// One warning is enough: without a stream no consumer runs.
				s.Warnings = append(s.Warnings, fmt.Sprintf("%v, so no mail is sent and nobody is told of new users", err))
				return nil
			}
			if err != nil {
				return err
			}
			s.mu.Lock()
			s.pumps = append(s.pumps, p)
			s.mu.Unlock()
		}
	}
	return nil
}

func (s *Stack) pumpOptions(f template.Function, stream template.Stream) pump.Options {
	o := pump.Options{
		Config: engine.Config(), Endpoint: s.DynamoDBEndpoint, Table: engine.TableName, Function: f.Path, Invoker: s.functions[f.Path],
		Stream: stream, OnBatch: s.options.OnBatch, OnTrouble: s.options.OnTrouble,
	}
	if s.options.Data != "" {
		o.Checkpoint = filepath.Join(s.options.Data, "checkpoint-"+f.LogicalID+"-"+stream.Event+".json")
		o.DeadLetters = filepath.Join(s.options.Data, "dead-letters.jsonl")
	}
	return o
}

func (s *Stack) stopPumps(ctx context.Context) {
	s.mu.Lock()
	pumps := s.pumps
	s.pumps = nil
	s.mu.Unlock()
	for _, p := range pumps {
		p.Stop(ctx)
	}
}

// RestartPump ends the pump and starts it again from its checkpoint, as a restart of the runner does. It needs Options.Data: without it the checkpoint
// is lost and all comes again.
func (s *Stack) RestartPump(ctx context.Context) error {
	s.stopPumps(ctx)
	return s.startPumps(ctx)
}
