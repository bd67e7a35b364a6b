package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// A response is what goes back to the client.
type response struct {
	status int
	header http.Header
	body   []byte
}

// answer is a function's answer in payload format 2.0.
type answer struct {
	StatusCode      *json.Number      `json:"statusCode"`
	Headers         map[string]scalar `json:"headers"`
	Cookies         []string          `json:"cookies"`
	Body            *string           `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

// scalar is a header's value: text, or a number or truth that the gateway writes as text.
type scalar string

func (s *scalar) UnmarshalJSON(text []byte) error {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return err
	}
	switch value := value.(type) {
	case string:
		*s = scalar(value)
	case float64, bool:
		*s = scalar(text)
	default:
		return errors.New("a header's value must be text")
	}
	return nil
}

var errMalformed = errors.New("the function's answer isn't a response of payload format 2.0")

// parseResponse reads a function's answer. JSON without a statusCode is, as in API Gateway, the body of a 200.
func parseResponse(payload []byte) (response, error) {
	if !json.Valid(payload) {
		return response{}, errMalformed
	}
	var a answer
	err := json.Unmarshal(payload, &a)
	if a.StatusCode == nil && !hasStatus(payload) {
		return response{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}, body: inferredBody(payload)}, nil
	}
	if err != nil || a.StatusCode == nil {
		return response{}, errMalformed
	}
	r := response{header: http.Header{}}
	if r.status, err = strconv.Atoi(a.StatusCode.String()); err != nil || r.status < 200 || r.status > 599 {
		return response{}, errMalformed
	}
	for name, value := range a.Headers {
		if connectionHeader(name) {
			continue
		}
		r.header.Set(name, string(value))
	}
	for _, cookie := range a.Cookies {
		r.header.Add("Set-Cookie", cookie)
	}
	if a.Body != nil {
		r.body = []byte(*a.Body)
	}
	if a.IsBase64Encoded {
		if r.body, err = base64.StdEncoding.DecodeString(string(r.body)); err != nil {
			return response{}, errMalformed
		}
	}
	if len(r.body) > 0 && r.header.Get("Content-Type") == "" {
		r.header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	return r, nil
}

func hasStatus(payload []byte) bool {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(payload, &members)
	_, ok := members["statusCode"]
	return ok
}

// inferredBody is the body of an answer without a statusCode: text as it is, anything else as JSON.
func inferredBody(payload []byte) []byte {
	var text string
	if json.Unmarshal(payload, &text) == nil {
		return []byte(text)
	}
	return payload
}

// connectionHeader tells what only the server that holds the connection may say.
func connectionHeader(name string) bool {
	switch strings.ToLower(name) {
	case "connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade":
		return true
	}
	return false
}

// gatewayError is what the gateway says when there is no answer of a function.
func gatewayError(status int) response {
	text, _ := json.Marshal(map[string]string{"message": http.StatusText(status)})
	return response{status: status, header: http.Header{"Content-Type": {"application/json"}, "Apigw-Requestid": {requestID()}}, body: text}
}

func (r response) write(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	if r.header.Get("Content-Type") == "" {
		w.Header()["Content-Type"] = nil // without this net/http would guess one
	}
	if r.status != http.StatusNoContent && r.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body)
}

// errorCode finds the code of the first error in a JSON body, in the places where the wires that Doorstep speaks have one.
func errorCode(body []byte) string {
	var envelope struct {
		Errors []struct {
			Code string `json:"code"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &envelope) != nil || len(envelope.Errors) == 0 {
		return ""
	}
	code := envelope.Errors[0].Code
	// Only what is made like a code may reach the screen.
	if len(code) > 64 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz0123456789_-.") != "" {
		return ""
	}
	return code
}
