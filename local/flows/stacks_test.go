package flows_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/nativesdk"
	"github.com/doorstep-auth/doorstep/local/screen"
	"github.com/doorstep-auth/doorstep/local/stack"
	"github.com/doorstep-auth/doorstep/local/template"
)

// A run is everything that one run of the tests starts and sees.
type run struct {
	root      string
	template  *template.Template
	record    *record
	receivers *receivers
	secrets   *secrets
	logs      *lines // what the functions printed
	shown     *lines // what `make run` would have shown

	mu     sync.Mutex
	stacks map[string]*sharedStack
	seen   map[string]int // resources, by the name that nativesdk has for them
}

// A sharedStack is started by the first script that needs it.
type sharedStack struct {
	once sync.Once
	*stack.Stack
	proxy *proxy
	err   error
}

func newRun(t *testing.T) *run {
	t.Helper()
	root, err := engine.FindRoot(workingDirectory(t))
	if err != nil {
		t.Fatal(err)
	}
	declared, err := template.Read(root+"/template.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &run{
		root: root, template: declared, record: newRecord(), secrets: newSecrets(), logs: &lines{}, shown: &lines{}, stacks: map[string]*sharedStack{},
		seen: map[string]int{}, receivers: newReceivers(),
	}
	t.Cleanup(r.receivers.Close)
	t.Cleanup(r.stop)
	return r
}

func (r *run) sawResources(seen map[string]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for resource, n := range seen {
		r.seen[resource] += n
	}
}

// checkSeen holds that the scripts showed native SDKs every resource that their models decode.
func (r *run) checkSeen(t *testing.T) {
	for _, resource := range nativesdk.Resources() {
		if r.seen[resource] == 0 {
			t.Errorf("no answer had %s in it", resource)
		}
	}
}

func (r *run) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	var stopping sync.WaitGroup
	for _, s := range r.stacks {
		if s.Stack != nil {
			stopping.Go(func() {
				s.Stop()
				s.proxy.close()
			})
		}
	}
	stopping.Wait()
}

// stack returns the one stack on these settings.
func (r *run) stack(settings string) (*sharedStack, error) {
	r.mu.Lock()
	key := strings.Join(strings.Fields(settings), " ")
	s := r.stacks[key]
	if s == nil {
		s = &sharedStack{}
		r.stacks[key] = s
	}
	r.mu.Unlock()
	s.once.Do(func() { s.Stack, s.proxy, s.err = r.start(stack.Options{Settings: settings}) })
	return s, s.err
}

// start starts a stack whose functions reach the engines through a proxy that records what they call.
func (r *run) start(o stack.Options) (*stack.Stack, *proxy, error) {
	p := newProxy(r.record)
	o.Root = r.root
	o.FunctionEnvironment = p.endpoints(r.template)
	show := screen.New(r.shown, false)
	o.OnProgress, o.OnRequest, o.OnBatch, o.OnTrouble = show.Progress, show.Request, show.Batch, show.Trouble
	o.OnLog = func(l lambdahost.Line) {
		r.logs.add(l.Text)
		show.Log(l)
	}
	s, err := stack.Start(context.Background(), o)
	if err != nil {
		p.close()
		return nil, nil, err
	}
	p.lead(s.DynamoDBEndpoint, s.SESEndpoint)
	return s, p, nil
}

// oneLine is what `make run` says of a stack that doesn't start.
func oneLine(err error) string {
	var fault *lambdahost.InitError
	if errors.As(err, &fault) {
		return fault.Error()
	}
	return err.Error()
}

// lines keeps lines that come from several goroutines.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, line)
}

// Write implements io.Writer for a writer that writes whole lines.
func (l *lines) Write(p []byte) (int, error) {
	l.add(string(p))
	return len(p), nil
}

func (l *lines) read() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.all...)
}

func workingDirectory(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
