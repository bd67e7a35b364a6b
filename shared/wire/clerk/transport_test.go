package clerk

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// R52: what the client cookie says. The wire fixes its name; the flags hold.
func TestR52ClientCookie(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*settings.Settings)
		scheme string
		want   http.Cookie
	}{
		"default":                       {nil, "https", http.Cookie{Secure: true, SameSite: http.SameSiteLaxMode}},
		"http on a developer's machine": {nil, "http", http.Cookie{SameSite: http.SameSiteLaxMode}},
		"strict":                        {func(s *settings.Settings) { s.Cookie.SameSite = settings.SameSiteStrict }, "https", http.Cookie{Secure: true, SameSite: http.SameSiteStrictMode}},
		"none":                          {func(s *settings.Settings) { s.Cookie.SameSite = settings.SameSiteNone }, "https", http.Cookie{Secure: true, SameSite: http.SameSiteNoneMode}},
		"none is never without Secure": {func(s *settings.Settings) { s.Cookie.SameSite = settings.SameSiteNone }, "http",
			http.Cookie{Secure: true, SameSite: http.SameSiteNoneMode}},
		"a domain": {func(s *settings.Settings) { s.Cookie.Domain = "example.com" }, "https",
			http.Cookie{Secure: true, SameSite: http.SameSiteLaxMode, Domain: "example.com"}},
	} {
		a := newSite(t, c.change).browser()
		a.header["x-forwarded-proto"] = c.scheme
		got := a.create().must(200)
		if len(got.cookies) != 1 {
			t.Fatalf("%s: %d cookies", name, len(got.cookies))
		}
		want := c.want
		want.Name, want.Path, want.HttpOnly, want.Value, want.MaxAge = "__client", "/", true, a.token, 400*24*60*60
		cookie := *got.cookies[0]
		cookie.Raw = ""
		if diff := cmp.Diff(want, cookie); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if len(a.token) != 22+1+43 {
			t.Errorf("%s: the token is %d characters", name, len(a.token))
		}
		// It isn't sent again while it stands, and taken back with the same attributes.
		if again := a.update("first_name", "Ada").must(200); len(again.cookies) != 0 {
			t.Errorf("%s: the cookie is sent again", name)
		}
		gone := a.call("DELETE", "/v1/client", "", "", "").must(200)
		want.Value, want.MaxAge = "", -1
		cookie = *gone.cookies[0]
		cookie.Raw = ""
		if diff := cmp.Diff(want, cookie); diff != "" {
			t.Errorf("%s: taken back (-want +got):\n%s", name, diff)
		}
		if _, sent := got.header["authorization"]; sent {
			t.Errorf("%s: a browser got a header", name)
		}
	}
}

// A browser's client (§3.2): null until it is made; made once; forgotten with its sessions.
func TestClientInBrowserMode(t *testing.T) {
	s := newSite(t, nil)
	a := s.browser()
	if got := a.get("/v1/client").must(200).is("response", nil).is("client", nil); len(got.cookies) != 0 || got.text != `{"response":null,"client":null}` {
		t.Errorf("%s, %v", got.text, got.cookies)
	}
	id, _ := a.call("PUT", "/v1/client", "", "", "").must(200).is("client", nil).at("response.id").(string)
	if !strings.HasPrefix(id, "client_") || a.token == "" {
		t.Errorf("the client is %q with token %q", id, a.token)
	}
	for _, send := range []func() *answer{
		func() *answer { return a.get("/v1/client") },
		func() *answer { return a.call("PUT", "/v1/client", "", "", "") },
		func() *answer { return a.call("POST", "/v1/client", "", formType, "") },
		func() *answer { return a.call("POST", "/v1/client", "_method=PUT", formType, "") },
		func() *answer { return a.call("POST", "/v1/client", "", formType, "_method=GET") },
		func() *answer { return a.create() },
	} {
		got := send().must(200)
		if path := "response.id"; got.at("client") != nil {
			got.is("client.id", id)
		} else {
			got.is(path, id)
		}
	}
	a.signUpWhole("ada@example.com")
	a.get("/v1/client").must(200).is("response.id", id).is("response.sign_up", nil)
	gone := a.call("POST", "/v1/client", "_method=DELETE", formType, "").must(200)
	gone.is("response.id", id).is("response.sessions", `=[]`).is("response.last_active_session_id", nil).is("client", nil)
	a.get("/v1/client").must(200).is("response", nil)
	a.call("DELETE", "/v1/client", "", "", "").must(200).is("response", nil).is("client", nil)
}

// Native mode (§1.5): the token goes both ways in Authorization, bare or as a
// bearer; there are no cookies, and a client is made at once.
func TestNativeMode(t *testing.T) {
	s := newSite(t, nil)
	for _, flag := range []string{"1", "true"} {
		a := s.app()
		a.native = false // the header and the flag by hand
		send := func(token string) *answer {
			a.header = map[string]string{"authorization": token}
			return a.call("GET", "/v1/client", "_is_native="+flag, "", "")
		}
		first := send("").must(200)
		token := first.header["authorization"]
		if token == "" || len(first.cookies) != 0 || first.at("response.id") == nil {
			t.Fatalf("an empty header: %q, %v, %s", token, first.cookies, first.text)
		}
		for _, form := range []string{token, "Bearer " + token, "bearer  " + token} {
			again := send(form).must(200).is("response.id", first.at("response.id"))
			if _, sent := again.header["authorization"]; sent {
				t.Errorf("%q: the token is sent again", form[:8])
			}
		}
		for _, other := range []string{"Bearer", "Basic " + token, "Bearer Bearer " + token, token + token, "null", "undefined"} {
			fresh := send(other).must(200)
			if fresh.header["authorization"] == "" || fresh.at("response.id") == first.at("response.id") {
				t.Errorf("%.12q was taken for a token", other)
			}
		}
	}
	// A cookie proves nothing here, and the header nothing in a browser.
	b := s.browser()
	b.create().must(200)
	id := b.last.at("client.id")
	n := s.app()
	n.header["cookie"] = "__client=" + b.token
	if got := n.get("/v1/client").must(200); got.at("response.id") == id {
		t.Error("a native request was known by its cookie")
	}
	c := s.browser()
	c.header = map[string]string{"authorization": b.token}
	c.get("/v1/client").must(200).is("response", nil)
	for _, flag := range []string{"0", "false", "", "TRUE", "yes"} {
		c.call("GET", "/v1/client", "_is_native="+flag, "", "").must(200).is("response", nil)
	}
}

// A native sign-up from end to end, with the token that changes at completion.
func TestNativeSignUp(t *testing.T) {
	s := newSite(t, nil)
	a := s.app()
	a.get("/v1/client").must(200)
	a.create("email_address", "ada@example.com", "password", goodPassword).must(200)
	a.prepare().must(200)
	before := a.token
	done := a.attempt(a.code()).must(200).is("response.status", "complete")
	if a.token == before || len(done.cookies) != 0 {
		t.Error("R49: the token didn't change, or came as a cookie")
	}
	a.get("/v1/client").must(200).is("response.sessions.0.id", done.at("response.created_session_id"))
	gone := a.call("DELETE", "/v1/client", "", "", "").must(200)
	if value, sent := gone.header["authorization"]; !sent || value != "" {
		t.Errorf("the token isn't taken back: %q", value)
	}
	if len(gone.cookies) != 0 {
		t.Error("a native app got a cookie")
	}
}

func TestNativeModeCanBeOff(t *testing.T) {
	s := newSite(t, func(s *settings.Settings) { s.Native.Enabled = false })
	a := s.app()
	a.get("/v1/client").must(400, "native_api_disabled")
	a.create("email_address", "ada@example.com").must(400, "native_api_disabled")
	a.call("DELETE", "/v1/client", "", "", "").must(400, "native_api_disabled")
	a.signUp = "sua_" + strings.Repeat("0", 22)
	a.update("first_name", "Ada").must(400, "native_api_disabled")
	a.get("/v1/environment").must(200)
	s.browser().create("email_address", "ada@example.com").must(200)
}

// R49: in a browser the cookie changes at completion; for a minute the one before is answered with the new one.
func TestR49CookieRotates(t *testing.T) {
	s := newSite(t, nil)
	a := s.browser()
	a.create("email_address", "ada@example.com", "password", goodPassword).must(200)
	a.prepare().must(200)
	tab := *a
	done := a.attempt(a.code()).must(200)
	if a.token == tab.token || len(done.cookies) != 2 {
		t.Fatal("the cookie didn't change")
	}
	old := tab.token
	polled := tab.get(a.path("")).must(200).is("response.status", "complete").is("client.sessions.0.id", done.at("response.created_session_id"))
	if len(polled.cookies) != 2 || tab.token != a.token {
		t.Error("the other tab didn't get the new cookie")
	}
	s.clock.Forward(time.Minute)
	tab.token = old
	tab.get("/v1/client").must(200).is("response", nil)
	a.get("/v1/client").must(200).is("response.id", done.at("client.id"))
}

// A token that was changed anywhere is none: the caller is nobody, not an error.
func TestTamperedTokenIsNone(t *testing.T) {
	s := newSite(t, nil)
	a := s.browser()
	a.create("email_address", "ada@example.com").must(200)
	a.prepare().must(200)
	good, id := a.token, a.signUp
	tampered := []string{"", ".", good[:40], good + "x", strings.ToUpper(good), strings.Replace(good, ".", "", 1), "a b", "%00", "é", strings.Repeat("x", 4000)}
	for i := range good {
		changed := []byte(good)
		changed[i] = map[bool]byte{true: 'B', false: 'A'}[good[i] == 'A']
		tampered = append(tampered, string(changed))
	}
	for _, token := range tampered {
		e := a.site.browser()
		e.token = token
		e.get("/v1/client").must(200).is("response", nil)
		e.signUp = id
		e.get(e.path("")).must(404, "resource_not_found")
		e.token = token
		e.update("first_name", "Eve").must(404, "resource_not_found")
		e.prepare().must(404, "resource_not_found")
		e.attempt("123456").must(404, "resource_not_found")
		if e.token != token {
			t.Errorf("a refusal brought a token")
		}
	}
	e := s.browser()
	e.token = tampered[10]
	e.create("first_name", "Eve").must(200)
	if e.token == tampered[10] || e.last.at("client.id") == a.last.at("client.id") {
		t.Error("create should have made a client of its own")
	}
	a.get(a.path("")).must(200).is("response.first_name", nil).is("response.verifications.email_address.attempts", 0.0)
}

// Another client's sign-up, an earlier one, and one that never was look alike.
func TestSignUpsOfOthersAreNotFound(t *testing.T) {
	s := newSite(t, nil)
	a, b := s.browser(), s.browser()
	a.create("email_address", "ada@example.com").must(200)
	old := a.signUp
	a.create("email_address", "ada@example.com").must(200)
	b.create().must(200)
	var texts []string
	for _, id := range []string{a.signUp, old, "sua_" + strings.Repeat("0", 22), "sua_" + strings.Repeat("z", 22), strings.TrimPrefix(b.signUp, "sua_"), "user_" + b.signUp[4:], "x", "%2e%2e", b.signUp + "0"} {
		b.signUp = id
		for _, got := range []*answer{b.get(b.path("")), b.update("first_name", "Eve"), b.prepare(), b.attempt("123456")} {
			texts = append(texts, got.must(404, "resource_not_found").text)
			got.is("errors.0.message", "No sign up was found with that id.").is("response", nil)
			got.is("meta.client.id", b.get("/v1/client").at("response.id"))
		}
	}
	for _, text := range texts {
		if text != texts[0] {
			t.Fatalf("two refusals differ:\n%s\n%s", texts[0], text)
		}
	}
}

// The error envelope (§2.2): several at once, each on its field; the client beside them; a trace id.
func TestErrorEnvelope(t *testing.T) {
	s := newSite(t, func(s *settings.Settings) { s.Attributes.Username.Requirement = settings.Required })
	owner, a := s.browser(), s.browser()
	owner.signUpWhole("ada@example.com", "username", "ada_lovelace")
	a.create("first_name", "Eve").must(200)
	got := a.update("email_address", "ADA@example.com", "username", "ada_lovelace", "password", "short")
	got.must(422, "form_identifier_exists", "form_identifier_exists", "form_password_length_too_short")
	got.is("errors.0", map[string]any{
		"code": "form_identifier_exists", "message": "That email address is taken. Please try another.",
		"long_message": "That email address is taken. Please try another.", "meta": map[string]any{"param_name": "email_address"},
	})
	got.is("errors.1.meta.param_name", "username").is("errors.2.meta.param_name", "password")
	got.is("meta.client.sign_up.first_name", "Eve").is("clerk_trace_id", "req-1").is("client", nil).is("response", nil)
	if len(got.body) != 3 {
		t.Errorf("the envelope holds %s", got.text)
	}
	// Without a client there is no meta; without a field the item has none.
	bare := s.browser().create("email_address", "x").must(422, "form_param_format_invalid")
	if _, there := bare.body["meta"]; there {
		t.Errorf("there is no client to show: %s", bare.text)
	}
	missing := s.browser().get("/v1/nothing").must(404, "resource_not_found").is("errors.0", map[string]any{
		"code": "resource_not_found", "message": "There is nothing at this address.", "long_message": "There is nothing at this address.",
	})
	if missing.header["content-type"] != "application/json; charset=utf-8" {
		t.Errorf("the 404 is %q", missing.header["content-type"])
	}
	// Statuses of different kinds: the higher one.
	a.update("email_address", "x", "birthday", "1815-12-10").must(422, "form_param_format_invalid", "form_param_value_disabled")
}

// R55: 429 says how long to wait, in a header that pages may read.
func TestR55RetryAfter(t *testing.T) {
	s := newSite(t, nil)
	a := s.browser()
	a.create("email_address", "ada@example.com").must(200)
	a.prepare().must(200)
	s.clock.Forward(17 * time.Second)
	got := a.prepare().must(429, "verification_code_too_many_requests")
	if got.header["retry-after"] != "13" || !strings.Contains(got.header["access-control-expose-headers"], "Retry-After") {
		t.Errorf("%v", got.header)
	}
	got.is("meta.client.sign_up.id", a.signUp).is("errors.0.message", "A code was sent a moment ago. Wait 13 seconds before asking for another.")
}

// The gateway's own refusals have the wire's shape, too, and CORS.
func TestRefusalsOfTheGateway(t *testing.T) {
	s := newSite(t, nil)
	a := s.browser()
	for name, c := range map[string]struct {
		send   func() *answer
		status int
		code   string
	}{
		"1 MiB": {func() *answer {
			return a.call("POST", "/v1/client/sign_ups", "", formType, "first_name="+strings.Repeat("x", 1<<20))
		}, 413, "request_body_too_large"},
		"wrong type":          {func() *answer { return a.call("POST", "/v1/client/sign_ups", "", "text/plain", "x") }, 415, "unsupported_content_type"},
		"malformed form":      {func() *answer { return a.call("POST", "/v1/client/sign_ups", "", formType, "a=%zz") }, 400, "request_body_invalid"},
		"malformed JSON":      {func() *answer { return a.call("POST", "/v1/client/sign_ups", "", "application/json", "{") }, 400, "request_body_invalid"},
		"query":               {func() *answer { return a.call("GET", "/v1/client", "%zz", "", "") }, 400, "malformed_request_parameters"},
		"no operation":        {func() *answer { return a.call("POST", "/v1/client", "_method=PATCH", "", "") }, 404, "resource_not_found"},
		"without an id":       {func() *answer { return a.get("/v1/client/sign_ups") }, 404, "resource_not_found"},
		"POST without a verb": {func() *answer { return a.call("POST", "/v1/client/sign_ups/sua_1", "", formType, "") }, 404, "resource_not_found"},
	} {
		got := c.send().must(c.status, c.code).is("clerk_trace_id", "req-1")
		if got.header["access-control-allow-origin"] != appOrigin || got.header["access-control-allow-credentials"] != "true" {
			t.Errorf("%s: %v", name, got.header)
		}
	}
	e := s.browser()
	e.header["origin"] = "https://evil.example.com"
	e.create("first_name", "Eve").must(400, "origin_invalid")
	e.header["origin"], e.header["authorization"] = appOrigin, "token"
	e.get("/v1/client").must(400, "origin_authorization_headers_conflict")
	if got := a.call("OPTIONS", "/v1/client/sign_ups", "", "", ""); got.status != 204 || got.header["access-control-allow-origin"] != appOrigin {
		t.Errorf("preflight: %d %v", got.status, got.header)
	}
}

// R60: a fault is a fixed text with the trace id, and never the cause.
func TestR54R60FaultOfOurs(t *testing.T) {
	s := newSite(t, nil)
	s.Endpoints[0].Handler = nil // calling it panics
	got := s.browser().get("/v1/environment").must(500, "internal_error").is("clerk_trace_id", "req-1")
	if strings.Contains(got.text, "nil pointer") || !strings.Contains(s.logged.String(), "nil pointer") {
		t.Errorf("told %s, logged %s", got.text, s.logged.String())
	}
}

// The three ways to name a verb (§1.2), on each operation that has more than one.
func TestVerbsInEveryForm(t *testing.T) {
	s := newSite(t, nil)
	a := s.browser()
	for _, send := range []func() *answer{
		func() *answer { return a.call("GET", "/v1/environment", "", "", "") },
		func() *answer { return a.call("PATCH", "/v1/environment", "", "", "") },
		func() *answer { return a.call("POST", "/v1/environment", "_method=PATCH", formType, "") },
		func() *answer { return a.call("POST", "/v1/environment", "", formType, "_method=GET") },
	} {
		send().must(200).is("auth_config.object", "auth_config").is("response", nil)
	}
	a.create().must(200)
	a.call("PATCH", a.path(""), "", formType, "first_name=A").must(200).is("response.first_name", "A")
	a.call("POST", a.path(""), "_method=PATCH", formType, "first_name=B").must(200).is("response.first_name", "B")
	a.call("POST", a.path(""), "", formType, "_method=PATCH&first_name=C").must(200).is("response.first_name", "C")
}

// The requests exactly as the browser SDKs send them (§6).
func TestRequestsAsSDKsSendThem(t *testing.T) {
	for name, v := range map[string]string{
		"v6": "__clerk_api_version=2026-08-20&_clerk_js_version=6.40.0", "v5": "__clerk_api_version=2025-11-10&_clerk_js_version=5.128.0",
		"a version to come": "__clerk_api_version=2031-01-01&_clerk_js_version=9.0.0&_clerk_retry_attempt=2&rotating_token_nonce=x",
	} {
		a := newSite(t, nil).browser()
		a.call("GET", "/v1/environment", v, "", "").must(200)
		a.call("GET", "/v1/client", v, "", "").must(200).is("response", nil)
		a.call("POST", "/v1/client/sign_ups", v, formType,
			"email_address=ada%40example.com&password=correct+horse+battery&first_name=Ada&unsafe_metadata=%7B%22plan%22%3A%22pro%22%7D&locale=en-US&timezone=UTC").must(200)
		a.last.is("response.unsafe_metadata.plan", "pro").is("response.missing_fields", `=[]`)
		a.call("POST", a.path("/prepare_verification"), v, formType, "strategy=email_code").must(200)
		done := a.call("POST", a.path("/attempt_verification"), v, formType, "code="+a.code()+"&strategy=email_code").must(200)
		done.is("response.status", "complete").is("client.sign_up", nil).is("client.last_active_session_id", done.at("response.created_session_id"))
		a.call("GET", a.path(""), v, "", "").must(200).is("client.sessions.0.status", "active")
		if t.Failed() {
			t.Fatal(name)
		}
	}
	a := newSite(t, nil).browser()
	a.call("POST", "/v1/client/sign_ups", "", formType, "email_address=ada%40example.com&first_name=&last_name=&password=correct+horse+battery&locale=en-US").must(200)
	a.last.is("response.first_name", nil).is("response.last_name", nil)
	a.call("POST", "/v1/client/sign_ups", "", formType, "strategy=password&email_address=ada%40example.com&password=correct+horse+battery&first_name=Ada&locale=en-US&timezone=UTC").must(200)
	a.call("POST", a.path(""), "_method=PATCH", formType, "email_address=countess%40example.com").must(200).is("response.email_address", "countess@example.com")
}

// In single-session mode a signed-in client is told so, with the session beside it.
func TestSessionExists(t *testing.T) {
	a := newSite(t, nil).browser()
	a.signUpWhole("ada@example.com")
	for _, fields := range [][]string{nil, {"email_address", "countess@example.com"}, {"locale", "en-US"}} {
		a.create(fields...).must(400, "session_exists").is("meta.client.sessions.0.status", "active").is("meta.client.sign_up", nil)
	}
	b := newSite(t, func(s *settings.Settings) { s.SingleSession = false }).browser()
	b.signUpWhole("ada@example.com")
	first := b.last.at("response.created_session_id")
	b.signUpWhole("countess@example.com").is("client.sessions.0.id", first)
	b.last.is("client.sessions.1.id", b.last.at("response.created_session_id")).is("client.last_active_session_id", b.last.at("response.created_session_id"))
}

// A large metadata object comes back wherever its sign-up or user is shown.
func TestLargeMetadataIsShown(t *testing.T) {
	large := `{"k":"` + strings.Repeat("v", 4000) + `"}`
	a := newSite(t, nil).browser()
	a.create("email_address", "ada@example.com", "password", goodPassword, "unsafe_metadata", large).must(200)
	for _, step := range []func() *answer{
		func() *answer { return a.get(a.path("")) }, func() *answer { return a.update("first_name", "Ada") }, a.prepare,
	} {
		step().must(200).is("response.unsafe_metadata", "="+large).is("client.sign_up.unsafe_metadata", "="+large)
	}
	a.attempt(a.wrongCode(1)).must(422, "form_code_incorrect").is("meta.client.sign_up.unsafe_metadata", "="+large)
	a.get("/v1/client").must(200).is("response.sign_up.unsafe_metadata", "="+large)
	a.attempt(a.code()).must(200).is("response.unsafe_metadata", "="+large).is("client.sessions.0.user.unsafe_metadata", "="+large)
	a.get("/v1/client").must(200).is("response.sessions.0.user.unsafe_metadata", "="+large)
}

// R59: a whole sign-up, with its refusals, leaves no code, token, password or whole address in the log.
func TestR59LogHoldsNoSecret(t *testing.T) {
	s := newSite(t, nil)
	a := s.browser()
	a.create("email_address", "ada.lovelace@example.com", "password", goodPassword).must(200)
	first := a.token
	a.prepare().must(200)
	a.prepare().must(429, "verification_code_too_many_requests")
	code, wrong := a.code(), a.wrongCode(1)
	a.attempt(wrong).must(422, "form_code_incorrect")
	a.attempt(code).must(200)
	b := s.app()
	b.create("email_address", "ada.lovelace@example.com", "password", goodPassword).must(422, "form_identifier_exists")
	b.create("email_address", "ada.lovelace@", "password", "hunter2").must(422, "form_param_format_invalid")
	logged := s.logged.String()
	for _, forbidden := range []string{code, wrong, first, a.token, first[23:], a.token[23:], goodPassword, "hunter2", "ada.lovelace@", "lovelace", "battery"} {
		if strings.Contains(logged, forbidden) {
			t.Errorf("%q was logged", forbidden)
		}
	}
	for _, said := range []string{`"client":"client_`, `"sign_up":"` + a.signUp, `"sign_up_status":"complete"`, `"problem":"form_code_incorrect (code)"`, `"operation":"signups/attempt-verification"`} {
		if !strings.Contains(logged, said) {
			t.Errorf("R58: the log doesn't say %s", said)
		}
	}
	if got := strings.Count(logged, "\n"); got != 7 {
		t.Errorf("R58: 7 requests left %d records", got)
	}
}

// parsed is the request of an event that only has what callerOf reads.
func parsed(t *testing.T, e events.APIGatewayV2HTTPRequest, s *settings.Settings) (token secret.ClientToken) {
	t.Helper()
	f := gateway.Function{Settings: s, Wire: Wire{}, Now: time.Now, Log: slog.New(slog.DiscardHandler), Endpoints: []gateway.Endpoint{{Operation: GetClient, Handler: func(_ context.Context, r *gateway.Request) (*gateway.Response, error) {
		caller, err := callerOf(s, r)
		token = caller.Token
		return &gateway.Response{Status: 200}, err
	}}}}
	e.RouteKey, e.RequestContext.HTTP.Method = "GET /v1/client", "GET"
	payload, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Invoke(t.Context(), payload); err != nil {
		t.Fatal(err)
	}
	return token
}

// Whatever a cookie line holds, a caller is who its whole token says, or nobody.
func FuzzCookie(f *testing.F) {
	token := secret.DeriveClientToken(secret.MACKey{ID: "m_00000000", Key: make([]byte, 32)}, [16]byte{1}, make([]byte, 16)).Reveal()
	for _, line := range []string{"__client=" + token, "a=b; __client=" + token, `__client="` + token + `"`, "__client=", "__client", ";=;", "__client=" + token + "; __client=x", "\x00__client=" + token} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got := parsed(t, events.APIGatewayV2HTTPRequest{Cookies: []string{line}}, settings.Default())
		if !got.IsZero() && !strings.Contains(line, got.Reveal()) {
			t.Errorf("%q was read as %q", line, got.Reveal())
		}
	})
}

// Whatever the header holds, so is a native caller.
func FuzzAuthorization(f *testing.F) {
	token := secret.DeriveClientToken(secret.MACKey{ID: "m_00000000", Key: make([]byte, 32)}, [16]byte{1}, make([]byte, 16)).Reveal()
	for _, value := range []string{token, "Bearer " + token, "bearer\t" + token, "Bearer", " " + token, token + " ", "Basic " + token, "Bearer  " + token + " x"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		e := events.APIGatewayV2HTTPRequest{RawQueryString: "_is_native=1", Headers: map[string]string{"authorization": value}}
		got := parsed(t, e, settings.Default())
		if got.IsZero() {
			return
		}
		rest := strings.TrimSpace(strings.TrimSuffix(value, got.Reveal()))
		if !strings.HasSuffix(strings.TrimSpace(value), got.Reveal()) || (rest != "" && !strings.HasPrefix(strings.ToLower(rest), "bearer")) {
			t.Errorf("%q was read as %q", value, got.Reveal())
		}
	})
}

// What SDKs send beside the documented parameters and fields changes nothing (§1.2,
// §1.3): versions of any date, a session, retries, nonces, headers of the device.
func TestWhatSDKsAddIsIgnored(t *testing.T) {
	const query = "__clerk_api_version=2031-02-30&_clerk_js_version=9&_clerk_session_id=sess_1&_clerk_retry_attempt=3&rotating_token_nonce=x" +
		"&__clerk_db_jwt=dvb_1&__dev_session=x&__domain=app.example.com&debug=skip_cache&expired_token=x&a=1&a=2"
	headers := map[string]string{
		"clerk-api-version": "2099-12-31", "x-clerk-client-id": "client_1", "x-native-device-id": "d", "x-android-sdk-version": "9", "x-mobile": "1",
		"x-device-type": "phone", "x-is-sandbox": "true", "user-agent": "clerk", "clerk-proxy-url": "https://evil.example", "clerk-secret-key": "sk_live_x",
	}
	const fields = "&locale=en-US&timezone=Europe%2FBerlin&captcha_token=x&captcha_widget_type=smart&captcha_error=&captcha_action=signup&proof_token=x" +
		"&protect_check=x&__unknown=x&tab_state=focused&oidc_prompt=none&enterprise_connection_id=&favourite_color=blue&favourite_color=red"
	for name, a := range map[string]*agent{"browser": newSite(t, nil).browser(), "app": newSite(t, nil).app()} {
		maps.Copy(a.header, headers)
		a.call("GET", "/v1/environment", query, "", "").must(200)
		a.call("GET", "/v1/client", query, "", "").must(200)
		a.call("POST", "/v1/client/sign_ups", query, formType, "email_address=ada%40example.com&password=correct+horse+battery"+fields).must(200)
		a.call("PATCH", a.path(""), query, formType, "first_name=Ada"+fields).must(200).is("response.first_name", "Ada")
		a.call("POST", a.path("/prepare_verification"), query, formType, "strategy=email_code"+fields).must(200)
		a.call("POST", a.path("/attempt_verification"), query, formType, "strategy=email_code&code="+a.code()+fields).must(200)
		a.last.is("response.status", "complete")
		a.call("GET", a.path(""), query, "", "").must(200).is("response.status", "complete")
		if a.last.at("client.sessions.0.id") == nil {
			t.Errorf("%s: no session", name)
		}
		a.call("DELETE", "/v1/client", query, "", "").must(200)
	}
}

// A native client in a web view asks first (§1.7), and then goes by its own origin.
func TestNativeClientInAWebContext(t *testing.T) {
	const extension = "chrome-extension://abcdefghijklmnop"
	s := newSite(t, func(s *settings.Settings) { s.AllowedOrigins = append(s.AllowedOrigins, extension) })
	a := s.app()
	a.header["origin"] = extension
	a.header["access-control-request-method"], a.header["access-control-request-headers"] = "PATCH", "authorization,content-type,x-mobile"
	asked := a.call("OPTIONS", "/v1/client", "_is_native=1", "", "")
	for name, want := range map[string][]string{
		"access-control-allow-origin": {extension}, "access-control-allow-credentials": {"true"}, "access-control-expose-headers": {"Authorization", "Retry-After"},
		"access-control-allow-methods": {"GET", "POST", "PUT", "PATCH", "DELETE"}, "access-control-allow-headers": {"authorization", "content-type", "x-mobile", "x-expo-sdk-version"},
	} {
		given := strings.Split(asked.header[name], ", ")
		for _, one := range want {
			if !slices.Contains(given, one) {
				t.Errorf("%s is %q, without %s", name, asked.header[name], one)
			}
		}
	}
	id := a.get("/v1/client").must(200).at("response.id")
	a.get("/v1/client").must(200).is("response.id", id)
	a.header["origin"] = appOrigin
	a.get("/v1/client").must(400, "origin_authorization_headers_conflict")
	a.header["origin"] = "chrome-extension://another"
	a.get("/v1/client").must(400, "origin_authorization_headers_conflict")
	// iOS reads an empty header, and no token behind Bearer, as "forget the token".
	a.header["origin"] = extension
	gone := a.call("DELETE", "/v1/client", "", "", "").must(200)
	if value, sent := gone.header["authorization"]; !sent || value != "" {
		t.Errorf("%q, %v", value, sent)
	}
}
