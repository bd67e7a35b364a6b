package clerk

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/linkpage"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/table"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

// linkHouse is the functions that a sign-up by link takes, over a table of their own.
type linkHouse struct {
	t        *testing.T
	service  *signup.Service
	table    *table.Table
	function *gateway.Function
	log      strings.Builder
}

func newLinkHouse(t *testing.T, change func(*settings.Settings)) *linkHouse {
	t.Helper()
	s := settings.Default()
	s.RedirectURLs = []string{"https://app.example/done", "pies://callback"}
	s.AllowedOrigins = []string{"https://app.example"}
	s.Attributes.EmailAddress.Strategies = []string{"email_code", "email_link"}
	s.Attributes.Password.Requirement = settings.Off
	if change != nil {
		change(s)
	}
	keys, err := secret.NewKeyring(rand.Reader, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	store, _ := wiretest.StartTable(t, nil)
	h := &linkHouse{t: t, table: store}
	h.service = &signup.Service{Settings: s, Store: h.table, Keys: keys, Now: time.Now, Entropy: rand.Reader}
	api, pages := API{SignUps: h.service}, linkpage.New(s)
	links := Links{API: api, Pages: pages}
	h.function = &gateway.Function{Settings: s, Wire: Wire{}, Now: time.Now, Log: slog.New(slog.NewJSONHandler(&h.log, nil)), Endpoints: []gateway.Endpoint{
		{Operation: CreateSignUp, Handler: api.CreateSignUp}, {Operation: GetSignUp, Handler: api.GetSignUp},
		{Operation: PrepareVerification, Handler: api.PrepareVerification}, {Operation: OpenLink, Handler: LinkPage(pages)},
		{Operation: ConfirmLink, Handler: links.ConfirmLink}, {Operation: CompleteLink, Handler: api.CompleteLink},
		{Operation: GetEnvironment, Handler: Environment(s)},
	}}
	return h
}

// visitor is a browser, or an app, at the house.
type visitor struct {
	*linkHouse
	token  string
	native bool
	signUp string
}

// visitorAnswer is what a request got.
type visitorAnswer struct {
	events.APIGatewayV2HTTPResponse
	json map[string]any
}

// send sends a form; route is "METHOD /path" with {id} for the visitor's sign-up. Headers go before it as pairs.
func (v *visitor) send(route, query, form string, headers ...string) visitorAnswer {
	v.t.Helper()
	method, path, _ := strings.Cut(route, " ")
	event := events.APIGatewayV2HTTPRequest{RouteKey: route, RawPath: strings.ReplaceAll(path, "{id}", v.signUp), RawQueryString: query, Body: form,
		PathParameters: map[string]string{"id": v.signUp}, Headers: map[string]string{"host": "api.example", "x-forwarded-proto": "https"}}
	event.RequestContext.HTTP.Method, event.RequestContext.DomainName = method, "api.example"
	if v.native {
		event.RawQueryString = strings.TrimPrefix(query+"&_is_native=1", "&")
		event.Headers["authorization"] = v.token
	} else if v.token != "" {
		event.Cookies = []string{clientCookie + "=" + v.token}
	}
	for i := 0; i < len(headers); i += 2 {
		event.Headers[headers[i]] = headers[i+1]
	}
	payload, _ := json.Marshal(event)
	answer, err := v.function.Invoke(v.t.Context(), payload)
	if err != nil {
		v.t.Fatal(err)
	}
	var out visitorAnswer
	if err := json.Unmarshal(answer, &out.APIGatewayV2HTTPResponse); err != nil {
		v.t.Fatal(err)
	}
	_ = json.Unmarshal([]byte(out.Body), &out.json) // a page isn't JSON
	v.keep(out)
	return out
}

func (v *visitor) keep(a visitorAnswer) {
	if token := a.Headers["authorization"]; v.native && token != "" {
		v.token = token
	}
	for _, line := range a.Cookies {
		cookie, err := http.ParseSetCookie(line)
		if err != nil {
			v.t.Fatal(err)
		}
		if cookie.Name == clientCookie {
			v.token = cookie.Value
		}
	}
	if response, ok := a.json["response"].(map[string]any); ok && response["object"] == "sign_up_attempt" {
		v.signUp = response["id"].(string)
	}
}

func (v *visitor) mustBe(a visitorAnswer, status int) visitorAnswer {
	v.t.Helper()
	if a.StatusCode != status {
		v.t.Fatalf("got %d %s, want %d", a.StatusCode, a.Body, status)
	}
	return a
}

// link is the address in the newest mail to the visitor.
func (v *visitor) link() *url.URL {
	v.t.Helper()
	link, err := url.Parse(v.due(v.token).LinkURL(v.service.Keys.Current(), v.service.Settings.PublicURL).Reveal())
	if err != nil {
		v.t.Fatal(err)
	}
	return link
}

// code is the code in the newest mail to the client of that token.
func (v *visitor) code(token string) string {
	return v.due(token).Code(v.service.Keys.Current()).Reveal()
}

func (v *visitor) due(token string) signup.DueMail {
	v.t.Helper()
	id, _ := secret.ParseClientToken(token).Parts()
	c, err := v.table.LinkedClient(v.t.Context(), id)
	if err != nil {
		v.t.Fatal(err)
	}
	verification := c.SignUp.Verifications["email_address"]
	return signup.DueMail{
		ClientID: c.ID, SignUpID: c.SignUp.ID, Canonical: c.SignUp.EmailAddress.Canonical, Nonce: verification.Nonce,
		Linked: verification.Linked, LinkBase: verification.LinkBase,
	}
}

const (
	createRoute  = "POST /v1/client/sign_ups"
	getRoute     = "GET /v1/client/sign_ups/{id}"
	prepareRoute = "POST /v1/client/sign_ups/{id}/prepare_verification"
	openRoute    = "GET /v1/verify"
	confirmRoute = "POST /v1/verify"
	appRoute     = "POST /v1/client/magic_links/complete"
	target       = "https://app.example/done?plan=pro&__clerk_status=verified#/verify?a=b"
	verifier     = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
	challenge    = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// invited is a visitor with a link in the mail, as create sends it at once.
func (h *linkHouse) invited(headers ...string) *visitor {
	h.t.Helper()
	v := &visitor{linkHouse: h}
	form := url.Values{"email_address": {"ada@example.com"}, "strategy": {"email_link"}, "redirect_url": {target}}.Encode()
	v.mustBe(v.send(createRoute, "", form, headers...), 200)
	return v
}

func (a visitorAnswer) at(path ...string) any {
	var value any = a.json
	for _, name := range path {
		members, _ := value.(map[string]any)
		value = members[name]
	}
	return value
}

func TestLinkOverTheWire(t *testing.T) {
	v := newLinkHouse(t, nil).invited()
	poll := v.mustBe(v.send(getRoute, "", ""), 200)
	want := map[string]any{"object": "verification_email_link", "status": "unverified", "strategy": "email_link", "attempts": 0.0,
		"next_action": "needs_attempt", "supported_strategies": []any{"email_code", "email_link"}, "expire_at": poll.at("response", "verifications", "email_address", "expire_at")}
	if diff := cmp.Diff(want, poll.at("response", "verifications", "email_address")); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	query := v.link().RawQuery
	page := v.mustBe(v.send(openRoute, query, "", "accept-language", "de"), 200)
	if page.Headers["content-language"] != "de" || page.Headers["cache-control"] != "no-store" || len(page.Cookies) > 0 {
		t.Errorf("the page: %v %v", page.Headers, page.Cookies)
	}
	done := v.mustBe(v.send(confirmRoute, query, "", "origin", "null"), 303)
	after := v.mustBe(v.send(getRoute, "", ""), 200)
	session, _ := after.at("response", "created_session_id").(string)
	if got, want := done.Headers["location"], "https://app.example/done?plan=pro&__clerk_status=verified&__clerk_created_session="+session+"#/verify?a=b"; got != want || session == "" {
		t.Errorf("goes on to %s, want %s", got, want)
	}
	if done.Headers["referrer-policy"] != "no-referrer" || done.Body != "" || done.Headers["access-control-allow-origin"] != "" {
		t.Errorf("the redirect: %v %s", done.Headers, done.Body)
	}
	signedIn, _ := at(after.json, "client.sessions.0.created_at").(float64)
	if len(done.Cookies) != 2 || !strings.Contains(done.Cookies[0], "HttpOnly; Secure; SameSite=Lax") ||
		!strings.HasPrefix(done.Cookies[1], fmt.Sprintf("__client_uat=%.0f; ", math.Floor(signedIn/1000))) {
		t.Errorf("R52: the cookies: %v", done.Cookies)
	}
	for path, want := range map[string]any{"status": "verified", "strategy": "email_link", "next_action": "", "verified_at_client": after.at("client", "id")} {
		if got := after.at("response", "verifications", "email_address", path); got != want {
			t.Errorf("after: %s is %v, want %v", path, got, want)
		}
	}
	token, _ := url.ParseQuery(query)
	for _, part := range []string{token.Get("token"), token.Get("token")[50:86], v.token[30:]} {
		if strings.Contains(v.log.String(), part) {
			t.Errorf("R59: %q is in the log", part)
		}
	}
	if !strings.Contains(v.log.String(), `"link":"verified"`) {
		t.Errorf("R58: the log doesn't say what came of the link:\n%s", v.log.String())
	}
}

// R16, R17: what a redirect says, and to whom.
func TestR17Redirects(t *testing.T) {
	stranger := func(v *visitor) { v.token = "" }
	for name, c := range map[string]struct {
		change func(*settings.Settings)
		before func(v *visitor)
		want   string
	}{
		"by a stranger":                    {nil, stranger, "client_mismatch"},
		"by a stranger, where anybody may": {func(s *settings.Settings) { s.Verification.RequireSameClient = false }, stranger, "verified"},
		"by the one who began":             {nil, func(*visitor) {}, "verified"},
		"expired":                          {nil, func(v *visitor) { v.service.Now = func() time.Time { return time.Now().Add(10 * time.Minute) } }, "expired"},
	} {
		v := newLinkHouse(t, c.change).invited()
		query := v.link().RawQuery
		c.before(v)
		answer := v.mustBe(v.send(confirmRoute, query, "", "origin", "null"), 303)
		location, err := url.Parse(answer.Headers["location"])
		if err != nil {
			t.Fatal(err)
		}
		got := location.Query()
		if got.Get("__clerk_status") != c.want || got.Get("plan") != "pro" || location.Fragment != "/verify?a=b" || len(got["__clerk_status"]) != 1 {
			t.Errorf("%s: %s", name, location)
		}
		if got.Has("__clerk_created_session") != (c.want == "verified") {
			t.Errorf("%s: %s", name, location)
		}
		if strings.Contains(name, "stranger") && len(answer.Cookies) > 0 {
			t.Errorf("%s: a stranger got a cookie", name)
		}
	}
}

// Without a redirect URL the link ends on a page of ours.
func TestLinkEndsOnAPage(t *testing.T) {
	h := newLinkHouse(t, nil)
	v := &visitor{linkHouse: h}
	v.mustBe(v.send(createRoute, "", "email_address=ada@example.com&strategy=email_code"), 200)
	query, token := v.link().RawQuery, v.token
	v.token = ""
	if page := v.mustBe(v.send(confirmRoute, query, ""), 400); !strings.Contains(page.Body, "where you began") || page.Headers["referrer-policy"] != "no-referrer" ||
		strings.Count(page.Body, ">"+v.code(token)+"<") != 1 || strings.Contains(v.log.String(), v.code(token)) {
		t.Errorf("a stranger sees %s", page.Body)
	}
	v.token = token
	if page := v.mustBe(v.send(confirmRoute, query, ""), 200); !strings.Contains(page.Body, "is confirmed") || len(page.Cookies) != 2 {
		t.Errorf("the one who began sees %s", page.Body)
	}
}

// An unreadable token is refused in the wire's envelope, whatever the method.
func TestUnreadableLinkToken(t *testing.T) {
	v := newLinkHouse(t, nil).invited()
	good := v.link().RawQuery
	for _, query := range []string{"", "token=", "token=x", good + "x", good + "&" + good, "token=eyJhbGciOiJSUzI1NiJ9.e30.c2ln", strings.ToUpper(good), "Token=" + strings.TrimPrefix(good, "token=")} {
		for _, route := range []string{openRoute, confirmRoute} {
			answer := v.mustBe(v.send(route, query, ""), 400)
			list, _ := answer.json["errors"].([]any)
			if len(list) != 1 || list[0].(map[string]any)["code"] != "verification_link_token_invalid" {
				t.Errorf("%s with %q: %s", route, query, answer.Body)
			}
		}
	}
	head := v.mustBe(v.send("HEAD /v1/verify", good, ""), 200)
	if head.Body != "" || head.Headers["content-type"] != "text/html; charset=utf-8" {
		t.Errorf("HEAD: %v %q", head.Headers, head.Body)
	}
}

// R17: nothing that a caller sends names the host of the link, unless it is one of
// the settings' own proxies.
func TestR17ForgedHostsDontReachTheLink(t *testing.T) {
	const proxy = "https://app.example/__clerk"
	for name, c := range map[string]struct {
		publicURL, header, value, want string
	}{
		"public_url":                    {"https://auth.example/door", "", "", "https://auth.example/door"},
		"no public_url":                 {"", "", "", "https://api.example"},
		"a proxy":                       {"https://auth.example", "clerk-proxy-url", proxy, proxy},
		"a proxy, no public_url":        {"", "clerk-proxy-url", proxy, proxy},
		"a forged proxy":                {"https://auth.example", "clerk-proxy-url", "https://evil.example", "https://auth.example"},
		"a forged proxy, no public_url": {"", "clerk-proxy-url", "https://evil.example/__clerk", "https://api.example"},
		"a longer proxy":                {"", "clerk-proxy-url", proxy + "/x", "https://api.example"},
		"a longer host":                 {"", "clerk-proxy-url", "https://app.example.evil.example/__clerk", "https://api.example"},
		"two proxies":                   {"", "clerk-proxy-url", proxy + ",https://evil.example", "https://api.example"},
		"a proxy with a slash":          {"", "clerk-proxy-url", proxy + "/", "https://api.example"},
		"another scheme":                {"", "clerk-proxy-url", "http://app.example/__clerk", "https://api.example"},
		"a forged Host":                 {"", "host", "evil.example", "https://api.example"},
		"a forged Host, public_url":     {"https://auth.example", "host", "evil.example", "https://auth.example"},
		"X-Forwarded-Host":              {"", "x-forwarded-host", "evil.example", "https://api.example"},
		"X-Forwarded-Proto":             {"", "x-forwarded-proto", "http", "https://api.example"},
		"Forwarded":                     {"", "forwarded", "host=evil.example;proto=http", "https://api.example"},
		"X-Original-URL":                {"", "x-original-url", "https://evil.example/", "https://api.example"},
		"Referer":                       {"", "referer", "https://evil.example/", "https://api.example"},
		"Origin":                        {"", "origin", "https://app.example", "https://api.example"},
	} {
		h := newLinkHouse(t, func(s *settings.Settings) {
			s.PublicURL, s.ProxyURLs = c.publicURL, []string{proxy}
		})
		var headers []string
		if c.header != "" {
			headers = []string{c.header, c.value}
		}
		link := h.invited(headers...).link()
		if got := strings.TrimSuffix(link.String(), "?"+link.RawQuery); got != c.want+"/v1/verify" {
			t.Errorf("%s: the link is %s, want it below %s", name, got, c.want)
		}
	}
}

func TestR33NativeLinkOverTheWire(t *testing.T) {
	h := newLinkHouse(t, nil)
	app, browser := &visitor{linkHouse: h, native: true}, &visitor{linkHouse: h}
	app.mustBe(app.send(createRoute, "", "email_address=ada@example.com"), 200)
	app.preparesByPKCE()
	answer := browser.mustBe(browser.send(confirmRoute, app.link().RawQuery, "", "origin", "null"), 303)
	location, err := url.Parse(answer.Headers["location"])
	if err != nil || !strings.HasPrefix(location.String(), "pies://callback?flow_id=sua_") || len(answer.Cookies) > 0 {
		t.Fatalf("goes on to %s (%v)", answer.Headers["location"], err)
	}
	form := url.Values{"flow_id": {location.Query().Get("flow_id")}, "approval_token": {location.Query().Get("approval_token")}, "code_verifier": {verifier}}
	form.Set("code_verifier", strings.Repeat("x", 43))
	if refused := app.mustBe(app.send(appRoute, "", form.Encode()), 422); !strings.Contains(refused.Body, "pkce_verification_failed") {
		t.Errorf("another verifier: %s", refused.Body)
	}
	form.Set("code_verifier", verifier)
	if refused := browser.mustBe(browser.send(appRoute, "", form.Encode()), 422); !strings.Contains(refused.Body, "approval_token_invalid") {
		t.Errorf("another client: %s", refused.Body)
	}
	done := app.mustBe(app.send(appRoute, "", form.Encode()), 200)
	if done.at("response", "status") != "complete" || done.at("client", "last_active_session_id") != done.at("response", "created_session_id") || done.Headers["authorization"] == "" {
		t.Errorf("completed: %s", done.Body)
	}
	again := app.mustBe(app.send(appRoute, "", form.Encode()), 422)
	if !strings.Contains(again.Body, "approval_token_consumed") || again.at("meta", "client", "id") != done.at("client", "id") {
		t.Errorf("again: %s", again.Body)
	}
	form.Del("flow_id")
	if refused := app.mustBe(app.send(appRoute, "", form.Encode()), 422); !strings.Contains(refused.Body, `"param_name":"flow_id"`) {
		t.Errorf("no flow: %s", refused.Body)
	}
}

// preparesByPKCE asks for a link as an app must, after it was refused without each part.
func (v *visitor) preparesByPKCE() {
	v.t.Helper()
	pkce := url.Values{"strategy": {"email_link"}, "redirect_uri": {"pies://callback"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"}}
	for _, lacking := range []string{"redirect_uri", "code_challenge", "code_challenge_method"} {
		without := url.Values{}
		for name, values := range pkce {
			if name != lacking {
				without[name] = values
			}
		}
		answer := v.mustBe(v.send(prepareRoute, "", without.Encode()), 422)
		if !strings.Contains(answer.Body, `"code":"form_param_missing"`) || !strings.Contains(answer.Body, `"param_name":"`+lacking+`"`) {
			v.t.Errorf("without %s: %s", lacking, answer.Body)
		}
	}
	v.mustBe(v.send(prepareRoute, "", pkce.Encode()), 200)
}

func TestEnvironmentListsLinks(t *testing.T) {
	for _, same := range []bool{true, false} {
		v := &visitor{linkHouse: newLinkHouse(t, func(s *settings.Settings) { s.Verification.RequireSameClient = same })}
		answer := v.mustBe(v.send("GET /v1/environment", "", ""), 200)
		if got := answer.at("user_settings", "attack_protection", "email_link", "require_same_client"); got != same {
			t.Errorf("require_same_client is %v, want %v", got, same)
		}
		if diff := cmp.Diff([]any{"email_code", "email_link"}, answer.at("user_settings", "attributes", "email_address", "verifications")); diff != "" {
			t.Errorf("verifications (-want +got):\n%s", diff)
		}
	}
}

// R17: a redirect keeps the target as it is written, but for what only we may say.
func TestR17WithParams(t *testing.T) {
	ours := []param{{statusParam, "failed"}, {sessionParam, "a b&c"}}
	const added = "__clerk_status=failed&__clerk_created_session=a+b%26c"
	for target, want := range map[string]string{
		"https://a.example":                                   "https://a.example?" + added,
		"https://a.example/":                                  "https://a.example/?" + added,
		"https://a.example/x?":                                "https://a.example/x?" + added,
		"https://a.example/x?y=%20z&y=1&&q":                   "https://a.example/x?y=%20z&y=1&q&" + added,
		"https://a.example/x#/verify?x=1#y":                   "https://a.example/x?" + added + "#/verify?x=1#y",
		"https://a.example/x?y=1#":                            "https://a.example/x?y=1&" + added + "#",
		"https://a.example/x?__clerk_status=verified":         "https://a.example/x?" + added,
		"https://a.example/x?%5F_clerk_status=verified&a=1":   "https://a.example/x?a=1&" + added,
		"https://a.example/x?a=1&__clerk_created_session=s&b": "https://a.example/x?a=1&b&" + added,
		"https://a.example/x?__clerk_ticket=t":                "https://a.example/x?__clerk_ticket=t&" + added,
		"https://a.example/x?flow_id=1&approval_token=2":      "https://a.example/x?" + added,
		"https://a.example/x?%zz=__clerk_status":              "https://a.example/x?%zz=__clerk_status&" + added,
		"pies://callback":                                     "pies://callback?" + added,
	} {
		if got := withParams(target, ours); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
}

// A page may not read what a link came to, and no answer of a link is kept by anybody.
func TestR17LinkAnswersAreNotCached(t *testing.T) {
	v := newLinkHouse(t, nil).invited()
	v.function.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	query := v.link().RawQuery
	for _, route := range []string{openRoute, "HEAD /v1/verify", confirmRoute} {
		for _, origin := range []string{"null", "https://evil.example"} {
			answer := v.send(route, query, "", "origin", origin)
			if answer.Headers["cache-control"] != "no-store" || answer.Headers["access-control-allow-origin"] != "" {
				t.Errorf("%s from %s: %v", route, origin, answer.Headers)
			}
		}
	}
}
