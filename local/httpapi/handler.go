// Package httpapi serves HTTP as an API Gateway HTTP API does: it chooses the route, hands the request to the route's function in payload format 2.0,
// and turns the function's answer into the response. Where AWS's own local tools differ from the cloud, it follows the cloud.
package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/doorstep-auth/doorstep/local/lambdahost"
)

const (
	// MaxBody is the most bytes of a request's body (API Gateway quotas).
	MaxBody = 10 << 20
	// maxHeader is the most bytes of the request line and all headers (API Gateway quotas).
	maxHeader = 10240
	// integrationTimeout is how long an HTTP API waits for a function.
	integrationTimeout = 30 * time.Second
)

// An Invoker runs a function. *lambdahost.Function is one.
type Invoker interface {
	// Invoke runs the function on a JSON event and returns its answer.
	Invoke(ctx context.Context, payload []byte, traceID string) (lambdahost.Result, error)
}

// Options describe an API.
type Options struct {
	Targets []Target
	// AccountID is the AWS account that requests name.
	AccountID string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// OnRequest gets the record of each request once it is answered. It is called from several goroutines.
	OnRequest func(Record)
}

// A Record tells what became of a request. Nothing in it comes from the query or from a header, nor from a body but the error's code.
type Record struct {
	Time   time.Time
	Method string
	// Path is the request's path, decoded.
	Path string
	// RouteKey is the chosen route, such as "POST /v1/client"; empty when there is none.
	RouteKey string
	// Function is the function's path, such as signups/create.
	Function string
	Status   int
	Duration time.Duration
	// ErrorCode is the code of the first error in the response's body, if it has one.
	ErrorCode string
	// Result is the invocation's, without the payload.
	Result lambdahost.Result
	// Err is why the gateway itself answered 5xx.
	Err error
}

// A Handler is the API as an http.Handler.
type Handler struct {
	options Options
	routes  routes
}

// New makes an API of the routes.
func New(o Options) *Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OnRequest == nil {
		o.OnRequest = func(Record) {}
	}
	return &Handler{options: o, routes: newRoutes(o.Targets)}
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	record := Record{Time: h.options.Now(), Method: r.Method, Path: r.URL.Path}
	response := h.answer(w, r, &record)
	record.Status = response.status
	record.ErrorCode = errorCode(response.body)
	response.write(w)
	record.Duration = time.Since(began)
	record.Result.Payload = nil
	h.options.OnRequest(record)
}

func (h *Handler) answer(w http.ResponseWriter, r *http.Request, record *Record) response {
	if headerSize(r) > maxHeader {
		return gatewayError(http.StatusRequestHeaderFieldsTooLarge)
	}
	target, parameters, ok := h.routes.find(r.Method, r.URL.EscapedPath())
	if !ok {
		return gatewayError(http.StatusNotFound)
	}
	record.RouteKey, record.Function = target.Route.Key(), target.Function
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return gatewayError(http.StatusRequestEntityTooLarge)
		}
		return gatewayError(http.StatusBadRequest)
	}
	e := h.newEvent(r, record.RouteKey, parameters, body)
	answer, err := h.invoke(r.Context(), target, e, record)
	if err != nil {
		record.Err = err
		return gatewayError(statusOf(err))
	}
	answer.header.Set("Apigw-Requestid", e.RequestContext.RequestID)
	return answer
}

func (h *Handler) invoke(ctx context.Context, target Target, e event, record *Record) (response, error) {
	payload, err := json.Marshal(e)
	if err != nil {
		return response{}, err
	}
	// The gateway goes on when its client has gone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), integrationTimeout)
	defer cancel()
	record.Result, err = target.Invoker.Invoke(ctx, payload, e.Headers["x-amzn-trace-id"])
	if err != nil {
		return response{}, err
	}
	return parseResponse(record.Result.Payload)
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, lambdahost.ErrTimeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, lambdahost.ErrClosed):
		return http.StatusServiceUnavailable
	case errors.Is(err, lambdahost.ErrTooLarge):
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusInternalServerError
}

// headerSize is that of the request line and the headers as they were sent.
func headerSize(r *http.Request) int {
	size := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len(r.Host)
	for name, values := range r.Header {
		size += (len(name) + len(": \r\n")) * len(values)
		size += len(strings.Join(values, ""))
	}
	return size
}
