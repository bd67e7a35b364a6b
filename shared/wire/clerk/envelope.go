package clerk

import (
	"errors"
	"net/http"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

// Wire renders problems in this wire's envelope (§2.2).
type Wire struct{}

type envelope struct {
	Response any     `json:"response"`
	Client   *client `json:"client"`
}

type errorEnvelope struct {
	Errors  []errorItem `json:"errors"`
	Meta    *errorMeta  `json:"meta,omitempty"`
	TraceID string      `json:"clerk_trace_id"`
}

type errorItem struct {
	Code        string         `json:"code"`
	Message     string         `json:"message"`
	LongMessage string         `json:"long_message"`
	Meta        map[string]any `json:"meta,omitempty"`
}

// errorMeta carries the client beside an error, where success carries it in the envelope.
type errorMeta struct {
	Client *client `json:"client"`
}

// withClient is an error beside which the client is known.
type withClient struct {
	error
	client   *client
	response gateway.Response // the token's header or cookie
}

func (e *withClient) Unwrap() error { return e.error }

// Problem implements gateway.Wire.
func (Wire) Problem(r *gateway.Request, err error) *gateway.Response {
	resp := &gateway.Response{Header: map[string]string{}}
	body := errorEnvelope{TraceID: r.ID}
	var known *withClient
	if errors.As(err, &known) {
		*resp = known.response
		if known.client != nil {
			body.Meta = &errorMeta{known.client}
		}
	}
	faults := problem.List(err)
	if faults == nil {
		faults = problem.Errors{problem.Internal.New()}
	}
	for _, fault := range faults {
		body.Errors = append(body.Errors, newErrorItem(fault))
		resp.Status = max(resp.Status, fault.Status)
		resp.SetRateLimit(fault)
	}
	resp.Body = body
	return resp
}

func newErrorItem(e *problem.Error) errorItem {
	item := errorItem{Code: e.Code, Message: e.Message(), LongMessage: e.Message()}
	if e.Param == "" && len(e.Meta) == 0 {
		return item
	}
	item.Meta = map[string]any{}
	for name, value := range e.Meta {
		item.Meta[name] = value
	}
	if e.Param != "" {
		item.Meta["param_name"] = e.Param
	}
	return item
}

// ok is a successful answer in the envelope (§2.1).
func ok(resp gateway.Response, response any, c *client) *gateway.Response {
	resp.Status, resp.Body = http.StatusOK, envelope{Response: response, Client: c}
	return &resp
}
