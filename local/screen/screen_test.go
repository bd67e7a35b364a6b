package screen_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/local/httpapi"
	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/pump"
	"github.com/doorstep-auth/doorstep/local/screen"
)

func shown(show func(*screen.Screen)) string {
	var out bytes.Buffer
	show(screen.New(&out, false))
	return strings.Join(strings.Fields(out.String()), " ")
}

func TestLines(t *testing.T) {
	at := time.Date(2026, 3, 1, 13, 4, 5, 0, time.Local)
	for _, test := range []struct {
		name string
		show func(*screen.Screen)
		want string
	}{
		{"request", func(s *screen.Screen) {
			s.Request(httpapi.Record{
				Time: at, Method: "POST", Path: "/v1/client/sign_ups", Status: 422, Duration: 12 * time.Millisecond, Function: "signups/create",
				ErrorCode: "form_param_missing",
			})
		}, "13:04:05 POST /v1/client/sign_ups 422 12 ms signups/create form_param_missing"},
		{"failed request", func(s *screen.Screen) {
			s.Request(httpapi.Record{Time: at, Method: "GET", Path: "/", Status: 503, Function: "client/get", Err: lambdahost.ErrTimeout})
		}, "13:04:05 GET / 503 0 ms client/get task timed out"},
		{"information", func(s *screen.Screen) { s.Log(lambdahost.Line{Text: `{"level":"INFO","msg":"request"}`}) }, ""},
		{"error", func(s *screen.Screen) {
			s.Log(lambdahost.Line{Function: "mail/send", Text: `{"level":"ERROR","msg":"request","error":"no table"}`})
		}, "log mail/send error: request: no table"},
		{"no record", func(s *screen.Screen) { s.Log(lambdahost.Line{Function: "mail/send", Text: "panic: oh"}) }, "log mail/send panic: oh"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := shown(test.show); got != test.want {
				t.Errorf("%q, not %q", got, test.want)
			}
		})
	}
}

func TestBatchLines(t *testing.T) {
	got := shown(func(s *screen.Screen) { s.Batch(pump.Batch{Function: "mail/send", Records: 1}) })
	if !strings.HasSuffix(got, "stream 1 record ok 0 ms mail/send") {
		t.Errorf("%q", got)
	}
	got = shown(func(s *screen.Screen) {
		s.Batch(pump.Batch{Function: "mail/send", Records: 3, Failed: 2, GivenUp: 1, Err: errors.New("refused")})
	})
	if !strings.HasSuffix(got, "stream 3 records, 1 to be done again, 1 given up (.local/dead-letters.jsonl) err 0 ms mail/send refused") {
		t.Errorf("%q", got)
	}
}

// The screen is a place where others look on: no address, token or other long secret is shown whole.
func TestSecretsAreMasked(t *testing.T) {
	for _, secret := range []string{
		"ada@example.com", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", strings.Repeat("k3y_", 16),
	} {
		got := shown(func(s *screen.Screen) {
			s.Request(httpapi.Record{Method: "GET", Path: "/v1/" + secret, Err: errors.New("about " + secret)})
			s.Log(lambdahost.Line{Text: "about " + secret})
			s.Trouble(errors.New("about " + secret))
			s.Batch(pump.Batch{Err: errors.New("about " + secret)})
		})
		if strings.Contains(got, secret) || strings.Contains(got, "ada") {
			t.Errorf("%s is shown in %q", secret, got)
		}
	}
}
