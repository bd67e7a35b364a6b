package deskree

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

// Wire renders problems in this wire's form (§2.1): nested, as its programs read it.
type Wire struct{}

// JSONOnly implements gateway.JSONOnly.
func (Wire) JSONOnly() {}

// failure is an answer that is a problem.
type failure struct {
	Data   *none  `json:"data"` // null
	Errors faults `json:"errors"`
}

// none is what a failure has of data.
type none struct{}

type faults struct {
	Errors []fault `json:"errors"`
}

// fault is one problem. Programs show the detail of the first.
type fault struct {
	Code   string `json:"code"` // the status
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Type   string `json:"type"` // the problem's own code
	Field  string `json:"field,omitempty"`
}

// misread is an error whose faults of input are told by one documented text (§2.4).
type misread struct {
	err  error
	text string
}

func (m *misread) Error() string { return m.err.Error() }
func (m *misread) Unwrap() error { return m.err }

// The documented texts of bad input.
const (
	noCredentials  = "Please provide a valid email and password"
	noAddress      = "No email address provided"
	noAction       = "No newPassword, uid, or oobCode provided"
	noRefreshToken = "No refresh_token provided"
)

// told is err with text for its faults of input; nil stays nil.
func told(err error, text string) error {
	if err == nil {
		return nil
	}
	return &misread{err, text}
}

// Problem implements gateway.Wire.
func (Wire) Problem(_ *gateway.Request, err error) *gateway.Response {
	list := problem.List(err)
	if list == nil {
		list = problem.Errors{problem.Internal.New()}
	}
	input := ""
	var m *misread
	if errors.As(err, &m) {
		input = m.text
	}
	resp := &gateway.Response{}
	for _, p := range list {
		resp.Status = max(resp.Status, statusOf(p.Problem))
		resp.SetRateLimit(p)
	}
	var body failure
	for _, p := range list {
		body.Errors.Errors = append(body.Errors.Errors, fault{
			Code: strconv.Itoa(resp.Status), Title: titleOf(resp.Status), Detail: detailOf(p, input), Type: p.Code, Field: fieldOf(p.Param),
		})
	}
	resp.Body = body
	return resp
}

// statusOf keeps to the statuses that this wire knows: 422 is what is wrong with the
// input, 400 what is wrong with the rest of the request. 403 is for an identity token
// that has ended, which clients answer by refreshing it; no sign-up may see it (§2.2).
func statusOf(p *problem.Problem) int {
	switch p {
	case problem.CredentialsInvalid, problem.PasswordIncorrect, problem.RefreshTokenInvalid, problem.UserHeld:
		return http.StatusBadRequest
	case problem.AccountUnknown, problem.NotAllowed, problem.ParamValueDisabled:
		return http.StatusUnprocessableEntity
	case problem.SignedOut:
		return http.StatusForbidden
	}
	switch p.Status {
	case http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return http.StatusBadRequest
	}
	return p.Status
}

func titleOf(status int) string {
	if status == http.StatusNotFound {
		return "Not found"
	}
	return http.StatusText(status)
}

// detailOf is the text that programs of this wire know (§2.4), or the problem's own.
// input is that for a fault of input.
func detailOf(p *problem.Error, input string) string {
	switch p.Problem {
	case problem.ParamMissing, problem.ParamDuplicate, problem.ParamTypeInvalid, problem.ParamFormatInvalid, problem.ParamValueInvalid, problem.ParamTooLong:
		if input != "" {
			return input
		}
	case problem.IdentifierExists:
		return "The email address is already in use by another account."
	case problem.PasswordTooShort:
		return "The password must be a string with at least " + p.Detail + " characters."
	case problem.CredentialsInvalid:
		if p.Param != "" {
			return "EMAIL_NOT_FOUND"
		}
		return "INVALID_LOGIN_CREDENTIALS"
	case problem.PasswordIncorrect:
		return "INVALID_PASSWORD"
	case problem.UserHeld:
		return "USER_DISABLED"
	case problem.RefreshTokenInvalid:
		return "INVALID_REFRESH_TOKEN"
	case problem.ActionCodeInvalid:
		return "INVALID_OOB_CODE"
	case problem.AccountUnknown:
		if p.Param != "" {
			return "There is no user record corresponding to the provided email."
		}
		return "There is no user record corresponding to the provided identifier."
	case problem.UserNotCreated:
		return "User cannot be created"
	case problem.Internal:
		return "Error processing your request"
	}
	own := *p
	own.Param = fieldOf(p.Param)
	return own.Message()
}

// fieldOf is what this wire calls a field of the domain's.
func fieldOf(param string) string { return strings.TrimSuffix(param, "_address") }
