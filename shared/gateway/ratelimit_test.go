package gateway

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

// TestR55RateLimitFields: who ran into a limit learns when to come back, from every
// limit the request is under.
func TestR55RateLimitFields(t *testing.T) {
	hour := problem.Quota{Name: "mails-hour", Most: 5, Window: 3600, Reset: 1200}
	day := problem.Quota{Name: "mails-day", Most: 20, Window: 86400}
	for name, c := range map[string]struct {
		fault *problem.Error
		want  map[string]string
	}{
		"one spent": {problem.MailRateLimit.New().Limited(hour, day), map[string]string{
			"Retry-After": "1200", "RateLimit-Policy": `"mails-hour";q=5;w=3600, "mails-day";q=20;w=86400`, "RateLimit": `"mails-hour";r=0;t=1200`,
		}},
		"both spent": {problem.MailRateLimit.New().Limited(hour, problem.Quota{Name: "mails-day", Most: 20, Window: 86400, Reset: 7000}), map[string]string{
			"Retry-After": "7000", "RateLimit-Policy": `"mails-hour";q=5;w=3600, "mails-day";q=20;w=86400`,
			"RateLimit": `"mails-hour";r=0;t=1200, "mails-day";r=0;t=7000`,
		}},
		"no policy": {problem.VerificationTooSoon.New().After(7), map[string]string{"Retry-After": "7"}},
		"no limit":  {problem.CodeIncorrect.New(), nil},
	} {
		resp := &Response{}
		resp.SetRateLimit(c.fault)
		if diff := cmp.Diff(c.want, resp.Header); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
