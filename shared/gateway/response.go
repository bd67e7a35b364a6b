package gateway

import (
	"encoding/json"
	"maps"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/doorstep-auth/doorstep/shared/settings"
)

// Null is a body that is JSON's null.
var Null = json.RawMessage("null")

// Response is an operation's answer.
type Response struct {
	Status  int
	Header  map[string]string
	Cookies []*http.Cookie
	Body    any // rendered as JSON; nil for none
	// Page is an HTML page in place of Body.
	Page []byte
}

// event renders the answer for API Gateway, with CORS on it whatever it is. A
// panic of what the body holds is an error of the answer.
func (resp *Response) event(r *Request, s *settings.Settings) (out events.APIGatewayV2HTTPResponse, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = &panicked{cause: cause, stack: debug.Stack()}
		}
	}()
	out = events.APIGatewayV2HTTPResponse{StatusCode: resp.Status, Headers: map[string]string{
		"cache-control":          "no-store",
		"x-content-type-options": "nosniff",
	}}
	if err := resp.writeBody(&out); err != nil {
		return out, err
	}
	if r.Method == http.MethodHead { // RFC 9110 §9.3.2
		out.Body = ""
	}
	for name, value := range resp.Header {
		out.Headers[strings.ToLower(name)] = value
	}
	for _, cookie := range resp.Cookies {
		out.Cookies = append(out.Cookies, cookie.String())
	}
	maps.Copy(out.Headers, corsHeaders(r, s))
	return out, nil
}

func (resp *Response) writeBody(out *events.APIGatewayV2HTTPResponse) error {
	if resp.Page != nil {
		out.Body, out.Headers["content-type"] = string(resp.Page), "text/html; charset=utf-8"
		return nil
	}
	if resp.Body == nil {
		return nil
	}
	body, err := json.Marshal(resp.Body)
	out.Body, out.Headers["content-type"] = string(body), "application/json; charset=utf-8"
	return err
}

// corsHeaders let the pages of allowed origins read the answer (Fetch §3.2), and
// those of all origins if it is public.
func corsHeaders(r *Request, s *settings.Settings) map[string]string {
	if r.public {
		return map[string]string{"access-control-allow-origin": "*"}
	}
	headers := map[string]string{"vary": "Origin"}
	origin := r.Header("origin")
	if origin == "" || !s.OriginAllowed(origin) {
		return headers
	}
	headers["access-control-allow-origin"] = origin
	headers["access-control-allow-credentials"] = "true"
	headers["access-control-expose-headers"] = "Authorization, Clerk-Db-Jwt, X-Country, Retry-After, RateLimit, RateLimit-Policy"
	return headers
}

// Preflight answers OPTIONS requests of pages (Fetch §3.2.3).
func Preflight() *Response {
	return &Response{Status: http.StatusNoContent, Header: map[string]string{
		"Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
		"Access-Control-Allow-Headers": "authorization, content-type, x-mobile, x-expo-sdk-version",
		"Access-Control-Max-Age":       "600",
	}}
}
