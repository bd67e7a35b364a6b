package deskree

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/settings"
)

// FuzzRequests: whatever is sent to any operation, with a good token or a bad one, the
// answer is JSON and no fault of ours, a refusal is whole, and a sign-up is never 403.
func FuzzRequests(f *testing.F) {
	s := newSite(f, func(s *settings.Settings) {
		immediate(s)
		s.Passwords.DiscloseAddresses, s.Passwords.Invitations = true, settings.InvitedByAnyone
	})
	made := s.post("/signup", adas)
	own := strings.NewReplacer("OWN-UID", made.At("data", "uid"), "OWN-TOKEN", made.At("data", "idToken"), "OWN-REFRESH", made.At("data", "refreshToken"))
	for i := range Operations() {
		f.Add(i, adas, "", "OWN-UID")
		f.Add(i, `{"oobCode":"x","uid":"OWN-UID","newPassword":"`+another+`","refresh_token":"OWN-REFRESH"}`, "OWN-TOKEN", "OWN-UID")
	}
	f.Add(12, `{"name":{"a":[1e999]},"\ud800":"\u0000","":null}`, "OWN-TOKEN", "OWN-UID")
	f.Add(0, `{"email":"a@b.example\u0000","password":"`+strings.Repeat("é", 40)+`"}`, "a.b.c", "")
	f.Fuzz(func(t *testing.T, operation int, body, token, user string) {
		op := Operations()[uint(operation)%uint(len(Operations()))]
		if op.Name == DeleteAccount.Name && strings.Contains(token, "OWN-TOKEN") {
			return // the account is for the next inputs
		}
		body, token, user = own.Replace(body), own.Replace(token), own.Replace(user)
		route := op.Routes[0]
		here := &site{t: t, gateway: s.gateway, api: s.api, store: s.store, clock: s.clock, calls: s.calls}
		r := here.call(route.Method, strings.Replace(route.Path, "{uid}", strings.ReplaceAll(user, "/", ""), 1), body, "authorization", "Bearer "+token)
		if r.Status >= 500 || (op.Name == SignUp.Name && r.Status == 403) {
			t.Errorf("%s: %d %s", op.Name, r.Status, r.Text)
		}
		if r.Status == 200 {
			return
		}
		status, detail, code, _ := r.first()
		if status != strconv.Itoa(r.Status) || detail == "" || code == "" || !json.Valid([]byte(r.Text)) {
			t.Errorf("%s: %d %s", op.Name, r.Status, r.Text)
		}
	})
}
