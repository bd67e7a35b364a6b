package gateway

import (
	"fmt"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

// SetRateLimit puts on the answer what a caller who ran into a rate limit has to
// know: Retry-After (RFC 9110 §10.2.3), RateLimit-Policy with the quotas it is under,
// and RateLimit with those that are spent (draft-ietf-httpapi-ratelimit-headers-10
// §3, §4). Answers within the limits carry none of them: what is left of an address's
// quota would tell a stranger whether somebody else asked for it.
func (resp *Response) SetRateLimit(e *problem.Error) {
	if e.RetryAfter == 0 {
		return
	}
	if resp.Header == nil {
		resp.Header = map[string]string{}
	}
	resp.Header["Retry-After"] = fmt.Sprint(e.RetryAfter)
	var policies, spent []string
	for _, quota := range e.Quotas {
		policies = append(policies, fmt.Sprintf("%q;q=%d;w=%d", quota.Name, quota.Most, quota.Window))
		if quota.Reset > 0 {
			spent = append(spent, fmt.Sprintf("%q;r=0;t=%d", quota.Name, quota.Reset))
		}
	}
	if len(policies) > 0 {
		resp.Header["RateLimit-Policy"] = strings.Join(policies, ", ")
		resp.Header["RateLimit"] = strings.Join(spent, ", ")
	}
}
