package clerk

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/token"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

const appPage = appOrigin + "/dashboard?tab=1#top"

// handshake asks for one as a browser does that an application's server sent here.
func (a *agent) handshake(query string, cookies ...string) *answer {
	a.t.Helper()
	e := events.APIGatewayV2HTTPRequest{
		RouteKey: "GET /v1/client/handshake", RawPath: "/v1/client/handshake", RawQueryString: query,
		Headers: map[string]string{"host": apiHost, "x-forwarded-proto": "https"}, Cookies: cookies,
	}
	e.RequestContext.HTTP.Method = "GET"
	if a.token != "" {
		e.Cookies = append(e.Cookies, "__client="+a.token)
	}
	a.last = a.run(e)
	return a.last
}

func backTo(page string) string { return "redirect_url=" + url.QueryEscape(page) }

// carried is the handshake's token, and the address without it.
func (a *answer) carried() (jwt, location string) {
	for _, cookie := range a.cookies {
		if cookie.Name == handshakeName {
			return cookie.Value, a.header["location"]
		}
	}
	target, err := url.Parse(a.header["location"])
	if err != nil {
		a.t.Fatal(err)
	}
	query := target.Query()
	jwt = query.Get(handshakeName)
	query.Del(handshakeName)
	target.RawQuery = query.Encode()
	return jwt, target.String()
}

// handed are the cookies that an application would set.
func (a *answer) handed(now time.Time) map[string]*http.Cookie {
	a.t.Helper()
	jwt, _ := a.carried()
	claims, err := wiretest.SigningKeys().Verify(token.Handshake, jwt, now, token.Expect{Issuer: testIssuer, Audience: testIssuer + "/v1/client/handshake"})
	if err != nil {
		a.t.Fatal(err)
	}
	var payload struct{ Handshake []string }
	if err := json.Unmarshal(claims.All, &payload); err != nil {
		a.t.Fatal(err)
	}
	cookies := map[string]*http.Cookie{}
	for _, line := range payload.Handshake {
		cookie, err := http.ParseSetCookie(line)
		if err != nil || cookies[cookie.Name] != nil {
			a.t.Fatalf("%q: %v", line, err)
		}
		cookies[cookie.Name] = cookie
	}
	// The handshake's own cookie goes as it came, so that it is used once.
	if gone := cookies[handshakeName]; gone != nil {
		for _, carrier := range a.cookies {
			if carrier.Name == handshakeName && (gone.MaxAge >= 0 || gone.Path != carrier.Path || gone.Domain != carrier.Domain) {
				a.t.Errorf("%v doesn't take %v away", gone, carrier)
			}
		}
		delete(cookies, handshakeName)
	} else if _, location := a.carried(); location == a.header["location"] {
		a.t.Error("the handshake's cookie stays")
	}
	return cookies
}

func TestHandshakeHandsTheSessionOver(t *testing.T) {
	a := newSite(t, nil).browser()
	signedUp := a.signUpWhole("ada@example.com")
	a.clock.Forward(5 * time.Minute)
	got := a.handshake(backTo(appPage) + "&format=nonce&suffixed_cookies=false&__clerk_hs_reason=session-token-expired").must(307)
	if got.header["cache-control"] != "no-store" || got.header["referrer-policy"] != "no-referrer" {
		t.Errorf("header %v", got.header)
	}
	if _, location := got.carried(); location != appPage {
		t.Errorf("back to %s", location)
	}
	cookies := got.handed(a.clock.Now())
	session := cookies["__session"]
	claims := verified(t, session.Value, testIssuer, a.clock.Now())
	if claims["sid"] != signedUp.at("client.last_active_session_id") || claims["azp"] != appOrigin {
		t.Errorf("claims %v", claims)
	}
	want := map[string]*http.Cookie{
		"__session":    {Name: "__session", Value: session.Value, Path: "/", MaxAge: 365 * 24 * 3600, Secure: true, SameSite: http.SameSiteLaxMode},
		"__client_uat": {Name: "__client_uat", Value: strconv.FormatInt(wiretest.Epoch.Unix(), 10), Path: "/", MaxAge: 365 * 24 * 3600, Secure: true, SameSite: http.SameSiteLaxMode},
	}
	for _, cookie := range cookies {
		cookie.Raw = ""
	}
	if diff := cmp.Diff(want, cookies); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
}

// Without a live session the application is told to forget the one it has.
func TestHandshakeOfNobody(t *testing.T) {
	s := newSite(t, nil)
	a := s.browser()
	a.signUpWhole("ada@example.com")
	s.clock.Forward(8 * 24 * time.Hour) // idle for too long
	for name, caller := range map[string]*agent{"nobody": s.browser(), "a session that is over": a, "made up": {site: s, token: "x"}} {
		cookies := caller.handshake(backTo(appPage)).must(307).handed(s.clock.Now())
		if session := cookies["__session"]; session.Value != "" || session.MaxAge >= 0 || cookies["__client_uat"].Value != "0" || len(cookies) != 2 {
			t.Errorf("%s: %v", name, cookies)
		}
	}
}

// The token goes in a cookie where the application's host gets it, else in the address.
func TestHandshakeCarrier(t *testing.T) {
	for name, test := range map[string]struct {
		domain, page, query string
		cookie              bool
	}{
		"another host":                      {"", appPage, "", false},
		"the same host":                     {"", "https://" + apiHost + "/dashboard", "", true},
		"the same host, another port":       {"", "https://" + apiHost + ":8443/dashboard", "", true},
		"a shared domain":                   {"example.com", appPage, "", true},
		"outside the shared domain":         {"example.com", "https://app.example.net/", "", false},
		"a name that ends like it":          {"example.com", "https://badexample.com/", "", false},
		"http, where the cookie is secure":  {"example.com", "http://app.example.com/", "", false},
		"development":                       {"example.com", appPage, "&__clerk_hs_reason=dev-browser-missing", false},
		"development, the browser is known": {"example.com", appPage, "&__clerk_db_jwt=dvb_1", false},
	} {
		a := newSite(t, func(s *settings.Settings) {
			s.Cookie.Domain = test.domain
			s.AllowedOrigins = []string{appOrigin, "https://app.example.net", "https://badexample.com", "http://app.example.com", "https://" + apiHost + ":8443"}
		}).browser()
		a.signUpWhole("ada@example.com")
		got := a.handshake(backTo(test.page) + test.query).must(307)
		jwt, _ := got.carried()
		inCookie := got.header["location"] == test.page
		if jwt == "" || inCookie != test.cookie || inCookie == strings.Contains(got.header["location"], "__clerk_handshake=") {
			t.Errorf("%s: %s, %v", name, got.header["location"], got.cookies)
		}
		for _, cookie := range got.cookies {
			if cookie.Name == handshakeName && (!cookie.HttpOnly || !cookie.Secure || cookie.MaxAge != 60 || cookie.Domain != test.domain) {
				t.Errorf("%s: %v", name, cookie)
			}
		}
		cookies := got.handed(a.clock.Now())
		if db := cookies[devBrowserCookie]; (db != nil) != (name == "development") {
			t.Errorf("%s: the mark of the browser is %v", name, db)
		}
		if name == "a shared domain" && cookies["__client_uat"].Domain != "example.com" || name == "outside the shared domain" && cookies["__client_uat"].Domain != "" {
			t.Errorf("%s: %v", name, cookies["__client_uat"])
		}
	}
}

// A handshake hands a session token out, so it goes to allowed pages alone.
func TestHandshakeGoesToAllowedPagesOnly(t *testing.T) {
	a := newSite(t, func(s *settings.Settings) {
		s.RedirectURLs = []string{"https://shop.example/account", "myapp://callback"}
	}).browser()
	a.signUpWhole("ada@example.com")
	for page, code := range map[string]string{
		appOrigin: "", appOrigin + "/any/page": "", "https://shop.example/account/orders": "", testIssuer + "/": "",
		"https://shop.example/": "prohibited_redirect_url", "https://evil.example/": "prohibited_redirect_url",
		"http://app.example.com/": "prohibited_redirect_url", appOrigin + ":8443/": "prohibited_redirect_url",
		appOrigin + ".evil.example/": "prohibited_redirect_url", "https://sub.app.example.com/": "prohibited_redirect_url",
		appOrigin + "@evil.example/": "invalid_redirect_url", "https://evil.example\\@app.example.com/": "invalid_redirect_url",
		"https://user@app.example.com/": "invalid_redirect_url", "//app.example.com/": "invalid_redirect_url", "/page": "invalid_redirect_url",
		"myapp://callback": "invalid_redirect_url", "javascript:alert(1)": "invalid_redirect_url", "https://app.example.com/\r\nSet-Cookie: a=b": "invalid_redirect_url",
		"": "form_param_missing", appOrigin + "/" + strings.Repeat("a", 3000): "invalid_redirect_url",
	} {
		got := a.handshake(backTo(page))
		if code == "" {
			got.must(307).handed(a.clock.Now())
			continue
		}
		got.must(422, code).is("errors.0.meta.param_name", "redirect_url")
		if jwt := got.header["location"] + got.text; strings.Contains(jwt, "eyJ") || len(got.cookies) > 0 {
			t.Errorf("%s: %s, %v", page, jwt, got.cookies)
		}
	}
	a.handshake("").must(422, "form_param_missing")
	a.handshake(backTo(appPage)+"&"+backTo(appOrigin)).must(422, "invalid_redirect_url")
}

// The target's own parameter of that name goes: whoever wrote the address chose it.
func TestHandshakeReplacesAnothers(t *testing.T) {
	a := newSite(t, nil).browser()
	got := a.handshake(backTo(appOrigin + "/?a=b&__clerk_handshake=forged")).must(307)
	if strings.Contains(got.header["location"], "forged") || !strings.Contains(got.header["location"], "/?a=b&__clerk_handshake=ey") {
		t.Error(got.header["location"])
	}
}

func TestHandshakeSetsTwins(t *testing.T) {
	a := newSite(t, nil).browser()
	a.signUpWhole("ada@example.com")
	sent := []string{"__session_7HkfxqXj=a; __client_uat_7HkfxqXj=1", "__client_uat_-_345678=0; __session_short=1; __session_too_long1=1; __session_a%20bcde=1"}
	cookies := a.handshake(backTo(appPage)+"&suffixed_cookies=true", sent...).must(307).handed(a.clock.Now())
	for _, suffix := range []string{"_7HkfxqXj", "_-_345678"} {
		if cookies["__session"+suffix] == nil || cookies["__session"+suffix].Value != cookies["__session"].Value || cookies["__client_uat"+suffix].Value != cookies["__client_uat"].Value {
			t.Errorf("no twins %s: %v", suffix, cookies)
		}
	}
	if len(cookies) != 6 {
		t.Errorf("cookies %v", cookies)
	}
	for _, query := range []string{"", "&suffixed_cookies=false"} {
		if cookies := a.handshake(backTo(appPage)+query, sent...).must(307).handed(a.clock.Now()); len(cookies) != 2 {
			t.Errorf("%q: %v", query, cookies)
		}
	}
	// With many twins the token no longer fits into a cookie, and goes in the address.
	b := newSite(t, func(s *settings.Settings) { s.Cookie.Domain = "example.com" }).browser()
	b.signUpWhole("ada@example.com")
	many := b.handshake(backTo(appPage)+"&suffixed_cookies=true", "__session_00000001=; __session_00000002=; __session_00000003=; __session_00000004=").must(307)
	if !strings.Contains(many.header["location"], handshakeName) || len(many.handed(b.clock.Now())) != 2+2*maxSuffixes {
		t.Errorf("to %s", many.header["location"])
	}
}

// TestR44HandshakeIsNoSession: neither our own check nor one by audience alone takes it.
func TestR44HandshakeIsNoSession(t *testing.T) {
	a := newSite(t, nil).browser()
	a.signUpWhole("ada@example.com")
	jwt, _ := a.handshake(backTo(appPage)).must(307).carried()
	if _, err := wiretest.SigningKeys().Verify(token.Session, jwt, a.clock.Now(), token.Expect{Issuer: testIssuer, Audience: testIssuer + "/v1/client/handshake"}); err == nil {
		t.Error("it verifies as a session")
	}
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(jwt, ".")[1])
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	if claims["sub"] != nil || claims["aud"] == testIssuer || claims["exp"] != float64(a.clock.Now().Unix()+60) {
		t.Errorf("claims %v", claims)
	}
}
