package clerk

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// R58: each attempt, whether it succeeds or fails, leaves one record: who (client and sign-up, once they are known), what, when, where from, and how it
// ended.
func TestR58WhoWhatWhenWhere(t *testing.T) {
	s := newSite(t, nil)
	a := s.browser()
	client, signUp := "", ""
	for _, step := range attempts(s, a) {
		s.logged.Reset()
		step.do()
		if a.signUp != "" && client == "" {
			client, signUp = fmt.Sprint(a.last.at("client.id")), a.signUp
		}
		got := s.oneRecord(step.name)
		want := map[string]any{
			"msg": "request", "level": "INFO", "request": "req-1", "operation": step.operation, "route": step.route, "status": step.status,
			"source": "192.0.2.7", "ms": 0.0, "method": got["method"],
		}
		if step.problem != "" {
			want["problem"] = got["problem"]
			if text, _ := got["problem"].(string); !strings.HasPrefix(text, step.problem) {
				t.Errorf("%s: the problem is %q", step.name, text)
			}
		}
		if !step.anonymous {
			want["client"], want["sign_up"], want["sign_up_status"] = client, signUp, step.state
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
}

// An attempt is a request, with what its record says of it.
type attempt struct {
	name      string
	do        func()
	operation string
	route     string
	status    float64
	problem   string // its beginning; empty for a success
	anonymous bool
	state     string // of the sign-up
}

// attempts are those of a sign-up by a, and of others beside it.
func attempts(s *site, a *agent) []attempt {
	return []attempt{
		{"refused at the start", func() { a.create("email_address", "ada@") }, "signups/create", "POST /v1/client/sign_ups", 422,
			"form_param_format_invalid (email_address)", true, ""},
		{"begun", func() { a.create("email_address", "ada@example.com", "password", goodPassword) }, "signups/create", "POST /v1/client/sign_ups", 200,
			"", false, "missing_requirements"},
		{"mailed", func() { a.prepare() }, "signups/prepare-verification", "POST /v1/client/sign_ups/{id}/prepare_verification", 200, "", false, "missing_requirements"},
		{"mailed too soon", func() { a.prepare() }, "signups/prepare-verification", "POST /v1/client/sign_ups/{id}/prepare_verification", 429,
			"verification_code_too_many_requests", false, "missing_requirements"},
		{"a wrong code", func() { a.attempt(a.wrongCode(1)) }, "signups/attempt-verification", "POST /v1/client/sign_ups/{id}/attempt_verification", 422,
			"form_code_incorrect (code)", false, "missing_requirements"},
		{"looked at", func() { a.get(a.path("")) }, "signups/get", "GET /v1/client/sign_ups/{id}", 200, "", false, "missing_requirements"},
		{"the right code", func() { a.attempt(a.code()) }, "signups/attempt-verification", "POST /v1/client/sign_ups/{id}/attempt_verification", 200,
			"", false, "complete"},
		{"a stranger", func() { s.browser().get(a.path("")) }, "signups/get", "GET /v1/client/sign_ups/{id}", 404, "resource_not_found", true, ""},
		{"a taken address", func() { s.app().create("email_address", "ada@example.com") }, "signups/create", "POST /v1/client/sign_ups", 422,
			"form_identifier_exists", true, ""},
		{"nothing there", func() { s.browser().get("/v1/elsewhere") }, "client/not-found", "$default", 404, "resource_not_found", true, ""},
	}
}

// oneRecord is the only one that was logged, without its time, which is now's.
func (s *site) oneRecord(step string) map[string]any {
	s.t.Helper()
	var record map[string]any
	if err := json.Unmarshal(s.logged.Bytes(), &record); err != nil {
		s.t.Fatalf("%s: %v in %s", step, err, s.logged)
	}
	if at, err := time.Parse(time.RFC3339, fmt.Sprint(record["time"])); err != nil || time.Since(at).Abs() > time.Minute {
		s.t.Errorf("%s: at %v", step, record["time"])
	}
	delete(record, "time")
	return record
}

// R55: each 429 that callers can meet says when to come again, and is gone then.
func TestR55EveryLimitOverTheWire(t *testing.T) {
	met := map[string]bool{}
	tries := 2 // the same code again isn't another try
	for _, limit := range []struct {
		problem *problem.Problem
		change  func(*settings.Limits)
		begin   func(*agent)
		again   func(*agent) *answer
	}{
		{problem.VerificationTooSoon, func(*settings.Limits) {}, (*agent).begin, (*agent).prepare},
		{problem.SignUpRateLimit, func(l *settings.Limits) { l.CreatesPerSource = 2 },
			func(a *agent) { a.create().must(200) }, func(a *agent) *answer { return a.create() }},
		{problem.AttemptRateLimit, func(l *settings.Limits) { l.AttemptsPerSource = 2 },
			func(a *agent) {
				a.begin()
				a.prepare().must(200)
				a.attempt(a.wrongCode(0)).must(422, "form_code_incorrect")
			},
			func(a *agent) *answer { tries++; return a.attempt(a.wrongCode(tries)) }},
		{problem.MailRateLimit, func(l *settings.Limits) { l.MailsPerAddressHour, l.MailsPerAddressDay = 2, 20 },
			(*agent).begin, func(a *agent) *answer { a.clock.Forward(30 * time.Second); return a.prepare() }},
	} {
		s := newSite(t, func(s *settings.Settings) {
			s.Limits.SourceWindow = settings.Duration(10 * time.Second)
			limit.change(&s.Limits)
		})
		a := s.browser()
		limit.begin(a)
		got := a.last
		for range 3 {
			if got = limit.again(a); got.status == http.StatusTooManyRequests {
				break
			}
		}
		got.must(429, limit.problem.Code)
		wait, err := strconv.Atoi(got.header["retry-after"])
		if err != nil || wait < 1 {
			t.Fatalf("%s: Retry-After %q", limit.problem.Code, got.header["retry-after"])
		}
		s.clock.Forward(time.Duration(wait) * time.Second)
		if got = limit.again(a); got.status == http.StatusTooManyRequests {
			t.Errorf("%s: refused again after %d seconds", limit.problem.Code, wait)
		}
		met[limit.problem.Code] = true
	}
	for _, p := range problem.All() {
		if p == problem.SignInRateLimit {
			continue // this wire serves no sign-in yet
		}
		if p.Status == http.StatusTooManyRequests && !met[p.Code] {
			t.Errorf("%s isn't met here", p.Code)
		}
	}
}

// begin begins a sign-up.
func (a *agent) begin() { a.create("email_address", "ada@example.com").must(200) }
