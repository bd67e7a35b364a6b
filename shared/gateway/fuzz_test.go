package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// Any event gets an answer that isn't a fault of ours, since its operation has none, with headers that nothing in it can add to, and leaves one record.
func FuzzEvent(f *testing.F) {
	for _, e := range []events.APIGatewayV2HTTPRequest{
		event("GET", "/v1/things/7"),
		event("POST", "/v1/things/7", query("_method=PUT"), header("Origin", appOrigin), body(formType, "a=1&yes=true&a=%ff")),
		event("POST", "/v1/things/7", body(jsonType, `{"a":"1","yes":true,"b":{"c":[null]}}`)),
		event("OPTIONS", "/v1/things/7"),
	} {
		payload, err := json.Marshal(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(payload)
	}
	f.Add([]byte(`{"routeKey":"POST /v1/things/{id}","cookies":["\u0000","=;=",";"],"headers":{"Content-Type":"application/json"},"body":"{","isBase64Encoded":true,"requestContext":{"http":{"method":"POST"}}}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(`null`))
	s := newServer(f, nil)
	f.Fuzz(func(t *testing.T, payload []byte) {
		s.logged.Reset()
		answer, err := s.Invoke(context.Background(), payload)
		if err != nil {
			if json.Unmarshal(payload, &events.APIGatewayV2HTTPRequest{}) == nil {
				t.Fatalf("an event failed: %v", err)
			}
			return
		}
		var out events.APIGatewayV2HTTPResponse
		if err := json.Unmarshal(answer, &out); err != nil {
			t.Fatalf("%v in %s", err, answer)
		}
		if out.StatusCode < 200 || out.StatusCode > 499 {
			t.Errorf("%d %s", out.StatusCode, out.Body)
		}
		if out.Headers["vary"] != "Origin" || (out.Body != "" && !json.Valid([]byte(out.Body))) {
			t.Errorf("%+v", out)
		}
		for name, value := range out.Headers {
			if strings.ContainsAny(name+value, "\r\n\x00") {
				t.Errorf("header %q: %q", name, value)
			}
		}
		var record struct{ Status int }
		if err := json.Unmarshal(s.logged.Bytes(), &record); err != nil || record.Status != out.StatusCode {
			t.Errorf("%d was answered and this logged: %s (%v)", out.StatusCode, s.logged, err)
		}
	})
}

// Any body of a form or of JSON is read or refused, and no field is read that isn't valid UTF-8 or longer than asked.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{"a=1&b=2", "a=%", "a=%ff&a", "&&=&=x", `{"a":"1"}`, `{"a":1,"a":2}`, `{"a":{"b":[`, `{[`, `{"a":1]`, "\xff", `{"a":"\ud800"}`, "a=1;b"} {
		f.Add(formType, seed)
		f.Add(jsonType, seed)
	}
	f.Add("", "a=1")
	f.Fuzz(func(t *testing.T, contentType, text string) {
		form, err := parseForm(contentType, []byte(text))
		if err != nil {
			return
		}
		fields := &Fields{form: form}
		for name, given := range form.values {
			faults := len(fields.Faults)
			value := fields.Text(name, 10)
			switch refused := len(fields.Faults) > faults; {
			case refused && value != "":
				t.Errorf("%q was refused and read as %q", name, value)
			case !refused && (!utf8.ValidString(value) || len(value) > 10 || len(given) > 1 || value != given[0]):
				t.Errorf("%q is %q, was given %q", name, value, given)
			}
		}
		_ = fields.Bool("a")
	})
}

// A form that a browser writes is read as it was meant.
func FuzzFormRoundTrip(f *testing.F) {
	f.Add("ada@example.com", "correct horse & battery; = 100%+\r\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		e := event("POST", "/v1/things/7", body(formType, base64.StdEncoding.EncodeToString([]byte(url.Values{"a": {a}, "b": {b}}.Encode()))))
		e.IsBase64Encoded = true
		r, err := readRequest(&e, testMoment, false)
		if err != nil {
			if len(a)+len(b) < 20_000 {
				t.Fatalf("%q and %q: %v", a, b, err)
			}
			return
		}
		if r.Form.first("a") != a || r.Form.first("b") != b {
			t.Errorf("%q and %q were read as %q and %q", a, b, r.Form.first("a"), r.Form.first("b"))
		}
	})
}
