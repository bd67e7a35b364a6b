// Package stack runs all of template.yaml on this machine: the engines, the functions, the HTTP API and the pump of the table's stream. `make run` is a
// screen over it, and end-to-end tests start it in their own process.
package stack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/doorstep-auth/doorstep/local/build"
	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/httpapi"
	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/npmfiles"
	"github.com/doorstep-auth/doorstep/local/pump"
	"github.com/doorstep-auth/doorstep/local/template"
)

// Options say what to run. The zero value runs the module's own template on free ports, with everything in memory.
type Options struct {
	// Root is the module's root; empty looks for it from the working directory upwards.
	Root string
	// Template is the template's file; empty is template.yaml in Root.
	Template string
	// Functions is the functions' directory, relative to Root; empty is functions.
	Functions string
	// Build is where the functions' programs go; empty is .local/build in Root.
	Build string
	// Data is the directory of what lasts: the database, the secrets, the checkpoint and the dead letters. Empty keeps it all in memory.
	Data string

	// Port and InboxPort are those of the API and of the mails' viewer; 0 takes free ones.
	Port, InboxPort int
	// DynamoDBEndpoint is the base URL of a DynamoDB to use; empty starts one.
	DynamoDBEndpoint string

	// Settings is a settings document as JSON or a profile's name. Where it has no allowed_origins or redirect_urls, http://localhost:* is put in; where it has no limits, those per
	// source address are off; where it has no sdk_url, the SDK's scripts come from the npm packages of the tests, if those are installed.
	Settings string
	// MailFrom is the sender's address; empty is no-reply@doorstep.test.
	MailFrom string
	// PublicURL is where browsers reach the API; empty is APIURL.
	PublicURL string
	// Environment overrides variables of all functions, and FunctionEnvironment those of one, by its path. The template must declare them.
	Environment         map[string]string
	FunctionEnvironment map[string]map[string]string
	// ScheduleEvery is how often schedules run; 0 is what the template says.
	ScheduleEvery time.Duration
	// MaxEnvironments is how many requests each function serves at once; 0 is lambdahost's default.
	MaxEnvironments int

	// Page serves GET / and what is below tryit.Prefix, unless the template has a route for GET /. It is called with the inbox's URL.
	Page func(inboxURL string) http.Handler

	// The functions below tell what happens; each may be nil. They are called from several goroutines at once and mustn't block.

	// OnProgress tells how the set-up goes, such as "built 3 of 12 functions".
	OnProgress func(string)
	// OnRequest tells of each request to the API.
	OnRequest func(httpapi.Record)
	// OnBatch tells of each batch of stream records, so of mails.
	OnBatch func(pump.Batch)
	// OnLog gets each line that a function printed.
	OnLog func(lambdahost.Line)
	// OnTrouble tells what is wrong with the stream.
	OnTrouble func(error)
}

// A Stack is running.
type Stack struct {
	// APIURL is the API's base URL, such as http://localhost:8080.
	APIURL string
	// InboxURL is the viewer of the mails; InboxURL + "/store" has them as JSON.
	InboxURL string
	// SESEndpoint is the base URL of the SES API: the inbox's server by its address, which it takes no look-up to reach.
	SESEndpoint string
	// DynamoDBEndpoint is the base URL of the DynamoDB, and engine.TableName the table.
	DynamoDBEndpoint string
	// Settings is the document that the functions got.
	Settings string
	// Template is what template.yaml says.
	Template *template.Template
	// Warnings are what isn't as in the cloud, a sentence each.
	Warnings []string

	options   Options
	secrets   string
	engines   []*engine.Engine
	functions map[string]*lambdahost.Function
	listeners *listeners
	npm       *npmfiles.Server
	server    *http.Server
	unlock    func()
	announced bool // by a run file
	failed    chan error

	mu    sync.Mutex // of pumps
	pumps []*pump.Pump

	scheduled      sync.WaitGroup
	unschedule     chan struct{}
	unscheduleOnce sync.Once
}

// stopLimit is how long Stop waits for requests and batches that are in work.
const stopLimit = 5 * time.Second

// Start sets up and starts everything, and returns when requests can come. What has been started is stopped again on an error, which is of type
// *PortError for a taken port, *lambdahost.InitError for a function that doesn't start (a missing or wrong setting), or says what else is wrong.
func Start(ctx context.Context, o Options) (*Stack, error) {
	s := &Stack{options: o, failed: make(chan error, 4), functions: map[string]*lambdahost.Function{}, unlock: func() {}}
	if err := s.start(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context) error {
	if err := s.listen(); err != nil {
		return err
	}
	if err := s.read(false); err != nil {
		return err
	}
	if err := s.setUp(ctx); err != nil {
		return err
	}
	if err := s.warm(ctx); err != nil {
		return err
	}
	if err := s.startPumps(ctx); err != nil {
		return err
	}
	s.startSchedules()
	s.serve()
	return s.writeRunFile()
}

// read fills in the options and reads what they name. shared says that another stack owns the data.
func (s *Stack) read(shared bool) error {
	if err := s.fillIn(); err != nil {
		return err
	}
	o := s.options
	var err error
	if s.Template, err = template.Read(o.Template, nil); err != nil {
		return err
	}
	if len(s.Template.Tables) != 1 {
		return fmt.Errorf("%s has %d tables: the local runner wants one", o.Template, len(s.Template.Tables))
	}
	if s.Settings, err = localSettings(o.Settings, s.sdkURL()); err != nil {
		return err
	}
	if o.Data == "" {
		s.secrets, err = newSecrets()
		return err
	}
	if !shared {
		if s.unlock, err = lockData(o.Data); err != nil {
			s.unlock = func() {}
			return err
		}
	}
	s.secrets, err = keptSecrets(o.Data)
	return err
}

func (s *Stack) fillIn() error {
	o := &s.options
	if o.Root == "" {
		dir, err := os.Getwd()
		if err != nil {
			return err
		}
		if o.Root, err = engine.FindRoot(dir); err != nil {
			return err
		}
	}
	if o.Template == "" {
		o.Template = filepath.Join(o.Root, "template.yaml")
	}
	if o.Build == "" {
		o.Build = filepath.Join(o.Root, ".local", "build")
	}
	if o.MailFrom == "" {
		o.MailFrom = "no-reply@doorstep.test"
	}
	return nil
}

// setUp installs and starts the engines while it builds the functions.
func (s *Stack) setUp(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	engines := make(chan error, 1)
	go func() {
		err := s.startEngines(ctx)
		if err != nil {
			cancel()
		}
		engines <- err
	}()
	building := build.Functions(ctx, build.Options{
		Root: s.options.Root, Source: s.options.Functions, Output: s.options.Build, Functions: s.served(), Progress: s.progress,
	})
	if building != nil {
		cancel()
	}
	err := <-engines
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return errors.Join(building, err)
}

// served are the functions that requests or the stream can reach. The others, such as keys/rotate, have nothing to do here.
func (s *Stack) served() []string {
	var paths []string
	for _, f := range s.Template.Functions {
		if len(f.Routes)+len(f.Streams) > 0 {
			paths = append(paths, f.Path)
		}
	}
	return paths
}

func (s *Stack) progress(line string) {
	if s.options.OnProgress != nil {
		s.options.OnProgress(line)
	}
}

func (s *Stack) startEngines(ctx context.Context) error {
	o := s.options
	if !engine.Installed(o.Root) {
		s.progress("installing the engines from npm")
		if err := engine.Install(ctx, o.Root); err != nil {
			return err
		}
		s.progress("installed the engines")
	}
	ses := make(chan error, 1)
	go func() { ses <- s.startSES(ctx) }()
	err := s.startDynamoDB(ctx)
	return errors.Join(err, <-ses)
}

func (s *Stack) startSES(ctx context.Context) error {
	e, err := engine.StartSES(ctx, engine.SESOptions{Root: s.options.Root, Port: s.options.InboxPort})
	if errors.Is(err, engine.ErrPortTaken) {
		return &PortError{Port: s.options.InboxPort, Variable: "INBOX_PORT"}
	}
	if err != nil {
		return err
	}
	s.SESEndpoint, s.InboxURL = e.Endpoint, localURL(e.Endpoint)
	s.adopt(e, "the SES server")
	return nil
}

func (s *Stack) startDynamoDB(ctx context.Context) error {
	s.DynamoDBEndpoint = s.options.DynamoDBEndpoint
	if s.DynamoDBEndpoint == "" {
		o := engine.DynamoDBOptions{Root: s.options.Root}
		if s.options.Data != "" {
			o.Path = filepath.Join(s.options.Data, "dynamodb.db")
		}
		e, err := engine.StartDynamoDB(ctx, o)
		if err != nil {
			return err
		}
		s.DynamoDBEndpoint = e.Endpoint
		s.adopt(e, "the DynamoDB server")
	}
	table := s.Template.Tables[0]
	if err := engine.CreateTable(ctx, s.DynamoDBEndpoint, table.CreateInput(engine.TableName), table.TTLAttribute); err != nil {
		return fmt.Errorf("the DynamoDB at %s: %w", s.DynamoDBEndpoint, err)
	}
	return nil
}

// adopt has Stop end the engine, and Failed tell if it ends before.
func (s *Stack) adopt(e *engine.Engine, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.engines = append(s.engines, e)
	go func() {
		<-e.Done()
		s.failed <- fmt.Errorf("%s has ended: %s", name, e.Output())
	}()
}

// Failed yields an error when an engine ends by itself. After Stop it yields errors, too.
func (s *Stack) Failed() <-chan error { return s.failed }

// Stop ends everything that Start started: no further request or batch is taken, those in work are finished, and the programs are stopped.
func (s *Stack) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	s.listeners.close()
	if s.server != nil {
		_ = s.server.Shutdown(ctx)
	}
	s.stopSchedules(ctx)
	s.stopPumps(ctx)
	var closing sync.WaitGroup
	for _, f := range s.functions {
		closing.Go(func() { f.Close(ctx) })
	}
	closing.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.engines {
		closing.Go(e.Stop)
	}
	closing.Wait()
	s.removeRunFile()
	s.unlock()
	s.unlock = func() {}
}
