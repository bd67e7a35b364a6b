package norman

import (
	"net/http"
	"time"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

// Wire renders problems in this wire's form (§1.5).
type Wire struct{}

// JSONOnly implements gateway.JSONOnly: every request says it is JSON, also one
// without a body.
func (Wire) JSONOnly() {}

// exception is an error as clients of this wire show it. Older ones read
// status_code, newer ones http_code.
type exception struct {
	Timestamp   string   `json:"timestamp"`
	StatusCode  int      `json:"status_code"`
	HTTPCode    int      `json:"http_code"`
	ErrorType   string   `json:"error_type"`
	Message     string   `json:"message"`
	Cause       string   `json:"cause"`
	Suggestions []string `json:"suggestions"`
	Errors      []fault  `json:"errors"`
}

// fault is one of an error's problems, by its code and the field that it is about.
type fault struct {
	Code    string `json:"code"`
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
}

// Problem implements gateway.Wire.
func (Wire) Problem(r *gateway.Request, err error) *gateway.Response {
	faults := problem.List(err)
	if faults == nil {
		faults = problem.Errors{problem.Internal.New()}
	}
	resp := &gateway.Response{Header: map[string]string{}}
	body := exception{Timestamp: r.Received.UTC().Format(time.RFC3339), Cause: r.ID, Suggestions: []string{}}
	for _, p := range faults {
		own := *p
		own.Param = fieldOf(p.Param)
		body.Errors = append(body.Errors, fault{Code: p.Code, Field: own.Param, Message: own.Message()})
		resp.Status = max(resp.Status, statusOf(p.Status))
		resp.SetRateLimit(p)
	}
	body.StatusCode, body.HTTPCode, body.ErrorType = resp.Status, resp.Status, typeOf(resp.Status)
	body.Message = body.Errors[0].Message
	resp.Body = body
	return resp
}

// fieldOf is what this wire calls a field of the sign-up.
func fieldOf(param string) string {
	switch param {
	case "email_address":
		return "email"
	case "username":
		return "name"
	}
	return param
}

// statusOf keeps to the statuses that this wire knows: what is wrong with the
// request is 400.
func statusOf(status int) int {
	switch status {
	case http.StatusUnprocessableEntity, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return http.StatusBadRequest
	}
	return status
}

// typeOf is the error_type of a status.
func typeOf(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "validation"
	case http.StatusUnauthorized:
		return "authentication"
	case http.StatusForbidden:
		return "authorization"
	case http.StatusNotFound:
		return "not_found"
	case http.StatusTooManyRequests:
		return "rate_limit"
	case http.StatusServiceUnavailable:
		return "capacity"
	}
	return "server"
}
