package deskree

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

const (
	passphrase = "correct horse battery staple"
	another    = "another long passphrase"
	adas       = `{"email":"Ada.L@Example.com","password":"` + passphrase + `"}`
)

// TestSignUpAnswersTokens where nothing has to be confirmed (§2.3).
func TestSignUpAnswersTokens(t *testing.T) {
	s := newSite(t, immediate)
	made := s.post("/signup", adas)
	uid := made.At("data", "uid")
	if !regexp.MustCompile(`^[A-Za-z0-9]{28}$`).MatchString(uid) {
		t.Errorf("the uid is %q", uid)
	}
	want := map[string]any{
		"uid": uid, "email": "ada.l@example.com", "emailVerified": false, "disabled": false,
		"idToken": made.At("data", "idToken"), "refreshToken": made.At("data", "refreshToken"), "expiresIn": "3600",
	}
	if diff := cmp.Diff(map[string]any{"data": want}, made.Body); diff != "" || made.At("data", "idToken") == "" || made.At("data", "refreshToken") == "" {
		t.Errorf("%s\n%s", made.Text, diff)
	}
	in := s.post("/sign-in/email", adas)
	if in.At("data", "uid") != uid || in.At("data", "expiresIn") != "3600" || in.At("data", "idToken") == made.At("data", "idToken") {
		t.Errorf("sign-in answered %s", in.Text)
	}
}

// TestIdentityToken has the documented claims, and the session's.
func TestIdentityToken(t *testing.T) {
	s := newSite(t, immediate)
	made := s.post("/signup", adas)
	uid, parts := made.At("data", "uid"), strings.Split(made.At("data", "idToken"), ".")
	head, claims := decoded(t, parts[0]), decoded(t, parts[1])
	kid, _ := head["kid"].(string)
	if _, known := s.api.Keys.ByID(kid); head["alg"] != "RS256" || head["typ"] != "JWT" || !known {
		t.Errorf("header %v", head)
	}
	jti, sid, now := claims["jti"], claims["sid"], float64(wiretest.Epoch.Unix())
	want := map[string]any{
		"iss": "https://api.example.com", "aud": "doorstep", "auth_time": now, "user_id": uid, "sub": uid, "iat": now, "exp": now + 3600,
		"nbf": claims["nbf"], "email": "ada.l@example.com", "email_verified": false,
		"firebase": map[string]any{"identities": map[string]any{"email": []any{"ada.l@example.com"}}, "sign_in_provider": "password"},
		"jti":      jti, "sid": sid,
	}
	if diff := cmp.Diff(want, claims); diff != "" || jti == nil || sid == nil {
		t.Error(diff)
	}
}

func decoded(t *testing.T, part string) (object map[string]any) {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err == nil {
		err = json.Unmarshal(raw, &object)
	}
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// TestSignUpWaitsForItsLink: a disabled account has no tokens, and the link enables it once.
func TestSignUpWaitsForItsLink(t *testing.T) {
	s := newSite(t, func(s *settings.Settings) { s.Passwords.ConfirmURL = "https://app.example.com/confirm?from=mail" })
	made := s.post("/signup", adas)
	uid := made.At("data", "uid")
	if diff := cmp.Diff(map[string]any{"data": map[string]any{
		"uid": uid, "email": "ada.l@example.com", "emailVerified": false, "disabled": true,
	}}, made.Body); diff != "" {
		t.Error(diff)
	}
	s.refused("POST", base+"/sign-in/email", adas, 400, "USER_DISABLED", "user_held")
	s.refused("POST", base+"/sign-in/email", strings.Replace(adas, "correct", "wrong", 1), 400, "INVALID_LOGIN_CREDENTIALS", "credentials_invalid")
	page, code, of := s.link(s.user("ada.l@example.com"))
	if page != "https://app.example.com/confirm" || of != uid {
		t.Errorf("the link leads to %s, for %s", page, of)
	}
	confirm := text(map[string]string{"oobCode": code, "uid": uid})
	if r := s.post("/verify/email", confirm); r.Text != `""` {
		t.Errorf("verify/email answered %s", r.Text)
	}
	in := s.post("/sign-in/email", adas)
	if in.At("data", "idToken") == "" || !strings.Contains(in.Text, `"emailVerified":true,"disabled":false`) {
		t.Errorf("sign-in answered %s", in.Text)
	}
	s.refused("POST", base+"/verify/email", confirm, 400, "INVALID_OOB_CODE", "action_code_invalid")
}

// TestLinkExpires with passwords.link_life.
func TestLinkExpires(t *testing.T) {
	s := newSite(t, nil)
	uid := s.post("/signup", adas).At("data", "uid")
	_, code, _ := s.link(s.user("ada.l@example.com"))
	s.clock.Forward(10 * time.Minute)
	s.refused("POST", base+"/verify/email", text(map[string]string{"oobCode": code, "uid": uid}), 400, "INVALID_OOB_CODE", "action_code_invalid")
}

// TestRefresh answers in snake case, and the next token is another one.
func TestRefresh(t *testing.T) {
	s := newSite(t, immediate)
	made := s.post("/signup", adas)
	first := made.At("data", "refreshToken")
	r := s.post("/token/refresh", text(map[string]string{"refresh_token": first}))
	want := map[string]any{
		"expires_in": "3600", "user_id": made.At("data", "uid"), "refresh_token": r.At("data", "refresh_token"), "id_token": r.At("data", "id_token"),
	}
	if diff := cmp.Diff(map[string]any{"data": want}, r.Body); diff != "" || r.At("data", "refresh_token") == first {
		t.Errorf("%s\n%s", r.Text, diff)
	}
	s.ok("GET", users+"/"+made.At("data", "uid"), "", bearer(r.At("data", "id_token"))...)
}

// TestR47ReusedRefreshTokenEndsTheSession, for whoever has the newest, too.
func TestR47ReusedRefreshTokenEndsTheSession(t *testing.T) {
	s := newSite(t, immediate)
	made := s.post("/signup", adas)
	first := text(map[string]string{"refresh_token": made.At("data", "refreshToken")})
	newest := s.post("/token/refresh", first)
	s.clock.Forward(time.Minute)
	s.refused("POST", base+"/token/refresh", first, 400, "INVALID_REFRESH_TOKEN", "refresh_token_invalid")
	s.refused("POST", base+"/token/refresh", text(map[string]string{"refresh_token": newest.At("data", "refresh_token")}), 400, "INVALID_REFRESH_TOKEN", "refresh_token_invalid")
	s.refused("GET", users+"/"+made.At("data", "uid"), "", 403, "This session is over. Sign in again.", "signed_out", bearer(newest.At("data", "id_token"))...)
}

// TestInvitation: an account without a password that its link gives one.
func TestInvitation(t *testing.T) {
	s := newSite(t, nil)
	operator := []string{operatorHeader, secret.OperatorKey(s.api.Accounts.Keys).Reveal()}
	const grace = `{"email":"grace@example.com"}`
	s.refused("POST", base+"/invite", grace, 401, "Sign in to do this.", "authentication_invalid")
	s.refused("POST", base+"/invite", grace, 401, "Sign in to do this.", "authentication_invalid", operatorHeader, "dop_00000000_x")
	if r := s.post("/invite", grace, operator...); r.Text != `""` {
		t.Errorf("invite answered %s", r.Text)
	}
	s.refused("POST", base+"/invite", `{}`, 422, "No email address provided", "form_param_missing", operator...)
	_, code, uid := s.link(s.user("grace@example.com"))
	accept := map[string]string{"oobCode": code, "uid": uid, "newPassword": "short"}
	s.refused("POST", base+"/verify/invite", text(accept), 422, "The password must be a string with at least 15 characters.", "form_password_length_too_short")
	accept["newPassword"] = passphrase
	s.refused("POST", base+"/verify/password-reset", text(accept), 400, "INVALID_OOB_CODE", "action_code_invalid")
	s.post("/verify/invite", text(accept))
	s.post("/sign-in/email", `{"email":"grace@example.com","password":"`+passphrase+`"}`)
	s.refused("POST", base+"/verify/invite", text(accept), 400, "INVALID_OOB_CODE", "action_code_invalid")
}

// TestInvitationsBySettings: anyone's or nobody's.
func TestInvitationsBySettings(t *testing.T) {
	const grace = `{"email":"grace@example.com"}`
	newSite(t, func(s *settings.Settings) { s.Passwords.Invitations = settings.InvitedByAnyone }).post("/invite", grace)
	s := newSite(t, func(s *settings.Settings) { s.Passwords.Invitations = settings.InvitedByNobody })
	s.refused("POST", base+"/invite", grace, 422, "Invitations is not enabled here.", "form_param_value_disabled",
		operatorHeader, secret.OperatorKey(s.api.Accounts.Keys).Reveal())
}

// TestReset sets a new password with the code alone, as the client sends it (§2.2), and
// ends what was before.
func TestReset(t *testing.T) {
	s := newSite(t, immediate)
	made := s.post("/signup", adas)
	if r := s.post("/password-reset", `{"email":"ada.l@example.com"}`); r.Text != `""` {
		t.Errorf("password-reset answered %s", r.Text)
	}
	_, code, _ := s.link(s.user("ada.l@example.com"))
	s.post("/verify/password-reset", text(map[string]string{"oobCode": code, "newPassword": another}))
	s.refused("POST", base+"/sign-in/email", adas, 400, "INVALID_LOGIN_CREDENTIALS", "credentials_invalid")
	s.refused("POST", base+"/token/refresh", text(map[string]string{"refresh_token": made.At("data", "refreshToken")}), 400, "INVALID_REFRESH_TOKEN", "refresh_token_invalid")
	in := s.post("/sign-in/email", `{"email":"ada.l@example.com","password":"`+another+`"}`)
	if !strings.Contains(in.Text, `"emailVerified":true`) {
		t.Errorf("a reset proves the address, and sign-in answered %s", in.Text)
	}
	for _, code := range []string{code, "nonsense", strings.Repeat("A", 54)} {
		s.refused("POST", base+"/verify/password-reset", text(map[string]string{"oobCode": code, "newPassword": another}), 400, "INVALID_OOB_CODE", "action_code_invalid")
	}
}

// TestRoles are the operator's to see, and no user's.
func TestRoles(t *testing.T) {
	s := newSite(t, immediate)
	made := s.post("/signup", adas)
	s.refused("GET", base+"/roles", "", 401, "Sign in to do this.", "authentication_invalid")
	s.refused("GET", base+"/roles", "", 401, "Sign in to do this.", "authentication_invalid", bearer(made.At("data", "idToken"))...)
	r := s.ok("GET", base+"/roles", "", operatorHeader, secret.OperatorKey(s.api.Accounts.Keys).Reveal())
	if r.Text != `{"data":{"roles":["admin","user"]}}` {
		t.Errorf("roles are %s", r.Text)
	}
}

// TestDelete removes the caller's account, and frees its address.
func TestDelete(t *testing.T) {
	s := newSite(t, immediate)
	made := s.post("/signup", adas)
	own := bearer(made.At("data", "idToken"))
	s.refused("DELETE", base, "", 401, "Sign in to do this.", "authentication_invalid")
	if r := s.ok("DELETE", base, "", own...); r.Text != `""` {
		t.Errorf("delete answered %s", r.Text)
	}
	s.refused("DELETE", base, "", 403, "This session is over. Sign in again.", "signed_out", own...)
	s.refused("POST", base+"/sign-in/email", adas, 400, "INVALID_LOGIN_CREDENTIALS", "credentials_invalid")
	s.post("/signup", adas)
}

// refused is call for what must be refused in this wire's form.
func (s *site) refused(method, path, body string, status int, detail, code string, headers ...string) reply {
	s.t.Helper()
	r := s.call(method, path, body, headers...)
	told, text, own, _ := r.first()
	form := fmt.Sprintf(`{"data":null,"errors":{"errors":[{"code":"%d","title":`, status)
	if r.Status != status || told != fmt.Sprint(status) || text != detail || own != code || !strings.HasPrefix(r.Text, form) {
		s.t.Errorf("%s %s: %d %s, not %d %s", method, path, r.Status, r.Text, status, detail)
	}
	return r
}
