package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/lambdahost"
)

// fake answers every invocation the same and keeps the last event.
type fake struct {
	answer string
	err    error

	mu    sync.Mutex
	event map[string]any
	calls int
}

func (f *fake) Invoke(_ context.Context, payload []byte, _ string) (lambdahost.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	f.event = nil
	if err := json.Unmarshal(payload, &f.event); err != nil {
		panic(err)
	}
	return lambdahost.Result{Payload: []byte(f.answer)}, f.err
}

type api struct {
	*httptest.Server
	fake    *fake
	records []Record
}

func serve(t *testing.T, f *fake, keys ...string) *api {
	t.Helper()
	list := targets(keys...)
	for i := range list {
		list[i].Function, list[i].Invoker = "signups/get", f
	}
	a := &api{fake: f}
	a.Server = httptest.NewServer(New(Options{
		Targets: list, AccountID: "111122223333", Now: func() time.Time { return time.Date(2026, 3, 1, 13, 4, 5, 678e6, time.UTC) },
		OnRequest: func(r Record) { a.records = append(a.records, r) },
	}))
	t.Cleanup(a.Close)
	return a
}

// send writes a request as it stands, so that nothing is put right on the way, and returns the response.
func (a *api) send(t *testing.T, request string) (*http.Response, string) {
	t.Helper()
	connection, err := net.Dial("tcp", a.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := io.WriteString(connection, strings.ReplaceAll(request, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

const ok = `{"statusCode":200}`

func TestEventIsWhatAnHTTPAPIMakes(t *testing.T) {
	a := serve(t, &fake{answer: ok}, "POST /v1/things/{id}")
	a.send(t, "POST /v1/things/a%2Fb%20c?q=1&q=2&name=J%C3%B6rg+B&empty&=x HTTP/1.1\nHost: api.localhost:8080\nX-Custom: one\n"+
		"X-CUSTOM: two\nCookie: a=1; b=2;c=3\nCookie: d=4\nUser-Agent: me/1\nContent-Type: application/json\nX-Forwarded-For: 10.1.1.1\n"+
		"Connection: close\nContent-Length: 2\n\n{}")
	_, port, _ := net.SplitHostPort(a.Listener.Addr().String())
	got := a.fake.event
	context := got["requestContext"].(map[string]any)
	if id, _ := context["requestId"].(string); len(id) != 16 {
		t.Errorf("request id %q", id)
	}
	delete(context, "requestId")
	headers := got["headers"].(map[string]any)
	if trace, _ := headers["x-amzn-trace-id"].(string); !strings.HasPrefix(trace, "Root=1-69a43945-") {
		t.Errorf("trace id %q", trace)
	}
	delete(headers, "x-amzn-trace-id")
	want := map[string]any{
		"version": "2.0", "routeKey": "POST /v1/things/{id}", "rawPath": "/v1/things/a/b c",
		"rawQueryString": "q=1&q=2&name=J%C3%B6rg+B&empty&=x",
		"cookies":        []any{"a=1", "b=2", "c=3", "d=4"},
		"headers": map[string]any{
			"host": "api.localhost:8080", "x-custom": "one,two", "user-agent": "me/1", "content-type": "application/json", "content-length": "2",
			"x-forwarded-for": "10.1.1.1, 127.0.0.1", "x-forwarded-proto": "http", "x-forwarded-port": port,
		},
		"queryStringParameters": map[string]any{"q": "1,2", "name": "Jörg B", "empty": "", "": "x"},
		"pathParameters":        map[string]any{"id": "a/b c"},
		"requestContext": map[string]any{
			"accountId": "111122223333", "apiId": "local", "domainName": "api.localhost", "domainPrefix": "api",
			"http": map[string]any{
				"method": "POST", "path": "/v1/things/a/b c", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "me/1",
			},
			"routeKey": "POST /v1/things/{id}", "stage": "$default", "time": "01/Mar/2026:13:04:05 +0000", "timeEpoch": 1772370245678.0,
		},
		"body": "{}", "isBase64Encoded": false,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What a request doesn't have isn't in the event.
func TestEventOfABareRequest(t *testing.T) {
	a := serve(t, &fake{answer: ok}, "$default")
	a.send(t, "GET / HTTP/1.1\nHost: localhost\nConnection: close\n\n")
	for _, member := range []string{"cookies", "queryStringParameters", "pathParameters", "body"} {
		if value, there := a.fake.event[member]; there {
			t.Errorf("%s is %v", member, value)
		}
	}
	if got := a.fake.event["rawQueryString"]; got != "" {
		t.Errorf("rawQueryString is %v", got)
	}
}

func TestBodiesThatAreNotTextComeInBase64(t *testing.T) {
	a := serve(t, &fake{answer: ok}, "$default")
	for _, test := range []struct {
		contentType, body, want string
		encoded                 bool
	}{
		{"application/json", `{"a":"ü"}`, `{"a":"ü"}`, false},
		{"Application/JSON; charset=utf-8", `{}`, `{}`, false},
		{"text/plain", "x", "x", false},
		{"text/plain", "\xff", "\ufffd", false},
		{"application/x-www-form-urlencoded", "a=1", "YT0x", true},
		{"multipart/form-data; boundary=x", "--x", "LS14", true},
		{"application/octet-stream", "\x00\xff", "AP8=", true},
		{"application/vnd.api+json", "{}", "e30=", true},
		{"", "x", "eA==", true},
	} {
		request, _ := http.NewRequest("POST", a.URL, strings.NewReader(test.body))
		if test.contentType != "" {
			request.Header.Set("Content-Type", test.contentType)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if a.fake.event["body"] != test.want || a.fake.event["isBase64Encoded"] != test.encoded {
			t.Errorf("%s: body %q, base64 %v", test.contentType, a.fake.event["body"], a.fake.event["isBase64Encoded"])
		}
	}
}

func TestResponses(t *testing.T) {
	for _, test := range []struct {
		name, answer string
		status       int
		header       http.Header
		body         string
	}{
		{
			"whole", `{"statusCode":201,"headers":{"content-type":"application/json","X-N":3},"cookies":["a=1; Path=/","b=2"],"body":"{\"a\":1}","multiValueHeaders":null}`,
			201, http.Header{"Content-Type": {"application/json"}, "X-N": {"3"}, "Set-Cookie": {"a=1; Path=/", "b=2"}}, `{"a":1}`,
		},
		{"base64", `{"statusCode":200,"headers":{"content-type":"image/png"},"body":"AP8=","isBase64Encoded":true}`, 200, http.Header{"Content-Type": {"image/png"}}, "\x00\xff"},
		{"no type", `{"statusCode":200,"body":"x"}`, 200, http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, "x"},
		{"nothing but a status", `{"statusCode":204,"headers":null,"cookies":null,"body":""}`, 204, http.Header{}, ""},
		{"inferred", `{"a":1}`, 200, http.Header{"Content-Type": {"application/json"}}, `{"a":1}`},
		{"inferred text", `"hello"`, 200, http.Header{"Content-Type": {"application/json"}}, `hello`},
		{"length is the gateway's", `{"statusCode":200,"headers":{"content-length":"99","connection":"close"},"body":"x"}`, 200, http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, "x"},
		{"not JSON", `<html>`, 500, nil, ""},
		{"status is text", `{"statusCode":"ok"}`, 500, nil, ""},
		{"status out of range", `{"statusCode":99}`, 500, nil, ""},
		{"body is no text", `{"statusCode":200,"body":{"a":1}}`, 500, nil, ""},
		{"header is a list", `{"statusCode":200,"headers":{"a":["b"]}}`, 500, nil, ""},
		{"bad base64", `{"statusCode":200,"body":"%","isBase64Encoded":true}`, 500, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := serve(t, &fake{answer: test.answer}, "$default")
			response, body := a.send(t, "GET / HTTP/1.1\nHost: x\nConnection: close\n\n")
			if test.status == 500 {
				test.header, test.body = http.Header{"Content-Type": {"application/json"}}, `{"message":"Internal Server Error"}`
			}
			if response.StatusCode != test.status || body != test.body {
				t.Errorf("%d %q", response.StatusCode, body)
			}
			for _, always := range []string{"Date", "Apigw-Requestid"} {
				if response.Header.Get(always) == "" {
					t.Errorf("it has no %s", always)
				}
				response.Header.Del(always)
			}
			response.Header.Del("Content-Length")
			if diff := cmp.Diff(test.header, response.Header); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatTheGatewaySaysItself(t *testing.T) {
	large := strings.Repeat("x", MaxBody+1)
	for _, test := range []struct {
		name    string
		err     error
		request string
		status  int
		message string
	}{
		{"no route", nil, "GET /other HTTP/1.1\nHost: x\n\n", 404, "Not Found"},
		{"no method", nil, "PUT /a HTTP/1.1\nHost: x\nContent-Length: 0\n\n", 404, "Not Found"},
		{"failed", &lambdahost.FunctionError{Type: "T"}, "POST /a HTTP/1.1\nHost: x\nContent-Length: 0\n\n", 500, "Internal Server Error"},
		{"no init", &lambdahost.InitError{}, "POST /a HTTP/1.1\nHost: x\nContent-Length: 0\n\n", 500, "Internal Server Error"},
		{"timeout", lambdahost.ErrTimeout, "POST /a HTTP/1.1\nHost: x\nContent-Length: 0\n\n", 503, "Service Unavailable"},
		{"gateway's timeout", context.DeadlineExceeded, "POST /a HTTP/1.1\nHost: x\nContent-Length: 0\n\n", 503, "Service Unavailable"},
		{"event over 6 MB", lambdahost.ErrTooLarge, "POST /a HTTP/1.1\nHost: x\nContent-Length: 0\n\n", 413, "Request Entity Too Large"},
		{"body over 10 MB", errors.New("not called"), "POST /a HTTP/1.1\nHost: x\nContent-Length: 10485761\n\n" + large, 413, "Request Entity Too Large"},
		{"long headers", errors.New("not called"), "POST /a HTTP/1.1\nHost: x\nX-Long: " + large[:11000] + "\n\n", 431, "Request Header Fields Too Large"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := serve(t, &fake{err: test.err}, "POST /a")
			response, body := a.send(t, test.request)
			if want := `{"message":"` + test.message + `"}`; response.StatusCode != test.status || body != want {
				t.Errorf("%d %s", response.StatusCode, body)
			}
			if test.err != nil && test.err.Error() == "not called" && a.fake.calls > 0 {
				t.Error("the function was called")
			}
		})
	}
}

func TestABodyOfTenMegabytesIsTaken(t *testing.T) {
	a := serve(t, &fake{answer: ok}, "POST /a")
	response, err := http.Post(a.URL+"/a", "text/plain", strings.NewReader(strings.Repeat("x", MaxBody)))
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("%v %v", response, err)
	}
}

func TestRecord(t *testing.T) {
	a := serve(t, &fake{answer: `{"statusCode":422,"body":"{\"errors\":[{\"code\":\"form_code_incorrect\"}]}"}`}, "POST /v1/x/{id}")
	a.send(t, "POST /v1/x/7?token=secret HTTP/1.1\nHost: x\nContent-Length: 0\nConnection: close\n\n")
	got := a.records[0]
	got.Duration, got.Time = 0, time.Time{}
	want := Record{
		Method: "POST", Path: "/v1/x/7", RouteKey: "POST /v1/x/{id}", Function: "signups/get", Status: 422, ErrorCode: "form_code_incorrect",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestErrorCodeTakesNothingElse(t *testing.T) {
	for body, want := range map[string]string{
		`{"errors":[{"code":"form_param_missing"},{"code":"b"}]}`: "form_param_missing",
		`{"errors":[{"code":"someone@example.com"}]}`:             "",
		`{"errors":[]}`: "", `[]`: "", ``: "", `{"message":"Not Found"}`: "",
	} {
		if got := errorCode([]byte(body)); got != want {
			t.Errorf("%s: %q", body, got)
		}
	}
}

// waiting answers once its context or the test lets it.
type waiting struct {
	entered, leave chan struct{}
	ended          chan error
}

func (w waiting) Invoke(ctx context.Context, _ []byte, _ string) (lambdahost.Result, error) {
	close(w.entered)
	select {
	case <-ctx.Done():
	case <-w.leave:
	}
	w.ended <- ctx.Err()
	return lambdahost.Result{Payload: []byte(ok)}, ctx.Err()
}

func TestAClientThatGoesAwayDoesNotEndTheFunction(t *testing.T) {
	w := waiting{entered: make(chan struct{}), leave: make(chan struct{}), ended: make(chan error, 1)}
	list := targets("$default")
	list[0].Invoker = w
	server := httptest.NewServer(New(Options{Targets: list}))
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		request, _ := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if answer, err := http.DefaultClient.Do(request); err == nil {
			answer.Body.Close()
		}
	}()
	<-w.entered
	cancel()
	<-gone
	time.AfterFunc(100*time.Millisecond, func() { close(w.leave) })
	if err := <-w.ended; err != nil {
		t.Errorf("the function was told %v", err)
	}
}
