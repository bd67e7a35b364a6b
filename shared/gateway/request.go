package gateway

import (
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

// MaxBody is the longest request body that is read, in bytes: room for 8 KB of
// metadata with every byte percent-encoded, and as much again.
const MaxBody = 64 << 10

// Request is a request as an operation sees it, whichever way it came.
type Request struct {
	ID       string // of the gateway, also in its access log
	RouteKey string
	Method   string
	Path     string
	Params   map[string]string // path parameters, decoded
	Query    url.Values
	Form     Form
	SourceIP string
	Host     string // as the caller named it
	// Domain is the API's own host name, of which the gateway alone knows.
	Domain   string
	Scheme   string // "https", or "http" on a developer's machine
	Received time.Time
	// Fault is why the query or the body couldn't be read, or nil; see Operation.Faulty.
	Fault    error
	jsonOnly bool
	header   map[string]string // lower-case names
	cookies  []*http.Cookie
	notes    []slog.Attr
	public   bool // asks for an operation that is
}

// Header returns the header called name, in any case.
func (r *Request) Header(name string) string { return r.header[strings.ToLower(name)] }

// Bearer returns the token of an Authorization header of that scheme (RFC 6750 §2.1), and
// whether there is one.
func (r *Request) Bearer() (token string, there bool) {
	scheme, token, _ := strings.Cut(r.Header("authorization"), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer")
}

// Cookie returns the value of the cookie called name, or "".
func (r *Request) Cookie(name string) string {
	for _, cookie := range r.cookies {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

// CookieNames returns the names of the request's cookies, in the order sent.
func (r *Request) CookieNames() []string {
	var names []string
	for _, cookie := range r.cookies {
		names = append(names, cookie.Name)
	}
	return names
}

// BaseURL is where browsers reach this API: publicURL if that is set, else the
// gateway's own host, else, on a developer's machine, the one that the caller named.
func (r *Request) BaseURL(publicURL string) string {
	switch {
	case publicURL != "":
		return publicURL
	case r.Domain != "":
		return "https://" + r.Domain
	}
	return r.Scheme + "://" + r.Host
}

// Note adds to the request's one log record. Never a secret or a whole address.
func (r *Request) Note(attr slog.Attr) { r.notes = append(r.notes, attr) }

// override is the verb that a POST stands for, from the query or, as Android
// sends it, from the body.
func (r *Request) override() string {
	if r.Method != http.MethodPost {
		return ""
	}
	if method := r.Query.Get("_method"); method != "" {
		return method
	}
	return r.Form.first("_method")
}

// readRequest reads the event. The request is usable for an answer even when
// the error says that a part of it couldn't be read.
func readRequest(event *events.APIGatewayV2HTTPRequest, now time.Time, jsonOnly bool) (*Request, error) {
	call := event.RequestContext
	r := &Request{
		ID: call.RequestID, RouteKey: event.RouteKey, Method: call.HTTP.Method, Path: event.RawPath,
		Params: event.PathParameters, SourceIP: call.HTTP.SourceIP, Domain: call.DomainName, Received: now,
		jsonOnly: jsonOnly,
		header:   make(map[string]string, len(event.Headers)),
	}
	for name, value := range event.Headers {
		r.header[strings.ToLower(name)] = value
	}
	r.Host, r.Scheme = r.header["host"], r.header["x-forwarded-proto"]
	if r.Host == "" {
		r.Host = call.DomainName
	}
	if r.Scheme == "" {
		r.Scheme = "https"
	}
	for _, line := range event.Cookies {
		if parsed, err := http.ParseCookie(line); err == nil {
			r.cookies = append(r.cookies, parsed...)
		}
	}
	var err error
	if r.Query, err = url.ParseQuery(event.RawQueryString); err != nil {
		return r, problem.ParametersMalformed.New().Detailed("It isn't a well-formed query string.")
	}
	return r, r.readBody(event)
}

func (r *Request) readBody(event *events.APIGatewayV2HTTPRequest) error {
	body := []byte(event.Body)
	if len(body) > 2*MaxBody {
		return problem.BodyTooLarge.New().Detailed("%d", MaxBody)
	}
	if event.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(event.Body)
		if err != nil {
			return problem.BodyInvalid.New().Detailed("It isn't valid base64.")
		}
		body = decoded
	}
	if len(body) > MaxBody {
		return problem.BodyTooLarge.New().Detailed("%d", MaxBody)
	}
	if len(body) == 0 {
		return nil
	}
	var err error
	if r.jsonOnly {
		r.Form, err = parseJSONOnly(body)
	} else {
		r.Form, err = parseForm(r.Header("content-type"), body)
	}
	return err
}
