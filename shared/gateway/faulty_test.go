package gateway

import (
	"context"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

// What can't be read reaches the handler of an operation that takes it, with the reason, and no other's.
func TestFaultyRequests(t *testing.T) {
	for _, faulty := range []bool{true, false} {
		var seen error
		reached := false
		s := newServer(t, func(_ context.Context, r *Request) (*Response, error) {
			reached, seen = true, r.Fault
			return nil, r.Fault
		})
		for i := range s.Endpoints {
			s.Endpoints[i].Operation.Faulty = faulty
		}
		out := s.answer(t.Context(), new(event("POST", "/v1/things/7", body(jsonType, `{"a": `))))
		if reached != faulty || problem.Has(seen, problem.BodyInvalid) != faulty || out.StatusCode != 400 {
			t.Errorf("faulty %t: reached %t with %v, answered %d", faulty, reached, seen, out.StatusCode)
		}
	}
}
