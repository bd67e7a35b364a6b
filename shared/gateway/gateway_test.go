package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

func told(t testing.TB, out events.APIGatewayV2HTTPResponse) understanding {
	t.Helper()
	var u understanding
	if err := json.Unmarshal([]byte(out.Body), &u); err != nil {
		t.Fatalf("%v in %q", err, out.Body)
	}
	return u
}

// A request is the same one however its event is put.
func TestEventsOfEveryShape(t *testing.T) {
	withCookie := func(e *events.APIGatewayV2HTTPRequest) { e.Cookies = []string{"a=b", "__client=token.secret"} }
	cases := map[string]events.APIGatewayV2HTTPRequest{
		"an HTTP API":           event("POST", "/v1/things/7", withCookie, body(formType, "a=1&b=x+y")),
		"in base64":             event("POST", "/v1/things/7", withCookie, body(formType, base64.StdEncoding.EncodeToString([]byte("a=1&b=x+y"))), func(e *events.APIGatewayV2HTTPRequest) { e.IsBase64Encoded = true }),
		"capital headers":       event("POST", "/v1/things/7", withCookie, body("", "a=1&b=x+y"), header("Content-Type", formType), func(e *events.APIGatewayV2HTTPRequest) { delete(e.Headers, "content-type") }),
		"cookies in a header":   event("POST", "/v1/things/7", withCookie, header("Cookie", "a=b; __client=token.secret"), body(formType, "a=1&b=x+y")),
		"cookies on one line":   event("POST", "/v1/things/7", func(e *events.APIGatewayV2HTTPRequest) { e.Cookies = []string{"a=b; __client=token.secret"} }, body(formType, "a=1&b=x+y")),
		"a charset":             event("POST", "/v1/things/7", withCookie, body(formType+"; charset=UTF-8", "a=1&b=x+y")),
		"no content type":       event("POST", "/v1/things/7", withCookie, func(e *events.APIGatewayV2HTTPRequest) { e.Body = "a=1&b=x+y" }),
		"JSON":                  event("POST", "/v1/things/7", withCookie, body(jsonType, `{"a":"1","b":"x y","c":null,"d":[1]}`)),
		"JSON with a charset":   event("POST", "/v1/things/7", withCookie, body("Application/JSON; Charset=utf8", ` {"a":1,"b":"x y","c":""} `)),
		"the real verb":         event("PUT", "/v1/things/7", withCookie, body(formType, "a=1&b=x+y")),
		"the verb in the query": event("POST", "/v1/things/7", withCookie, query("_method=PUT"), body(formType, "a=1&b=x+y")),
		"the verb in the body":  event("POST", "/v1/things/7", withCookie, body(formType, "_method=PUT&a=1&b=x+y")),
		"the verb in lower":     event("POST", "/v1/things/7", withCookie, query("_method=put"), body(formType, "a=1&b=x+y")),
		"the verb in JSON":      event("POST", "/v1/things/7", withCookie, body(jsonType, `{"_method":"PUT","a":"1","b":"x y"}`)),
		"a malformed cookie": event("POST", "/v1/things/7", func(e *events.APIGatewayV2HTTPRequest) {
			e.Cookies = []string{"\x00", "", "=", "__client=token.secret"}
		}, body(formType, "a=1&b=x+y")),
	}
	want := understanding{Fields: map[string]string{"a": "1", "b": "x y"}, ID: "7", Cookie: "token.secret"}
	for name, e := range cases {
		out := newServer(t, nil).send(e)
		if out.StatusCode != 200 || out.Headers["x-operation"] != "put" {
			t.Errorf("%s: %d by %q, %s", name, out.StatusCode, out.Headers["x-operation"], out.Body)
			continue
		}
		if diff := cmp.Diff(want, told(t, out)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestOverrideAndRoutes(t *testing.T) {
	for name, c := range map[string]struct {
		event     events.APIGatewayV2HTTPRequest
		operation string
	}{
		"GET":                          {event("GET", "/v1/things/7"), "get"},
		"POST":                         {event("POST", "/v1/things/7"), "put"},
		"POST for GET, in the query":   {event("POST", "/v1/things/7", query("_method=GET")), "get"},
		"POST for GET, in the body":    {event("POST", "/v1/things/7", body(formType, "_method=GET")), "get"},
		"the query before the body":    {event("POST", "/v1/things/7", query("_method=GET"), body(formType, "_method=PUT")), "get"},
		"an empty one is none":         {event("POST", "/v1/things/7", query("_method=")), "put"},
		"a verb that isn't served":     {event("POST", "/v1/things/7", query("_method=DELETE")), ""},
		"a verb that isn't one":        {event("POST", "/v1/things/7", query("_method=%00")), ""},
		"an override of a GET is none": {event("GET", "/v1/things/7", query("_method=PUT")), "get"},
		"an override of a PUT is none": {event("PUT", "/v1/things/7", query("_method=GET")), "put"},
		"another route":                {event("GET", "/v1/others", func(e *events.APIGatewayV2HTTPRequest) { e.RouteKey = "GET /v1/others" }), ""},
		"the default":                  {event("GET", "/", func(e *events.APIGatewayV2HTTPRequest) { e.RouteKey = "$default" }), ""},
	} {
		out := newServer(t, nil).send(c.event)
		if c.operation == "" {
			if out.StatusCode != 404 || codes(t, out)[0] != "resource_not_found" {
				t.Errorf("%s: %d %s, want 404", name, out.StatusCode, out.Body)
			}
			continue
		}
		if got := out.Headers["x-operation"]; got != c.operation {
			t.Errorf("%s: %d by %q, want %q", name, out.StatusCode, got, c.operation)
		}
	}
}

// R2, R27: what is malformed, of the wrong kind or too large is refused by a documented problem, before any operation.
func TestR2R27RefusedBodies(t *testing.T) {
	plain := func(text string) func(*events.APIGatewayV2HTTPRequest) { return body(formType, text) }
	inBase64 := func(text string) func(*events.APIGatewayV2HTTPRequest) {
		return func(e *events.APIGatewayV2HTTPRequest) {
			plain(text)(e)
			e.IsBase64Encoded = true
		}
	}
	encoded := func(bytes int) string { return base64.StdEncoding.EncodeToString([]byte(strings.Repeat("a", bytes))) }
	for name, c := range map[string]struct {
		change func(*events.APIGatewayV2HTTPRequest)
		status int
		code   string
	}{
		"64 KiB":                      {plain("a=" + strings.Repeat("x", MaxBody-2)), 200, ""},
		"64 KiB and one":              {plain("a=" + strings.Repeat("x", MaxBody-1)), 413, "request_body_too_large"},
		"1 MiB":                       {plain("a=" + strings.Repeat("x", 1<<20)), 413, "request_body_too_large"},
		"1 MiB in base64":             {inBase64(encoded(1 << 20)), 413, "request_body_too_large"},
		"64 KiB in base64":            {inBase64(encoded(MaxBody)), 200, ""},
		"64 KiB and one, in base64":   {inBase64(encoded(MaxBody + 1)), 413, "request_body_too_large"},
		"1 MiB that isn't base64":     {inBase64(strings.Repeat("!", 1<<20)), 413, "request_body_too_large"},
		"not base64":                  {inBase64("a=1"), 400, "request_body_invalid"},
		"form: bad escape":            {plain("a=%zz"), 400, "request_body_invalid"},
		"form: cut escape":            {plain("a=1&b=%2"), 400, "request_body_invalid"},
		"form: semicolon":             {plain("a=1;b=2"), 400, "request_body_invalid"},
		"JSON: cut off":               {body(jsonType, `{"a":"1"`), 400, "request_body_invalid"},
		"JSON: a list":                {body(jsonType, `["a"]`), 400, "request_body_invalid"},
		"JSON: a text":                {body(jsonType, `"a"`), 400, "request_body_invalid"},
		"JSON: null":                  {body(jsonType, `null`), 400, "request_body_invalid"},
		"JSON: two":                   {body(jsonType, `{}{}`), 400, "request_body_invalid"},
		"JSON: trailing text":         {body(jsonType, `{} x`), 400, "request_body_invalid"},
		"JSON: a name that is none":   {body(jsonType, `{1:2}`), 400, "request_body_invalid"},
		"JSON: unbalanced":            {body(jsonType, `{"a":1]`), 400, "request_body_invalid"},
		"JSON: not UTF-8":             {body(jsonType, ""), 400, "request_body_invalid"},
		"JSON: too deep":              {body(jsonType, `{"a":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+`}`), 400, "request_body_invalid"},
		"JSON: only spaces":           {body(jsonType, "  "), 400, "request_body_invalid"},
		"XML":                         {body("application/xml", "<a/>"), 415, "unsupported_content_type"},
		"multipart":                   {body("multipart/form-data; boundary=x", "--x--"), 415, "unsupported_content_type"},
		"plain text":                  {body("text/plain", "a=1"), 415, "unsupported_content_type"},
		"a content type that is none": {body(";;;", "a=1"), 415, "unsupported_content_type"},
		"another charset":             {body(formType+"; charset=iso-8859-1", "a=1"), 415, "unsupported_content_type"},
		"no body, whatever the type":  {body("text/plain", ""), 200, ""},
		"query: bad escape":           {query("a=%zz"), 400, "malformed_request_parameters"},
		"query: semicolon":            {query("a=1;b=2"), 400, "malformed_request_parameters"},
	} {
		e := event("POST", "/v1/things/7", c.change)
		if name == "JSON: not UTF-8" {
			e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte("{\"a\":\"\xff\"}")), true
		}
		out := newServer(t, nil).send(e)
		if out.StatusCode != c.status || (c.code != "" && codes(t, out)[0] != c.code) {
			t.Errorf("%s: %d %.200s, want %d %s", name, out.StatusCode, out.Body, c.status, c.code)
		}
		if out.Headers["content-type"] != "application/json; charset=utf-8" {
			t.Errorf("%s: the answer is %q", name, out.Headers["content-type"])
		}
	}
}

// R27: a field that is there twice, too long, or of the wrong type is named; the others are read on.
func TestR27RefusedFields(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*events.APIGatewayV2HTTPRequest)
		want   []string
	}{
		"twice in a form":           {body(formType, "a=1&a=2"), []string{"form_param_duplicate (a)"}},
		"twice the same":            {body(formType, "a=1&a=1"), []string{"form_param_duplicate (a)"}},
		"twice in JSON":             {body(jsonType, `{"a":"1","a":"1"}`), []string{"form_param_duplicate (a)"}},
		"twice, once null":          {body(jsonType, `{"a":null,"a":"1"}`), []string{"form_param_duplicate (a)"}},
		"twice, written apart":      {body(jsonType, `{"a":"1","\u0061":"1"}`), []string{"form_param_duplicate (a)"}},
		"too long":                  {body(formType, "a="+strings.Repeat("x", 101)), []string{"form_param_max_length_exceeded (a)"}},
		"not UTF-8":                 {body(formType, "a=%ff"), []string{"form_param_value_invalid (a)"}},
		"half a character":          {body(formType, "a=%c3"), []string{"form_param_value_invalid (a)"}},
		"a surrogate in UTF-8":      {body(formType, "a=%ed%a0%80"), []string{"form_param_value_invalid (a)"}},
		"neither true nor false":    {body(formType, "yes=1"), []string{"form_param_type_invalid (yes)"}},
		"True isn't true":           {body(formType, "yes=True"), []string{"form_param_type_invalid (yes)"}},
		"a flag that is too long":   {body(formType, "yes=falsely"), []string{"form_param_max_length_exceeded (yes)"}},
		"a flag as text in JSON":    {body(jsonType, `{"yes":"true"}`), nil},
		"a flag in JSON":            {body(jsonType, `{"yes":true}`), nil},
		"false":                     {body(formType, "yes=false"), nil},
		"several":                   {body(formType, "a=1&a=2&b=%ff&yes=maybe"), []string{"form_param_duplicate (a)", "form_param_value_invalid (b)", "form_param_type_invalid (yes)"}},
		"unknown ones are nobody's": {body(formType, "zzz=1&zzz=2&%ff=3&a=1"), nil},
		"an object is its text":     {body(jsonType, `{"a":{"x":[1, 2]}}`), nil},
	} {
		out := newServer(t, nil).send(event("POST", "/v1/things/7", c.change))
		if out.StatusCode != 200 {
			t.Errorf("%s: %d", name, out.StatusCode)
			continue
		}
		if diff := cmp.Diff(c.want, told(t, out).Faults); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	out := newServer(t, nil).send(event("POST", "/v1/things/7", body(jsonType, `{"a":{"x":[1, 2]},"b":1.50,"yes":true}`)))
	if diff := cmp.Diff(map[string]string{"a": `{"x":[1, 2]}`, "b": "1.50", "yes": "true"}, told(t, out).Fields); diff != "" {
		t.Errorf("JSON values as fields (-want +got):\n%s", diff)
	}
}

var errSecret = errors.New("dial tcp 10.0.0.7: hunter2 refused")

// cors is what an answer says to the page that asked.
func cors(out events.APIGatewayV2HTTPResponse) string {
	return strings.Join([]string{
		out.Headers["access-control-allow-origin"], out.Headers["access-control-allow-credentials"],
		out.Headers["access-control-expose-headers"], out.Headers["vary"],
	}, "|")
}

// The headers that let an allowed page read an answer are on every one of them, whatever happened.
func TestCORSOnEveryAnswer(t *testing.T) {
	const full = appOrigin + "|true|Authorization, Clerk-Db-Jwt, X-Country, Retry-After, RateLimit, RateLimit-Policy|Origin"
	failing := func(err error) Handler {
		return func(context.Context, *Request) (*Response, error) { return nil, err }
	}
	for name, c := range map[string]struct {
		handler Handler
		event   events.APIGatewayV2HTTPRequest
		status  int
	}{
		"success":         {nil, event("POST", "/v1/things/7"), 200},
		"declared":        {failing(problem.CodeIncorrect.On("code")), event("POST", "/v1/things/7"), 422},
		"a fault":         {failing(errSecret), event("POST", "/v1/things/7"), 500},
		"nothing":         {failing(nil), event("POST", "/v1/things/7"), 500},
		"a panic":         {func(context.Context, *Request) (*Response, error) { panic("hunter2") }, event("POST", "/v1/things/7"), 500},
		"not found":       {nil, event("POST", "/v1/things/7", query("_method=DELETE")), 404},
		"too large":       {nil, event("POST", "/v1/things/7", body(formType, strings.Repeat("x", 1<<20))), 413},
		"wrong type":      {nil, event("POST", "/v1/things/7", body("text/plain", "x")), 415},
		"malformed":       {nil, event("POST", "/v1/things/7", body(jsonType, "{")), 400},
		"malformed query": {nil, event("GET", "/v1/things/7", query("%zz")), 400},
		"preflight":       {nil, event("OPTIONS", "/v1/things/7", header("access-control-request-method", "PATCH")), 204},
		"conflict":        {nil, event("GET", "/v1/things/7", header("authorization", "token")), 400},
		"own headers": {func(context.Context, *Request) (*Response, error) {
			return &Response{Status: 200, Header: map[string]string{"Vary": "Accept", "Access-Control-Allow-Origin": "*"}}, nil
		}, event("GET", "/v1/things/7"), 200},
	} {
		s := newServer(t, c.handler)
		e := c.event
		header("origin", appOrigin)(&e)
		out := s.send(e)
		if out.StatusCode != c.status || cors(out) != full {
			t.Errorf("%s: %d, %s", name, out.StatusCode, cors(out))
		}
		header("origin", "https://evil.example.com")(&e)
		if out := s.send(e); cors(out) != "|||Origin" && name != "own headers" {
			t.Errorf("%s: a foreign page may read the answer: %s", name, cors(out))
		}
		delete(e.Headers, "origin")
		if out := s.send(e); cors(out) != "|||Origin" && name != "own headers" {
			t.Errorf("%s: without a page: %s", name, cors(out))
		}
		for _, fixed := range []string{"cache-control", "x-content-type-options"} {
			if out.Headers[fixed] == "" {
				t.Errorf("%s: no %s", name, fixed)
			}
		}
	}
}

func TestPreflight(t *testing.T) {
	out := newServer(t, nil).send(event("OPTIONS", "/v1/client/sign_ups", header("origin", appOrigin)))
	want := map[string]string{
		"access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
		"access-control-allow-headers": "authorization, content-type, x-mobile, x-expo-sdk-version",
		"access-control-max-age":       "600",
	}
	for name, value := range want {
		if out.Headers[name] != value {
			t.Errorf("%s: %q", name, out.Headers[name])
		}
	}
	if out.StatusCode != 204 || out.Body != "" || out.Headers["content-type"] != "" {
		t.Errorf("%d %q %q", out.StatusCode, out.Body, out.Headers["content-type"])
	}
}

// A change is refused to pages that aren't allowed (CSRF), before the operation
// runs; reading is not, but they get no headers to read it with.
func TestForeignOrigins(t *testing.T) {
	for name, c := range map[string]struct {
		origin string
		local  bool // http on a developer's machine
		allow  bool
	}{
		"none":                     {"", false, true},
		"listed":                   {appOrigin, false, true},
		"the API's own":            {"https://" + apiHost, false, true},
		"the API's own, locally":   {"http://localhost:8080", true, true},
		"foreign":                  {"https://evil.example.com", false, false},
		"null":                     {"null", false, false},
		"a suffix":                 {appOrigin + ".evil.com", false, false},
		"a prefix":                 {"https://evil" + strings.TrimPrefix(appOrigin, "https://"), false, false},
		"another scheme":           {"http://app.example.com", false, false},
		"another port":             {appOrigin + ":8443", false, false},
		"capitals":                 {"https://APP.example.com", false, false},
		"a path":                   {appOrigin + "/", false, false},
		"two":                      {appOrigin + "," + appOrigin, false, false},
		"a space in front":         {" " + appOrigin, false, false},
		"the API's own, not https": {"http://" + apiHost, false, false},
	} {
		ran := false
		s := newServer(t, func(ctx context.Context, r *Request) (*Response, error) {
			ran = true
			return understood(ctx, r)
		})
		changes := []func(*events.APIGatewayV2HTTPRequest){}
		if c.origin != "" {
			changes = append(changes, header("origin", c.origin))
		}
		if c.local {
			changes = append(changes, header("x-forwarded-proto", "http"), header("host", "localhost:8080"))
		}
		for _, method := range []string{"POST", "PUT"} {
			ran = false
			out := s.send(event(method, "/v1/things/7", changes...))
			if ran != c.allow || (!c.allow && (out.StatusCode != 400 || codes(t, out)[0] != "origin_invalid")) {
				t.Errorf("%s: %s gave %d, ran %v", name, method, out.StatusCode, ran)
			}
		}
		ran = false
		if out := s.send(event("GET", "/v1/things/7", changes...)); out.StatusCode != 200 || !ran {
			t.Errorf("%s: GET gave %d", name, out.StatusCode)
		} else if readable := out.Headers["access-control-allow-origin"] != ""; readable && !c.allow {
			t.Errorf("%s: a foreign page may read the answer", name)
		}
	}
	// A POST is a change even if it says that it stands for a GET.
	out := newServer(t, nil).send(event("POST", "/v1/things/7", query("_method=GET"), header("origin", "https://evil.example.com")))
	if out.StatusCode != 400 {
		t.Errorf("a foreign POST for GET: %d", out.StatusCode)
	}
}

func TestOriginAndAuthorizationConflict(t *testing.T) {
	for method, status := range map[string]int{"GET": 400, "POST": 400} {
		for _, origin := range []string{appOrigin, "https://evil.example.com", "null"} {
			out := newServer(t, nil).send(event(method, "/v1/things/7", header("Origin", origin), header("Authorization", "token")))
			if out.StatusCode != status || codes(t, out)[0] != "origin_authorization_headers_conflict" {
				t.Errorf("%s from %s: %d %s", method, origin, out.StatusCode, out.Body)
			}
		}
		// SDKs send an empty one before they have a token.
		if out := newServer(t, nil).send(event(method, "/v1/things/7", header("origin", appOrigin), header("authorization", ""))); out.StatusCode != 200 {
			t.Errorf("%s with an empty Authorization: %d %s", method, out.StatusCode, out.Body)
		}
		if out := newServer(t, nil).send(event(method, "/v1/things/7", header("authorization", "token"))); out.StatusCode != 200 {
			t.Errorf("%s natively: %d %s", method, out.StatusCode, out.Body)
		}
	}
}

type unprintable struct{}

func (unprintable) MarshalJSON() ([]byte, error) { return nil, errSecret }

type explosive struct{}

func (explosive) MarshalJSON() ([]byte, error) { panic("hunter2 exploded") }

// R60: whatever fails is answered by a fixed text with the request's id, and
// logged in full under that id. R54: nothing of the cause reaches the caller.
func TestR54R60FaultsAreToldInFixedWordsAndLogged(t *testing.T) {
	answering := func(resp *Response, err error) Handler {
		return func(context.Context, *Request) (*Response, error) { return resp, err }
	}
	for name, c := range map[string]struct {
		handler Handler
		logged  string
		stack   bool
	}{
		"an error":                    {answering(nil, errSecret), errSecret.Error(), false},
		"a wrapped error":             {answering(nil, fmt.Errorf("table: %w", errSecret)), "table: " + errSecret.Error(), false},
		"a panic":                     {func(context.Context, *Request) (*Response, error) { panic(errSecret) }, "panic: " + errSecret.Error(), true},
		"a nil pointer":               {func(context.Context, *Request) (*Response, error) { var r *Request; return nil, errors.New(r.ID) }, "nil pointer", true},
		"no answer":                   {answering(nil, nil), "things/put answered nothing", false},
		"a body that can't be put":    {answering(&Response{Status: 200, Body: unprintable{}}, nil), errSecret.Error(), false},
		"a body that panics":          {answering(&Response{Status: 200, Body: explosive{}}, nil), "hunter2 exploded", true},
		"an error and a whole answer": {answering(&Response{Status: 200, Body: "fine"}, errSecret), errSecret.Error(), false},
	} {
		s := newServer(t, c.handler)
		out := s.send(event("POST", "/v1/things/7"))
		var got problems
		if err := json.Unmarshal([]byte(out.Body), &got); err != nil {
			t.Fatalf("%s: %v in %q", name, err, out.Body)
		}
		want := problems{Codes: []string{problem.Internal.Code}, Texts: []string{problem.Internal.Text}, Request: "req-1"}
		if diff := cmp.Diff(want, got); diff != "" || out.StatusCode != 500 {
			t.Errorf("%s: %d (-want +got):\n%s", name, out.StatusCode, diff)
		}
		if strings.Contains(fmt.Sprint(out), "hunter2") {
			t.Errorf("%s: the cause reached the caller: %v", name, out)
		}
		records := s.records()
		if len(records) != 1 {
			t.Fatalf("%s: %d log records", name, len(records))
		}
		record := records[0]
		text, _ := record["error"].(string)
		stack, _ := record["stack"].(string)
		if record["level"] != "ERROR" || record["request"] != "req-1" || record["operation"] != "things/put" || !strings.Contains(text, c.logged) {
			t.Errorf("%s: logged %v", name, record)
		}
		if c.stack != strings.Contains(stack, "gateway_test.go") {
			t.Errorf("%s: the stack is %q", name, stack)
		}
	}
}

// R58: one record for each request, of success and of failure: who, what, when,
// where, how it ended.
func TestR58OneRecordForEachRequest(t *testing.T) {
	for name, c := range map[string]struct {
		event   events.APIGatewayV2HTTPRequest
		status  float64
		problem any
		op      string
	}{
		"success":   {event("POST", "/v1/things/7"), 200, nil, "things/put"},
		"refused":   {event("POST", "/v1/things/7", header("origin", "https://evil.example.com")), 400, "origin_invalid", "things/put"},
		"not found": {event("POST", "/v1/things/7", query("_method=DELETE")), 404, "resource_not_found", ""},
		"too large": {event("POST", "/v1/things/7", body(formType, strings.Repeat("x", 1<<20))), 413, "request_body_too_large", ""},
	} {
		s := newServer(t, func(ctx context.Context, r *Request) (*Response, error) {
			return understood(ctx, r)
		})
		s.send(c.event)
		records := s.records()
		if len(records) != 1 {
			t.Fatalf("%s: %d records", name, len(records))
		}
		record := records[0]
		if at, err := time.Parse(time.RFC3339, fmt.Sprint(record["time"])); err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("%s: at %v", name, record["time"])
		}
		delete(record, "time")
		want := map[string]any{
			"level": "INFO", "msg": "request", "request": "req-1", "operation": c.op, "method": "POST", "route": "POST /v1/things/{id}",
			"status": c.status, "source": "192.0.2.7", "ms": 0.0,
		}
		if c.problem != nil {
			want["problem"] = c.problem
		}
		if diff := cmp.Diff(want, record); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// R59: nothing that a caller sends where secrets go is logged, and no line can be forged.
func TestR59NoSecretIsLogged(t *testing.T) {
	s := newServer(t, nil)
	for _, e := range []events.APIGatewayV2HTTPRequest{
		event("POST", "/v1/things/hunter2", body(formType, "password=hunter2&a=hunter2&a=hunter2"), query("token=hunter2"),
			header("cookie", "hunter2"), func(e *events.APIGatewayV2HTTPRequest) { e.Cookies = []string{"__client=hunter2"} }),
		event("GET", "/v1/things/7", header("authorization", "hunter2"), header("user-agent", "hunter2\n{\"level\":\"INFO\"}")),
		event("POST", "/v1/things/7", body(jsonType, `{"password":"hunter2"`)),
		event("POST", "/v1/things/7", body("hunter2/hunter2", "hunter2")),
		event("POST", "/v1/things/7", body(formType, "hunter2=%zz"), query("_method=hunter2")),
		event("POST", "/v1/things/7", header("origin", "https://hunter2.example")),
		event("GET", "/v1/things/7", query("hunter2=%zz")),
	} {
		s.send(e)
		if logged := s.logged.String(); strings.Contains(logged, "hunter2") || strings.Count(logged, "\n") != 1 {
			t.Errorf("logged %s", logged)
		}
		s.logged.Reset()
	}
}

func TestNotesJoinTheRecord(t *testing.T) {
	s := newServer(t, func(_ context.Context, r *Request) (*Response, error) {
		r.Note(slog.String("client", "client_1"))
		return nil, problem.CodeIncorrect.On("code")
	})
	s.send(event("POST", "/v1/things/7"))
	record := s.records()[0]
	if record["client"] != "client_1" || record["problem"] != "form_code_incorrect (code)" || record["level"] != "INFO" {
		t.Errorf("logged %v", record)
	}
}

func TestResponseIsPutIntoTheEvent(t *testing.T) {
	s := newServer(t, func(context.Context, *Request) (*Response, error) {
		return &Response{Status: 201, Header: map[string]string{"Authorization": "token", "Retry-After": "3"}, Body: map[string]string{"a": "<é>"},
			Cookies: []*http.Cookie{{Name: "__client", Value: "v", Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode}}}, nil
	})
	out := s.send(event("POST", "/v1/things/7"))
	if out.StatusCode != 201 || out.Headers["authorization"] != "token" || out.Headers["retry-after"] != "3" || out.IsBase64Encoded {
		t.Errorf("%+v", out)
	}
	if diff := cmp.Diff([]string{"__client=v; Path=/; HttpOnly; Secure; SameSite=Lax"}, out.Cookies); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
	var body map[string]string
	if err := json.Unmarshal([]byte(out.Body), &body); err != nil || body["a"] != "<é>" {
		t.Errorf("body %q (%v)", out.Body, err)
	}
}

func TestInvokeRefusesWhatIsNoEvent(t *testing.T) {
	s := newServer(t, nil)
	for _, payload := range []string{"", "x", "[]", `{"headers":5}`, `{"body":{}}`} {
		if out, err := s.Invoke(context.Background(), []byte(payload)); err == nil {
			t.Errorf("%q was answered %s", payload, out)
		}
	}
}

func TestRouteKeysAndFunctions(t *testing.T) {
	op := Operation{Name: "client/get"}
	for _, c := range []struct {
		route           Route
		key, servedByIt string
	}{
		{Route{Method: "GET", Path: "/v1/client"}, "GET /v1/client", "client/get"},
		{Route{Method: "POST", Path: "/v1/client", Override: "GET", Function: "client/write"}, "POST /v1/client", "client/write"},
		{Route{Method: "$default"}, "$default", "client/get"},
	} {
		if c.route.Key() != c.key || c.route.ServedBy(op) != c.servedByIt {
			t.Errorf("%+v: %q by %q", c.route, c.route.Key(), c.route.ServedBy(op))
		}
	}
}
