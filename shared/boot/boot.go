// Package boot starts a Lambda function: it reads the environment, the only
// package that does, and has everything that can fail or take time done before
// the first request. A fault stops the function with one line that names it.
package boot

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// Runtime is what a function is built from.
type Runtime struct {
	Settings *settings.Settings
	Log      *slog.Logger
	AWS      aws.Config // region, credentials and HTTP client; no service of its own
	HTTP     *http.Client

	TableName        string
	DynamoDBEndpoint string // empty at AWS
	SESEndpoint      string // empty at AWS
	ConfigurationSet string // of SES; may be empty

	environment environment
	opening     []<-chan struct{}
}

// ServeHTTP runs a function of the HTTP API whose operations build binds, until
// Lambda stops it.
func ServeHTTP(wire gateway.Wire, build func(*Runtime) ([]gateway.Endpoint, error)) {
	serve(func(rt *Runtime) (lambda.Handler, error) {
		endpoints, err := build(rt)
		return &gateway.Function{Settings: rt.Settings, Wire: wire, Endpoints: endpoints, Log: rt.Log, Now: time.Now}, err
	})
}

// ServeStream runs a function on the table's stream, until Lambda stops it.
func ServeStream(build func(*Runtime) (*gateway.StreamFunction, error)) {
	serve(func(rt *Runtime) (lambda.Handler, error) { return build(rt) })
}

// Serve runs any other function, whose handler is one that lambda.Start takes.
func Serve(build func(*Runtime) (handler any, err error)) {
	rt, err := newRuntime(os.Getenv)
	if err != nil {
		exit(err)
	}
	handler, err := build(rt)
	if err != nil {
		exit(err)
	}
	rt.opened()
	lambda.Start(handler)
}

func serve(build func(*Runtime) (lambda.Handler, error)) {
	Serve(func(rt *Runtime) (any, error) { return build(rt) })
}

// exit ends a function that can't start, with one line for its log.
func exit(err error) {
	fmt.Fprintln(os.Stderr, "doorstep: "+err.Error())
	os.Exit(1)
}

func newRuntime(getenv func(string) string) (*Runtime, error) {
	env := environment{getenv}
	for _, variable := range []string{"TABLE_NAME", "AWS_REGION"} {
		if getenv(variable) == "" {
			return nil, fmt.Errorf("%s isn't set", variable)
		}
	}
	s, err := env.settings()
	if err != nil {
		return nil, err
	}
	client := newHTTPClient()
	return &Runtime{
		Settings: s, HTTP: client, Log: slog.New(lambdacontext.NewLogHandler()),
		AWS:       aws.Config{Region: getenv("AWS_REGION"), Credentials: env.credentials(), HTTPClient: client},
		TableName: getenv("TABLE_NAME"), DynamoDBEndpoint: getenv("DYNAMODB_ENDPOINT"),
		SESEndpoint: getenv("SES_ENDPOINT"), ConfigurationSet: getenv("SES_CONFIGURATION_SET"),
		environment: env,
	}, nil
}

// newHTTPClient is shared by all clients of AWS, so that a connection opened
// during init serves the first request.
func newHTTPClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 16, IdleConnTimeout: 5 * time.Minute,
		TLSHandshakeTimeout: 3 * time.Second, ResponseHeaderTimeout: 10 * time.Second,
	}}
}

// OpenDynamoDB opens a connection to DynamoDB while init goes on. Lambda gives
// init a whole CPU: a handshake in the first request takes many times as long.
func (rt *Runtime) OpenDynamoDB() {
	endpoint := rt.DynamoDBEndpoint
	if endpoint == "" {
		endpoint = "https://dynamodb." + rt.AWS.Region + ".amazonaws.com"
	}
	rt.Opening(func(ctx context.Context) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, nil)
		if err != nil {
			return
		}
		if answer, err := rt.HTTP.Do(request); err == nil {
			drain(answer.Body)
		}
	})
}

// Opening runs open beside the rest of init, for two seconds at most. What it
// fails to open, the first request opens.
func (rt *Runtime) Opening(open func(context.Context)) {
	done := make(chan struct{})
	rt.opening = append(rt.opening, done)
	go func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		open(ctx)
	}()
}

func (rt *Runtime) opened() {
	for _, done := range rt.opening {
		<-done
	}
}
