package problem

// Quota is a rate limit that an error ran into, in the terms of the RateLimit
// fields (draft-ietf-httpapi-ratelimit-headers).
type Quota struct {
	Name   string // of the policy, public contract
	Most   int    // requests in a window
	Window int    // its length in seconds
	Reset  int    // seconds until there is room again, at least one; 0 while there is some
}

// Limited sets the quotas that a request is under, and RetryAfter by those that are
// spent.
func (e *Error) Limited(quotas ...Quota) *Error {
	e.Quotas = quotas
	for _, quota := range quotas {
		e.RetryAfter = max(e.RetryAfter, quota.Reset)
	}
	return e
}
