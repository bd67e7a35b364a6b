package zato

import (
	"strings"
	"testing"
)

// FuzzRequests: whatever is sent gets an answer of this wire, never a fault of ours, and
// one record.
func FuzzRequests(f *testing.F) {
	for operation := range 5 {
		for _, body := range []string{
			signUpOf("ada", nil), logInOf("ada"), `{"confirm_token": "oPpzMWjXFN35rvzPxN2AvcG2WEyBX71f", "current_app": "CRM"}`,
			`{"ust": "zust", "current_app": "CRM", "user_id": "zusr73fzk8ncns8vd98dhpt0zjbese"}`, `{"app_list": {"a": [1]}, "current_app": "CRM"}`,
			``, `null`, `{`, "{\"username\": \"\xff\"}", `{"username": "\u0000\ud800", "password": "\u2028", "email": "\u3000", "current_app": "CRM", "app_list": "["}`,
		} {
			f.Add(operation, body, "", false)
			f.Add(operation, body, "Bearer dop_00000000_x", true)
		}
	}
	s := newSite(f, open)
	f.Fuzz(func(t *testing.T, operation int, body, authorization string, base64 bool) {
		s.t = t
		var routes []message
		for _, op := range Operations() {
			for _, route := range op.Routes {
				routes = append(routes, message{method: route.Method, path: route.Path})
			}
		}
		m := routes[uint(operation)%uint(len(routes))]
		m.body, m.base64 = body, base64
		if !strings.ContainsAny(authorization, "\r\n") {
			m.header = map[string]string{"authorization": authorization}
		}
		s.store.reset()
		s.send(m)
		noted := 0
		for _, call := range s.store.calls {
			if call == "NoteAttempt" {
				noted++
			}
		}
		if noted != 1 {
			t.Errorf("%d records of one call", noted)
		}
	})
}
