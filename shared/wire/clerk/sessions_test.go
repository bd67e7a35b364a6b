package clerk

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/token"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

func manySessions(s *settings.Settings) { s.SingleSession = false }

// signedIn is a browser with n sessions, of as many users; the last is the active one.
func signedIn(t *testing.T, n int) (*agent, []string) {
	t.Helper()
	a := newSite(t, manySessions).browser()
	var ids []string
	for i := range n {
		id, _ := a.signUpWhole(fmt.Sprintf("ada%d@example.com", i)).at("response.created_session_id").(string)
		ids = append(ids, id)
		a.clock.Forward(time.Second)
	}
	return a, ids
}

func (a *agent) onSession(id, verb string, fields ...string) *answer {
	a.t.Helper()
	return a.form("POST", "/v1/client/sessions/"+id+"/"+verb, fields...)
}

// withTokens are the sessions of a client that come with a token.
func withTokens(client any) (ids []string) {
	sessions, _ := at(client, "sessions").([]any)
	for _, session := range sessions {
		if at(session, "last_active_token.jwt") != nil {
			ids = append(ids, at(session, "id").(string))
		}
	}
	return ids
}

// shows holds the client that came with an answer: its sessions in order, those with a token, the active one.
func (r *answer) shows(path string, sessions, tokens []string, active any) *answer {
	r.t.Helper()
	var got []string
	list, _ := r.at(path + ".sessions").([]any)
	for _, session := range list {
		got = append(got, at(session, "id").(string))
		if at(session, "status") != "active" {
			r.t.Errorf("a session in the client is %v", at(session, "status"))
		}
	}
	slices.Sort(tokens)
	if diff := cmp.Diff([][]string{sessions, tokens}, [][]string{got, slices.Sorted(slices.Values(withTokens(r.at(path))))}); diff != "" {
		r.t.Errorf("sessions, tokens (-want +got):\n%s", diff)
	}
	return r.is(path+".last_active_session_id", active)
}

// What each operation on a session answers with (§2.1, §3.2, §3.8): the session as it
// is then, and the client after it. A token comes with the active session and with
// the one in question, if it is live, and with no other.
func TestSessionAnswers(t *testing.T) {
	a, ids := signedIn(t, 4)
	got := a.get("/v1/client/sessions/" + ids[0]).must(200)
	got.is("response.object", "session").is("response.id", ids[0]).is("response.status", "active").is("response.last_active_token.object", "token")
	got.shows("client", ids, []string{ids[0], ids[3]}, ids[3])
	a.clock.Forward(time.Hour)
	got = a.onSession(ids[1], "touch", "active_organization_id", "", "intent", "select_session").must(200)
	got.is("response.id", ids[1]).is("response.status", "active").is("response.last_active_at", a.clock.Now().UnixMilli())
	got.is("response.expire_at", a.clock.Now().Add(7*24*time.Hour).UnixMilli())
	got.shows("client", ids, []string{ids[1]}, ids[1])
	for _, c := range []struct{ verb, path, status string }{
		{"end", "/v1/client/sessions/" + ids[0] + "/end", "ended"},
		{"remove", "/v1/client/sessions/" + ids[1] + "/remove", "removed"},
		{"revoke", "/v1/me/sessions/" + ids[3] + "/revoke", "revoked"},
	} {
		query := ""
		if c.verb == "revoke" {
			query = "_clerk_session_id=" + ids[3]
		}
		got := a.call("POST", c.path, query, formType, "").must(200)
		got.is("response.object", "session").is("response.status", c.status).is("response.last_active_token", nil)
	}
	a.last.shows("client", ids[2:3], ids[2:3], ids[2])
	got = a.call("DELETE", "/v1/client/sessions", "", "", "").must(200).is("client", nil).is("response.object", "client")
	got.shows("response", nil, nil, nil)
	if a.uat != "0" {
		t.Errorf("__client_uat is %q after signing out", a.uat)
	}
	a.call("POST", "/v1/client/sessions", "_method=DELETE", formType, "").must(200).is("response.sessions", "=[]")
	a.call("POST", "/v1/client/sessions", "", formType, "_method=DELETE").must(200).is("response.sessions", "=[]")
	nobody := a.site.browser()
	nobody.call("DELETE", "/v1/client/sessions", "", "", "").must(200).is("response", nil).is("client", nil)
}

// Tokens and the list of sessions come bare (§2.1), with success and with an error.
func TestBareSessionAnswers(t *testing.T) {
	a, ids := signedIn(t, 2)
	got := a.onSession(ids[0], "tokens", "organization_id", "", "tab_state", "focused").must(200)
	if claims := verified(t, got.at("jwt").(string), testIssuer, a.clock.Now()); claims["sid"] != ids[0] || len(got.body) != 2 {
		t.Errorf("sid %v in %s", claims["sid"], got.text)
	}
	got.is("object", "token")
	list := a.call("GET", "/v1/me/sessions/active", "_clerk_session_id="+ids[0], "", "").must(200)
	list.is("list.0.id", ids[0]).is("list.0.status", "active").is("list.1", nil)
	list.is("list.0.user.id", verified(t, got.at("jwt").(string), testIssuer, a.clock.Now())["sub"])
	a.get("/v1/me/sessions/active").must(200).is("list.0.id", ids[1]).is("list.0.last_active_token", nil)
	for _, refused := range []*answer{
		a.onSession("sess_"+strings.Repeat("0", 22), "tokens").must(404, "resource_not_found"),
		a.onSession(ids[0], "tokens", "organization_id", "org_1").must(422, "form_param_value_invalid"),
		a.call("GET", "/v1/me/sessions/active", "_clerk_session_id=sess_x", "", "").must(401, "authentication_invalid"),
	} {
		if refused.at("meta") != nil || refused.at("client") != nil {
			t.Errorf("the client came with %s", refused.text)
		}
	}
}

// An error in the envelope carries the client as it is, with its open sign-up (§2.2).
func TestSessionErrorsCarryTheClient(t *testing.T) {
	a, ids := signedIn(t, 2)
	open, _ := a.create("email_address", "countess@example.com").must(200).at("response.id").(string)
	a.onSession(ids[0], "touch").must(200).is("client.sign_up.id", open)
	a.get("/v1/me").must(200).is("client.sign_up.id", open)
	other := a.site.browser()
	theirs, _ := other.signUpWhole("eve@example.com").at("response.created_session_id").(string)
	for _, id := range []string{
		theirs, "sess_" + strings.Repeat("0", 22), "sess_", "x", strings.TrimPrefix(ids[0], "sess_"), "user_" + ids[0][5:], ids[0] + "0",
		"sess_zzzzzzzzzzzzzzzzzzzzzz", "%00", "sess_" + strings.Repeat("é", 11),
	} {
		for _, send := range []func() *answer{
			func() *answer { return a.get("/v1/client/sessions/" + id) },
			func() *answer { return a.onSession(id, "touch") },
			func() *answer { return a.onSession(id, "end") },
			func() *answer { return a.onSession(id, "remove") },
			func() *answer { return a.form("POST", "/v1/me/sessions/"+id+"/revoke") },
		} {
			send().must(404, "resource_not_found").is("meta.client.sign_up.id", open).shows("meta.client", ids, ids[:1], ids[0])
		}
	}
	a.end(ids[0])
	a.onSession(ids[0], "touch").must(401, "signed_out").is("meta.client.sign_up.id", open).shows("meta.client", ids[1:], ids[1:], ids[1])
	a.call("GET", "/v1/me", "_clerk_session_id="+ids[0], "", "").must(401, "authentication_invalid").shows("meta.client", ids[1:], ids[1:], ids[1])
	nobody := a.site.browser()
	for _, refused := range []*answer{
		nobody.onSession(ids[1], "touch"), nobody.onSession(ids[1], "tokens"), nobody.get("/v1/me"), nobody.get("/v1/me/sessions/active"),
		nobody.get("/v1/client/sessions/" + ids[1]), nobody.onSession(ids[1], "end"), nobody.form("POST", "/v1/me/sessions/"+ids[1]+"/revoke"),
	} {
		refused.must(401, "authentication_invalid")
		if refused.at("meta") != nil || len(refused.cookies) != 0 {
			t.Errorf("%s, %v", refused.text, refused.cookies)
		}
	}
}

// end ends a session behind its client's back, as the user does on another client.
func (a *agent) end(id string) {
	a.t.Helper()
	session, _ := signup.ParseID(strings.TrimPrefix(id, sessionPrefix))
	client, hash := secret.ParseClientToken(a.token).Parts()
	c, err := a.store.Client(context.Background(), signup.Proof{ClientID: client, Hash: hash, Now: a.clock.Now()})
	if err != nil {
		a.t.Fatal(err)
	}
	for _, ref := range c.Sessions {
		if ref.ID == session {
			if err := a.store.RevokeSession(context.Background(), ref); err != nil {
				a.t.Fatal(err)
			}
		}
	}
}

// Bad input gets a documented error, and never a fault of ours (§2.2).
func TestSessionInput(t *testing.T) {
	a, ids := signedIn(t, 1)
	path := "/v1/client/sessions/" + ids[0]
	for _, c := range []struct {
		method, path, query, contentType, body string
		status                                 int
		codes                                  []string
	}{
		{"POST", path + "/touch", "", "", "", 200, nil},
		{"POST", path + "/tokens", "", "", "", 200, nil},
		{"POST", path + "/tokens", "", "application/json", `{"organization_id":null}`, 200, nil},
		{"POST", path + "/touch", "", formType, "active_organization_id=org_1&intent=select_org", 422, []string{"form_param_value_invalid"}},
		{"POST", path + "/touch", "", formType, "active_organization_id=&active_organization_id=", 422, []string{"form_param_duplicate"}},
		{"POST", path + "/touch", "", formType, "intent=%zz", 400, []string{"request_body_invalid"}},
		{"POST", path + "/touch", "", "text/plain", "intent=focus", 415, []string{"unsupported_content_type"}},
		{"POST", path + "/tokens", "", "application/json", `{`, 400, []string{"request_body_invalid"}},
		{"POST", path + "/tokens", "", "application/json", `{"organization_id":{"a":1}}`, 422, nil},
		{"POST", path + "/tokens", "", formType, "organization_id=" + strings.Repeat("x", 5000), 422, []string{"form_param_max_length_exceeded"}},
		{"POST", path + "/tokens", "", formType, "organization_id=%ff", 422, []string{"form_param_value_invalid"}},
		{"POST", path + "/tokens/integration_firebase", "", formType, "", 404, []string{"resource_not_found"}},
		{"POST", path, "", formType, "", 404, []string{"resource_not_found"}},
		{"POST", path, "_method=DELETE", formType, "", 404, []string{"resource_not_found"}},
		{"DELETE", path, "", "", "", 404, []string{"resource_not_found"}},
		{"GET", path + "/touch", "", "", "", 404, []string{"resource_not_found"}},
		{"PATCH", path + "/touch", "", formType, "", 404, []string{"resource_not_found"}},
		{"PUT", path + "/tokens", "", formType, "", 404, []string{"resource_not_found"}},
		{"GET", "/v1/client/sessions", "", "", "", 404, []string{"resource_not_found"}},
		{"POST", "/v1/client/sessions", "", formType, "", 404, []string{"resource_not_found"}},
		{"POST", "/v1/client/sessions", "_method=PATCH", formType, "", 404, []string{"resource_not_found"}},
		{"POST", "/v1/me", "_method=PATCH", formType, "first_name=Eve", 404, []string{"resource_not_found"}},
		{"DELETE", "/v1/me", "", "", "", 404, []string{"resource_not_found"}},
		{"GET", "/v1/me", "_clerk_session_id=%zz", "", "", 400, []string{"malformed_request_parameters"}},
		{"GET", "/v1/me", "_clerk_session_id=", "", "", 200, nil},
		{"GET", "/v1/me", "_clerk_session_id=" + ids[0] + "&_clerk_session_id=x", "", "", 200, nil},
		{"GET", "/v1/me/sessions/active", "_clerk_session_id=" + ids[0][5:], "", "", 401, []string{"authentication_invalid"}},
		{"POST", "/v1/me/sessions/" + ids[0] + "/revoke", "_clerk_session_id=sess_0", formType, "", 401, []string{"authentication_invalid"}},
	} {
		got := a.call(c.method, c.path, c.query, c.contentType, c.body)
		if c.codes == nil && c.status >= 400 {
			if got.status != c.status {
				t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, got.status, got.text)
			}
			continue
		}
		got.must(c.status, c.codes...)
	}
	a.header["origin"] = "https://evil.example"
	a.onSession(ids[0], "touch").must(400, "origin_invalid")
	a.call("DELETE", "/v1/client/sessions", "", "", "").must(400, "origin_invalid")
	a.header["origin"] = appOrigin
	a.get("/v1/me").must(200).is("client.sessions.0.id", ids[0])
}

// R50: signing out works at once for whatever asks; a token that is out already is
// refused when its minute is over.
func TestR50SignOutWorksWithinAMinute(t *testing.T) {
	a, ids := signedIn(t, 1)
	jwt, _ := a.onSession(ids[0], "tokens").must(200).at("jwt").(string)
	made := a.clock.Now()
	tab := *a
	a.call("DELETE", "/v1/client/sessions", "", "", "").must(200)
	for _, refused := range []*answer{tab.onSession(ids[0], "tokens"), tab.onSession(ids[0], "touch"), tab.get("/v1/client/sessions/" + ids[0])} {
		refused.must(404, "resource_not_found")
	}
	tab.get("/v1/me").must(401, "authentication_invalid").is("meta.client.sessions", "=[]")
	tab.get("/v1/client").must(200).is("response.sessions", "=[]")
	verified(t, jwt, testIssuer, made.Add(sessionTokenLife-time.Second))
	expect := token.Expect{Issuer: testIssuer, Audience: testIssuer}
	if _, err := wiretest.SigningKeys().Verify(token.Session, jwt, made.Add(sessionTokenLife+token.ClockSkew), expect); err == nil {
		t.Error("the token outlives its minute")
	}
}

// R49: whatever is asked within the minute after a completion with the token before
// it is answered with the new one, in both modes; after it, that token is nobody's.
func TestR49SessionsAnswerEarlierTokens(t *testing.T) {
	for name, a := range map[string]*agent{"browser": newSite(t, nil).browser(), "app": newSite(t, nil).app()} {
		a.create("email_address", "ada@example.com", "password", goodPassword).must(200)
		a.prepare().must(200)
		before := *a
		id, _ := a.attempt(a.code()).must(200).at("response.created_session_id").(string)
		for _, verb := range []string{"touch", "tokens"} {
			tab := before
			tab.onSession(id, verb).must(200)
			if tab.token != a.token {
				t.Errorf("%s, %s: no new token came", name, verb)
			}
		}
		a.clock.Forward(time.Minute)
		for _, verb := range []string{"touch", "tokens", "end"} {
			tab := before
			tab.onSession(id, verb).must(401, "authentication_invalid")
		}
		a.onSession(id, "touch").must(200)
	}
}

// busy is a store that refuses a method for its load.
type busy struct {
	signup.Store
	method string
}

func (b busy) Client(ctx context.Context, p signup.Proof) (*signup.Client, error) {
	if b.method == "Client" {
		return nil, signup.ErrBusy
	}
	return b.Store.Client(ctx, p)
}

func (b busy) Sessions(ctx context.Context, refs []signup.SessionRef) ([]*signup.Session, error) {
	if b.method == "Sessions" {
		return nil, signup.ErrBusy
	}
	return b.Store.Sessions(ctx, refs)
}

func (b busy) BeginVerification(
	context.Context, signup.Proof, signup.ID, signup.Strategy, *signup.Verification, time.Duration, identifier.Identifier,
) (*signup.Client, error) {
	return nil, signup.ErrBusy
}

// A table that refuses for its load makes nobody look signed out: neither a client
// without its sessions is told, nor a cookie that says so.
func TestBusyTableSignsNobodyOut(t *testing.T) {
	a, ids := signedIn(t, 1)
	a.create("email_address", "countess@example.com").must(200)
	whole := a.store.Store
	for _, method := range []string{"Client", "Sessions"} {
		a.store.Store = busy{whole, method}
		for _, got := range []*answer{
			a.get("/v1/client"), a.get("/v1/client/sessions/" + ids[0]), a.onSession(ids[0], "touch"), a.onSession(ids[0], "tokens"),
			a.onSession(ids[0], "end"), a.call("DELETE", "/v1/client/sessions", "", "", ""), a.get("/v1/me"), a.get("/v1/me/sessions/active"),
			a.prepare(), a.update("first_name", "Ada"),
		} {
			got.must(503, "service_unavailable")
			if got.at("meta") != nil || len(got.cookies) != 0 {
				t.Errorf("%s: %s, %v", method, got.text, got.cookies)
			}
		}
	}
	a.store.Store = whole
	if got := a.create("email_address", "x").must(422, "form_param_format_invalid"); len(got.cookies) != 0 {
		t.Errorf("a refused field came with %v", got.cookies)
	}
	a.get("/v1/client").must(200).is("response.sessions.0.id", ids[0])
}

// oneSession is a store with one client, whose one session never ends.
type oneSession struct {
	signup.Store
	client  *signup.Client
	session *signup.Session
}

func newOneSession() oneSession {
	session := &signup.Session{
		ID: signup.ID{1}, ClientID: signup.ID{2}, User: &signup.User{ID: signup.ID{3}}, LastActiveAt: wiretest.Epoch,
		IdleUntil: wiretest.Epoch.Add(time.Hour), ExpiresAt: wiretest.Epoch.Add(time.Hour),
	}
	return oneSession{session: session, client: &signup.Client{
		ID: session.ClientID, Active: session.ID,
		Sessions: []signup.SessionRef{{ID: session.ID, UserID: session.User.ID, ExpiresAt: session.ExpiresAt}},
	}}
}

func (o oneSession) Client(context.Context, signup.Proof) (*signup.Client, error) {
	c := *o.client
	return &c, nil
}

func (o oneSession) Sessions(_ context.Context, refs []signup.SessionRef) ([]*signup.Session, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	return []*signup.Session{o.session}, nil
}

func (o oneSession) UserSessions(context.Context, signup.ID) ([]*signup.Session, error) {
	return []*signup.Session{o.session}, nil
}

func (o oneSession) EndSessions(context.Context, *signup.Client, []signup.SessionRef) error {
	return nil
}

// Whatever stands for a session in a path, query or form is answered as documented,
// and only its own name finds it.
func FuzzSessionRequests(f *testing.F) {
	store, own := newOneSession(), sessionPrefix+signup.ID{1}.String()
	for _, id := range []string{
		own, "", "sess_", "sess_0000000000000000000000", own + "0", own[5:], "..", "%2e%2e", "sess_\x00", "é", strings.Repeat("z", 200),
	} {
		for n := range sessionRequests {
			f.Add(uint(n), id, "", "")
			f.Add(uint(n), id, "_clerk_session_id="+url.QueryEscape(id), "organization_id="+url.QueryEscape(id))
		}
	}
	s := settings.Default()
	s.PublicURL = "https://" + apiHost
	keys := wiretest.NewKeyring(f)
	at := wiretest.NewClock()
	api := API{SignUps: &signup.Service{Settings: s, Store: store, Keys: keys, Now: at.Now, Entropy: rand.Reader}, Keys: wiretest.SigningKeys()}
	function := &gateway.Function{Settings: s, Wire: Wire{}, Log: slog.New(slog.DiscardHandler), Now: at.Now, Endpoints: endpoints(api, s)}
	f.Fuzz(func(t *testing.T, n uint, id, query, form string) {
		method, path, _ := strings.Cut(sessionRequests[n%uint(len(sessionRequests))], " ")
		named := strings.Contains(path, "%s")
		if named {
			path = fmt.Sprintf(path, strings.ReplaceAll(id, "/", ""))
		}
		contentType := formType
		if method == "GET" {
			contentType, form = "", ""
		}
		a := (&site{t: t, Function: function}).browser()
		a.header, a.token = map[string]string{}, secret.DeriveClientToken(keys.Current(), store.client.ID, make([]byte, 16)).Reveal()
		got := a.call(method, path, query, contentType, form)
		if got.status >= 500 || got.status >= 400 && len(got.errors()) == 0 {
			t.Errorf("%s %q?%q: %d %s", method, path, query, got.status, got.text)
		}
		if found := got.status == 200; named && found && id != own || id == own && method == "GET" && query == "" && !found {
			t.Errorf("%s %q: %d %s", method, path, got.status, got.text)
		}
	})
}

var sessionRequests = []string{
	"GET /v1/client/sessions/%s", "POST /v1/client/sessions/%s/touch", "POST /v1/client/sessions/%s/tokens", "POST /v1/client/sessions/%s/end",
	"POST /v1/client/sessions/%s/remove", "POST /v1/me/sessions/%s/revoke", "GET /v1/me", "GET /v1/me/sessions/active",
}
