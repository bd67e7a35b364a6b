package zato

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

// Wire renders problems in this wire's forms (§4.1).
type Wire struct{}

// JSONOnly implements gateway.JSONOnly: the documented calls say that they are forms, or
// nothing at all.
func (Wire) JSONOnly() {}

// refused is the answer to what this wire has a sub-status for.
type refused struct {
	Status    string `json:"status"`
	CID       string `json:"cid"`
	SubStatus []code `json:"sub_status"`
}

// failure is the answer to any other problem. Field is ours: which one is wrong.
type failure struct {
	Result  string `json:"result"`
	CID     string `json:"cid"`
	Details string `json:"details"`
	Field   string `json:"field,omitempty"`
}

// failed is an error of a call whose cid is known.
type failed struct {
	cid   string
	cause error
}

func (f *failed) Error() string { return f.cause.Error() }

// Unwrap is the error without its cid.
func (f *failed) Unwrap() error { return f.cause }

// Problem implements gateway.Wire.
func (Wire) Problem(r *gateway.Request, err error) *gateway.Response {
	cid := derivedCID(r)
	var of *failed
	if errors.As(err, &of) {
		cid = of.cid
	}
	if why := refusalOf(err); why != nil {
		return withCID(why.status, cid, refused{Status: "error", CID: cid, SubStatus: []code{why.told}})
	}
	faults := problem.List(err)
	if faults == nil {
		faults = problem.Errors{problem.Internal.New()}
	}
	p := faults[0]
	body := failure{Result: "Error", CID: cid}
	status := statusOf(p.Status)
	switch status {
	case http.StatusBadRequest:
		body.Details, body.Field = "Bad request", fieldOf(p.Param)
	case http.StatusNotFound:
		body.Details = "URL not found (CID:" + cid + ")"
	case http.StatusTooManyRequests:
		body.Details = "Error 429 Too Many Requests"
	default:
		body.Details = "Internal server error"
	}
	resp := withCID(status, cid, body)
	resp.SetRateLimit(p)
	return resp
}

// withCID is an answer with the cid in its header, too.
func withCID(status int, cid string, body any) *gateway.Response {
	return &gateway.Response{Status: status, Header: map[string]string{"X-Zato-CID": cid}, Body: body}
}

// derivedCID is a cid for what never became a call.
func derivedCID(r *gateway.Request) string {
	sum := sha256.Sum256([]byte(r.ID))
	return hex.EncodeToString(sum[:cidBytes])
}

// statusOf keeps to the statuses that this wire knows. Who may try again in a moment,
// because others are changing the same or the database is busy, is told as a limit is.
func statusOf(status int) int {
	switch status {
	case http.StatusNotFound, http.StatusTooManyRequests:
		return status
	case http.StatusConflict, http.StatusServiceUnavailable:
		return http.StatusTooManyRequests
	}
	if status >= http.StatusInternalServerError {
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// fieldOf is what this wire calls a field of the sign-up.
func fieldOf(param string) string {
	if param == "email_address" {
		return "email"
	}
	return param
}
