package clerk

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// TestR55EveryRateLimitIsAnsweredInFull: each problem with status 429 carries the
// fields, beside whatever else the answer has.
func TestR55EveryRateLimitIsAnsweredInFull(t *testing.T) {
	limited := 0
	for _, p := range problem.All() {
		if p.Status != http.StatusTooManyRequests {
			continue
		}
		limited++
		fault := p.New().Limited(problem.Quota{Name: "creates", Most: 5, Window: 10, Reset: 3})
		err := &withClient{error: fault, response: gateway.Response{Header: map[string]string{"Authorization": "token"}}}
		resp := Wire{}.Problem(&gateway.Request{ID: "request"}, err)
		want := map[string]string{
			"Authorization": "token", "Retry-After": "3", "RateLimit-Policy": `"creates";q=5;w=10`, "RateLimit": `"creates";r=0;t=3`,
		}
		if diff := cmp.Diff(want, resp.Header); diff != "" || resp.Status != http.StatusTooManyRequests {
			t.Errorf("%s: status %d, header (-want +got):\n%s", p.Code, resp.Status, diff)
		}
	}
	if limited < 4 {
		t.Errorf("%d problems have the status 429", limited)
	}
}

// TestEnvironmentShowsRestrictions: SDKs learn which restrictions are on, not what they list.
func TestEnvironmentShowsRestrictions(t *testing.T) {
	s := settings.Default()
	shown := func() map[string]bool {
		flags := map[string]bool{}
		for name, flag := range userSettings(s)["restrictions"].(dict) {
			flags[name] = flag.(dict)["enabled"].(bool)
		}
		return flags
	}
	want := map[string]bool{
		"allowlist": false, "blocklist": false, "allowlist_blocklist_disabled_on_sign_in": false,
		"block_email_subaddresses": false, "block_disposable_email_domains": false,
	}
	if diff := cmp.Diff(want, shown()); diff != "" {
		t.Errorf("by default (-want +got):\n%s", diff)
	}
	s.Restrictions = settings.Restrictions{
		Allowlist: []string{"a.example"}, Blocklist: []string{"b.example"}, BlockSubaddresses: true, BlockDisposableDomains: true,
	}
	for name := range want {
		want[name] = name != "allowlist_blocklist_disabled_on_sign_in"
	}
	if diff := cmp.Diff(want, shown()); diff != "" {
		t.Errorf("all on (-want +got):\n%s", diff)
	}
}

// TestR22SourceIsTheGatewaysWord: a caller can't name another source than his own.
func TestR22SourceIsTheGatewaysWord(t *testing.T) {
	for _, native := range []string{"", "1"} {
		event := []byte(`{"routeKey":"GET /v1/client","rawPath":"/v1/client","rawQueryString":"_is_native=` + native + `",
			"headers":{"x-forwarded-for":"198.51.100.1","forwarded":"for=198.51.100.1","x-real-ip":"198.51.100.1"},
			"requestContext":{"http":{"method":"GET","sourceIp":"192.0.2.1"}}}`)
		source := ""
		served(t, event, func(r *gateway.Request) {
			caller, err := callerOf(settings.Default(), r)
			if err != nil {
				t.Fatal(err)
			}
			source = caller.Source
		})
		if source != "192.0.2.1" {
			t.Errorf("the source is %q", source)
		}
	}
}

// served has the event served by an operation that only looks at the request.
func served(t *testing.T, event []byte, look func(*gateway.Request)) {
	t.Helper()
	f := &gateway.Function{
		Settings: settings.Default(), Wire: Wire{}, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Endpoints: []gateway.Endpoint{{Operation: GetClient, Handler: func(_ context.Context, r *gateway.Request) (*gateway.Response, error) {
			look(r)
			return &gateway.Response{Status: http.StatusOK}, nil
		}}},
	}
	if _, err := f.Invoke(t.Context(), event); err != nil {
		t.Fatal(err)
	}
}
