package deskree

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

// TestFaults: what is wrong with a request is told in this wire's form, with its
// documented text, a code and the field (§2.4).
func TestFaults(t *testing.T) {
	s := newSite(t, immediate)
	s.post("/signup", `{"email":"taken@example.com","password":"`+passphrase+`"}`)
	uid, own := "", []string(nil)
	if made := s.post("/signup", adas); true {
		uid, own = made.At("data", "uid"), bearer(made.At("data", "idToken"))
	}
	const credentials = "Please provide a valid email and password"
	const action = "No newPassword, uid, or oobCode provided"
	password := `"password":"` + passphrase + `"`
	for _, c := range []struct {
		name, method, path, body    string
		status                      int
		detail, code, field, header string
	}{
		{name: "broken JSON", path: "/signup", body: `{"email": `, status: 400, detail: "The request body could not be read. It isn't a JSON object.", code: "request_body_invalid"},
		{name: "a list", path: "/signup", body: `[1]`, status: 400, detail: "The request body could not be read. It isn't a JSON object.", code: "request_body_invalid"},
		{name: "too much", path: "/signup", body: `{"email": "` + strings.Repeat("x", 70000) + `"}`, status: 400, detail: "The request body is larger than 65536 bytes.", code: "request_body_too_large"},
		{name: "no body", path: "/signup", status: 422, detail: credentials, code: "form_param_missing", field: "email"},
		{name: "null", path: "/signup", body: `null`, status: 422, detail: credentials, code: "form_param_missing", field: "email"},
		{name: "no email", path: "/signup", body: `{` + password + `}`, status: 422, detail: credentials, code: "form_param_missing", field: "email"},
		{name: "no password", path: "/signup", body: `{"email":"a@example.com"}`, status: 422, detail: credentials, code: "form_param_missing", field: "password"},
		{name: "null password", path: "/signup", body: `{"email":"a@example.com","password":null}`, status: 422, detail: credentials, code: "form_param_missing", field: "password"},
		{name: "email isn't text", path: "/signup", body: `{"email":7,` + password + `}`, status: 422, detail: credentials, code: "form_param_type_invalid", field: "email"},
		{name: "email twice", path: "/signup", body: `{"email":"a@example.com","email":"b@example.com",` + password + `}`, status: 422, detail: credentials, code: "form_param_duplicate", field: "email"},
		{name: "no such address", path: "/signup", body: `{"email":"nowhere",` + password + `}`, status: 422, detail: credentials, code: "form_param_format_invalid", field: "email"},
		{name: "long address", path: "/signup", body: `{"email":"` + strings.Repeat("x", 300) + `@example.com",` + password + `}`, status: 422, detail: credentials, code: "form_param_max_length_exceeded", field: "email"},
		{name: "taken", path: "/signup", body: `{"email":"TAKEN@example.com",` + password + `}`, status: 422, detail: "The email address is already in use by another account.", code: "form_identifier_exists", field: "email"},
		{name: "weak", path: "/signup", body: `{"email":"a@example.com","password":"short"}`, status: 422, detail: "The password must be a string with at least 15 characters.", code: "form_password_length_too_short", field: "password"},
		{name: "known", path: "/signup", body: `{"email":"a@example.com","password":"passwordpassword"}`, status: 422, detail: "That password is on lists of known passwords. Please use another one.", code: "form_password_pwned", field: "password"},
		{name: "sign-in without password", path: "/sign-in/email", body: `{"email":"a@example.com"}`, status: 422, detail: credentials, code: "form_param_missing", field: "password"},
		{name: "sign-in by no address", path: "/sign-in/email", body: `{"email":"nowhere",` + password + `}`, status: 422, detail: credentials, code: "form_param_format_invalid", field: "email"},
		{name: "wrong password", path: "/sign-in/email", body: `{"email":"taken@example.com","password":"no"}`, status: 400, detail: "INVALID_LOGIN_CREDENTIALS", code: "credentials_invalid"},
		{name: "nobody", path: "/sign-in/email", body: `{"email":"nobody@example.com","password":"no"}`, status: 400, detail: "INVALID_LOGIN_CREDENTIALS", code: "credentials_invalid"},
		{name: "no refresh token", path: "/token/refresh", body: `{"refreshToken":"x"}`, status: 422, detail: "No refresh_token provided", code: "form_param_missing", field: "refresh_token"},
		{name: "bad refresh token", path: "/token/refresh", body: `{"refresh_token":"x"}`, status: 400, detail: "INVALID_REFRESH_TOKEN", code: "refresh_token_invalid"},
		{name: "no code", path: "/verify/email", body: `{"uid":"` + uid + `"}`, status: 422, detail: action, code: "form_param_missing", field: "oobCode"},
		{name: "no uid", path: "/verify/email", body: `{"oobCode":"x"}`, status: 422, detail: action, code: "form_param_missing", field: "uid"},
		{name: "bad code", path: "/verify/email", body: `{"oobCode":"x","uid":"` + uid + `"}`, status: 400, detail: "INVALID_OOB_CODE", code: "action_code_invalid"},
		{name: "unknown uid", path: "/verify/email", body: `{"oobCode":"x","uid":"kNdHviQU6UcBkVqnNmrIIwCuwBjm"}`, status: 422, detail: "There is no user record corresponding to the provided identifier.", code: "account_unknown"},
		{name: "zero uid", path: "/verify/email", body: `{"oobCode":"x","uid":"0000000000000000000000000000"}`, status: 422, detail: "There is no user record corresponding to the provided identifier.", code: "account_unknown"},
		{name: "invite: no password", path: "/verify/invite", body: `{"oobCode":"x","uid":"` + uid + `"}`, status: 422, detail: action, code: "form_param_missing", field: "newPassword"},
		{name: "invite: no uid", path: "/verify/invite", body: `{"oobCode":"x","newPassword":"` + another + `"}`, status: 422, detail: action, code: "form_param_missing", field: "uid"},
		{name: "reset: no password", path: "/verify/password-reset", body: `{"oobCode":"x"}`, status: 422, detail: action, code: "form_param_missing", field: "newPassword"},
		{name: "reset: unknown uid", path: "/verify/password-reset", body: `{"oobCode":"x","newPassword":"` + another + `","uid":"x"}`, status: 422, detail: "There is no user record corresponding to the provided identifier.", code: "account_unknown"},
		{name: "reset: no address", path: "/password-reset", body: `{}`, status: 422, detail: "No email address provided", code: "form_param_missing", field: "email"},
		{name: "providers: no address", path: "/email-providers", body: `{"email":"nowhere"}`, status: 422, detail: "No email address provided", code: "form_param_format_invalid", field: "email"},
		{name: "no token", method: "DELETE", status: 401, detail: "Sign in to do this.", code: "authentication_invalid"},
		{name: "basic", method: "DELETE", header: "Basic YTpi", status: 401, detail: "Sign in to do this.", code: "authentication_invalid"},
		{name: "bad token", method: "DELETE", header: "Bearer a.b.c", status: 403, detail: "This session is over. Sign in again.", code: "signed_out"},
	} {
		t.Run(c.name, func(t *testing.T) {
			method := "POST"
			if c.method != "" {
				method = c.method
			}
			r := s.call(method, base+c.path, c.body, "authorization", c.header)
			told, detail, code, field := r.first()
			if r.Status != c.status || told == "" || detail != c.detail || code != c.code || field != c.field {
				t.Errorf("%d %s", r.Status, r.Text)
			}
		})
	}
	for _, body := range []string{`[]`, `{"name": }`, `"x"`, `{"a":1,"a":2}`} {
		if r := s.call("PATCH", users+"/"+uid, body, own...); r.Status != 400 && r.Status != 422 {
			t.Errorf("PATCH %s: %d %s", body, r.Status, r.Text)
		}
	}
}

// TestJSONWhateverTheContentType: a body is JSON under any content type and none.
func TestJSONWhateverTheContentType(t *testing.T) {
	s := newSite(t, nil)
	for i, kind := range []string{"application/x-www-form-urlencoded", "text/plain", "", "nonsense"} {
		s.post("/signup", strings.Replace(adas, "Ada", "Ada"+strings.Repeat("x", i+1), 1), "content-type", kind)
	}
}

// TestFamilyCanBeSwitchedOff: its routes are as if they weren't there.
func TestFamilyCanBeSwitchedOff(t *testing.T) {
	s := newSite(t, func(s *settings.Settings) { s.Passwords.Enabled = false })
	for _, op := range Operations() {
		for _, route := range op.Routes {
			s.refused(route.Method, strings.Replace(route.Path, "{uid}", "x", 1), "", 404, "There is nothing at this address.", "resource_not_found")
		}
	}
}

// TestSignUpIsNever403, whatever refuses it: clients would take it for an ended token (§2.2).
func TestSignUpIsNever403(t *testing.T) {
	s := newSite(t, func(s *settings.Settings) { s.Restrictions.BlockDisposableDomains = true })
	s.api.Accounts.Disposable = func(string) bool { return true }
	r := s.call("POST", base+"/signup", adas)
	if _, _, code, field := r.first(); r.Status != 422 || code != "not_allowed_access" || field != "email" {
		t.Errorf("%d %s", r.Status, r.Text)
	}
}

// TestR55LimitsSayWhenToTryAgain.
func TestR55LimitsSayWhenToTryAgain(t *testing.T) {
	s := newSite(t, func(s *settings.Settings) {
		s.Limits.CreatesPerSource, s.Limits.SourceWindow = 1, settings.Default().Limits.SourceWindow
	})
	s.post("/signup", adas)
	r := s.call("POST", base+"/signup", strings.Replace(adas, "Ada", "Eve", 1))
	if code, _, own, _ := r.first(); r.Status != http.StatusTooManyRequests || code != "429" || own != "signup_rate_limit_exceeded" || r.Header["retry-after"] == "" {
		t.Errorf("%d %v %s", r.Status, r.Header, r.Text)
	}
}

// TestR21TakenAndFreeAlike: where addresses aren't disclosed, neither answers nor the
// calls to the table tell a taken address from a free one.
func TestR21TakenAndFreeAlike(t *testing.T) {
	s := newSite(t, func(s *settings.Settings) { s.Passwords.Invitations = settings.InvitedByAnyone })
	s.post("/signup", `{"email":"taken@example.com","password":"`+passphrase+`"}`)
	_, code, uid := s.link(s.user("taken@example.com"))
	s.post("/verify/email", text(map[string]string{"oobCode": code, "uid": uid}))
	for path, body := range map[string]string{
		"/signup": `{"email":"ADDRESS","password":"` + passphrase + `"}`, "/sign-in/email": `{"email":"ADDRESS","password":"wrong wrong wrong wrong"}`,
		"/password-reset": `{"email":"ADDRESS"}`, "/email-providers": `{"email":"ADDRESS"}`, "/invite": `{"email":"ADDRESS"}`,
	} {
		t.Run(strings.Trim(path, "/"), func(t *testing.T) {
			var answers []string
			var counts []map[string]int
			for _, address := range []string{"taken@example.com", "free@" + strings.Trim(strings.ReplaceAll(path, "/", "-"), "-") + ".example"} {
				var r reply
				counts = append(counts, s.calls.during(func() { r = s.call("POST", base+path, strings.Replace(body, "ADDRESS", address, 1)) }))
				told := strings.NewReplacer(address, "ADDRESS", r.At("data", "uid"), "UID").Replace(r.Text)
				answers = append(answers, http.StatusText(r.Status)+told)
			}
			if answers[0] != answers[1] {
				t.Errorf("a taken address is answered with %s, a free one with %s", answers[0], answers[1])
			}
			if diff := cmp.Diff(counts[0], counts[1]); diff != "" {
				t.Errorf("calls to the table (-taken +free):\n%s", diff)
			}
		})
	}
	s.refused("POST", base+"/sign-in/email", `{"email":"taken@example.com","password":"wrong"}`, 400, "INVALID_LOGIN_CREDENTIALS", "credentials_invalid")
	if r := s.post("/email-providers", `{"email":"taken@example.com"}`); r.Text != `{"data":{"allProviders":[],"registered":false}}` {
		t.Errorf("%s", r.Text)
	}
}

// TestDisclosure: where it is asked for, callers are told as the documentation says.
func TestDisclosure(t *testing.T) {
	s := newSite(t, func(s *settings.Settings) { s.Passwords.DiscloseAddresses = true })
	s.post("/signup", adas)
	s.refused("POST", base+"/signup", adas, 422, "The email address is already in use by another account.", "form_identifier_exists")
	s.refused("POST", base+"/sign-in/email", `{"email":"nobody@example.com","password":"x"}`, 400, "EMAIL_NOT_FOUND", "credentials_invalid")
	s.refused("POST", base+"/sign-in/email", `{"email":"ada.l@example.com","password":"x"}`, 400, "INVALID_PASSWORD", "password_incorrect")
	s.refused("POST", base+"/password-reset", `{"email":"nobody@example.com"}`, 422, "There is no user record corresponding to the provided email.", "account_unknown")
	for address, want := range map[string]string{
		"ada.l@example.com": `{"data":{"allProviders":["password"],"registered":true}}`, "nobody@example.com": `{"data":{"allProviders":[],"registered":false}}`,
	} {
		if r := s.post("/email-providers", `{"email":"`+address+`"}`); r.Text != want {
			t.Errorf("%s", r.Text)
		}
	}
}

// TestDocumentedCallsUnderTheProfile: each call as it is printed (§2.2) succeeds under
// the profile that is the documented behaviour.
func TestDocumentedCallsUnderTheProfile(t *testing.T) {
	s := newSite(t, wiretest.Profile(t, "deskree"))
	const credentials = `{"email":"Heldout.0269@Example.com","password":"qwerty12345"}`
	made := s.post("/signup", credentials)
	if made.At("data", "email") != "heldout.0269@example.com" || made.At("data", "idToken") == "" {
		t.Errorf("%s", made.Text)
	}
	in := s.post("/sign-in/email", credentials)
	s.post("/token/refresh", text(map[string]string{"refresh_token": in.At("data", "refreshToken")}))
	s.post("/invite", `{"email":"invited@example.com"}`)
	_, code, uid := s.link(s.user("invited@example.com"))
	s.post("/verify/invite", text(map[string]string{"oobCode": code, "uid": uid, "newPassword": "q7w&zK2"}))
	s.post("/password-reset", `{"email":"invited@example.com"}`)
	_, code, _ = s.link(s.user("invited@example.com"))
	s.post("/verify/password-reset", text(map[string]string{"oobCode": code, "newPassword": "q7w&zK3"}))
	s.post("/email-providers", `{"email":"invited@example.com"}`)
	s.ok("PATCH", users+"/"+in.At("data", "uid"), `{"name":"Ada"}`, bearer(in.At("data", "idToken"))...)
	s.ok("DELETE", base, "", bearer(in.At("data", "idToken"))...)
}
