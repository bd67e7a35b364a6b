// Package gateway stands between API Gateway's events and the operations: it
// reads the request within limits, refuses foreign origins, finds the operation,
// renders problems, puts CORS on every answer, survives panics and writes one
// log record per request. Nothing else knows what an event looks like.
package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// Wire is a family's way to put problems: its error envelope.
type Wire interface {
	// Problem renders err for the caller. Declared problems are in
	// problem.List(err); without any it is a fault of ours, of which the
	// caller learns no more than the request's id.
	Problem(r *Request, err error) *Response
}

// JSONOnly is implemented by a Wire whose bodies are JSON whatever the content type
// says, and whose callers show bearer tokens and no cookies: a page that has one may
// send it, and one without it can do nothing in anybody's name (no CSRF).
type JSONOnly interface{ JSONOnly() }

// Function is what a Lambda function of the HTTP API runs: it implements the
// runtime's handler interface.
type Function struct {
	Settings  *settings.Settings
	Wire      Wire
	Endpoints []Endpoint
	Log       *slog.Logger
	Now       func() time.Time
}

// Invoke answers one event of payload format 2.0.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var event events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, fmt.Errorf("gateway: not an HTTP API event: %w", err)
	}
	answer := f.answer(ctx, &event)
	return json.Marshal(answer)
}

func (f *Function) answer(ctx context.Context, event *events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	_, jsonOnly := f.Wire.(JSONOnly)
	r, err := readRequest(event, f.Now(), jsonOnly)
	var resp *Response
	operation := ""
	if r.Fault = err; err == nil || takesFaulty(f.Endpoints, r) {
		resp, operation, err = f.serve(ctx, r)
	}
	out, err := f.render(r, resp, err)
	f.log(ctx, r, operation, out.StatusCode, err)
	return out
}

// render puts the answer, or the problem in err, into an event. What can't be
// rendered is a fault like any other.
func (f *Function) render(r *Request, resp *Response, err error) (events.APIGatewayV2HTTPResponse, error) {
	if err == nil {
		out, renderErr := resp.event(r, f.Settings)
		if renderErr == nil {
			return out, nil
		}
		err = renderErr
	}
	out, renderErr := f.Wire.Problem(r, err).event(r, f.Settings)
	if renderErr != nil { // of the problem's own values: it is told without them
		err = fmt.Errorf("rendering %q: %w", err.Error(), renderErr)
		out, _ = f.Wire.Problem(r, renderErr).event(r, f.Settings)
	}
	return out, err
}

// serve runs the operation that r means. A panic is a fault like any other.
func (f *Function) serve(ctx context.Context, r *Request) (resp *Response, operation string, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			resp, err = nil, &panicked{cause: cause, stack: debug.Stack()}
		}
	}()
	endpoint := find(f.Endpoints, r)
	if endpoint == nil {
		return nil, "", problem.ResourceNotFound.New().Detailed("There is nothing at this address.")
	}
	operation, r.public = endpoint.Operation.Name, endpoint.Operation.Public
	if err := f.refuseForeign(endpoint.Operation, r); err != nil && !r.jsonOnly {
		return nil, operation, err
	}
	if resp, err = endpoint.Handler(ctx, r); resp == nil && err == nil {
		err = errors.New("gateway: " + operation + " answered nothing")
	}
	return resp, operation, err
}

// refuseForeign refuses a change that a page of an origin which isn't allowed
// asks for (CSRF), and a page that carries a native client's token, unless it is an
// app's own: a browser extension's, or that of an app built with web technology.
func (f *Function) refuseForeign(op Operation, r *Request) error {
	origin := r.Header("origin")
	if origin == "" {
		return nil
	}
	if r.Header("authorization") != "" && !f.Settings.AppOriginAllowed(origin) {
		return problem.OriginAuthorization.New()
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	if op.AnyOrigin || origin == r.Scheme+"://"+r.Host || f.Settings.OriginAllowed(origin) {
		return nil
	}
	return problem.OriginInvalid.New()
}

type panicked struct {
	cause any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.cause) }

// log writes the request's one record: who, what, when, where, how it ended.
func (f *Function) log(ctx context.Context, r *Request, operation string, status int, err error) {
	attrs := []slog.Attr{
		slog.String("request", r.ID), slog.String("operation", operation),
		slog.String("method", r.Method), slog.String("route", r.RouteKey), slog.Int("status", status),
		slog.String("source", r.SourceIP), slog.Int64("ms", f.Now().Sub(r.Received).Milliseconds()),
	}
	attrs = append(attrs, r.notes...)
	level := slog.LevelInfo
	faults := problem.List(err)
	if faults != nil {
		attrs = append(attrs, slog.String("problem", faults.Error()))
	}
	if err != nil && (faults == nil || status >= http.StatusInternalServerError) {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", err.Error()))
		var p *panicked
		if errors.As(err, &p) {
			attrs = append(attrs, slog.String("stack", string(p.stack)))
		}
	}
	f.Log.LogAttrs(ctx, level, "request", attrs...)
}
