package clerk

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/doorstep-auth/doorstep/local/nativesdk"
	"github.com/doorstep-auth/doorstep/shared/describe/describetest"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

const (
	appOrigin    = "https://app.example.com"
	apiHost      = wiretest.Host
	goodPassword = "correct horse battery"
)

// plainPasswords stand for the real judge and hash, which package password tests.
type plainPasswords struct{}

func (plainPasswords) Check(_ context.Context, candidate secret.Text, _ ...string) error {
	switch length := len(candidate.Reveal()); {
	case length < 15:
		return problem.PasswordTooShort.On("password").Detailed("%d", 15)
	case length > 128:
		return problem.PasswordTooLong.On("password").Detailed("%d", 128)
	}
	return nil
}

func (plainPasswords) Hash(secret.Text) (string, error) {
	return fmt.Sprintf("$argon2id$v=19$m=19456,t=2,p=1,keyid=bV9YWFhYWFhYWA$%022d$%043d", 0, 0), nil
}

// watched remembers each client as it was last stored, for the code of its mail.
type watched struct {
	signup.Store
	mu   sync.Mutex
	last map[signup.ID]*signup.Client
}

func (w *watched) see(c *signup.Client) {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := *c
	w.last[c.ID] = &seen
}

func (w *watched) SaveClient(ctx context.Context, c *signup.Client) error {
	err := w.Store.SaveClient(ctx, c)
	if err == nil {
		w.see(c)
	}
	return err
}

func (w *watched) BeginVerification(ctx context.Context, proof signup.Proof, id signup.ID, strategy signup.Strategy, v *signup.Verification, wait time.Duration, to identifier.Identifier) (*signup.Client, error) {
	c, err := w.Store.BeginVerification(ctx, proof, id, strategy, v, wait, to)
	if err == nil {
		w.see(c)
	}
	return c, err
}

// site is an instance with all operations of the wire, over a table in a real engine.
type site struct {
	*gateway.Function
	settings *settings.Settings
	keys     *secret.Keyring
	store    *watched
	clock    *wiretest.Clock
	logged   *bytes.Buffer
	t        *testing.T
}

func newSite(t *testing.T, change func(*settings.Settings)) *site {
	t.Helper()
	s := wiretest.Settings(func(s *settings.Settings) { s.AllowedOrigins = []string{appOrigin} }, change)
	keys, c, logged := wiretest.NewKeyring(t), wiretest.NewClock(), &bytes.Buffer{}
	table, _ := wiretest.StartTable(t, nil)
	store := &watched{Store: table, last: map[signup.ID]*signup.Client{}}
	t.Cleanup(func() { describetest.Records(t, Description(), logged.String()) })
	api := API{SignUps: &signup.Service{Settings: s, Store: store, Keys: keys, Passwords: plainPasswords{}, Now: c.Now, Entropy: rand.Reader}, Keys: wiretest.SigningKeys()}
	return &site{t: t, settings: s, keys: keys, store: store, clock: c, logged: logged, Function: &gateway.Function{
		Settings: s, Wire: Wire{}, Log: slog.New(slog.NewJSONHandler(logged, nil)), Now: c.Now, Endpoints: endpoints(api, s),
	}}
}

func endpoints(api API, s *settings.Settings) []gateway.Endpoint {
	return []gateway.Endpoint{
		{Operation: GetEnvironment, Handler: Environment(s)}, {Operation: GetClient, Handler: api.GetClient},
		{Operation: CreateClient, Handler: api.CreateClient}, {Operation: DeleteClient, Handler: api.DeleteClient},
		{Operation: GetSDKFile, Handler: SDKFile(s)}, {Operation: Preflight, Handler: Preflighted}, {Operation: NotFound, Handler: Nothing},
		{Operation: CreateSignUp, Handler: api.CreateSignUp}, {Operation: GetSignUp, Handler: api.GetSignUp},
		{Operation: UpdateSignUp, Handler: api.UpdateSignUp}, {Operation: PrepareVerification, Handler: api.PrepareVerification},
		{Operation: AttemptVerification, Handler: api.AttemptVerification},
		{Operation: KeySet, Handler: PublicKeys(api.Keys)}, {Operation: OpenIDConfiguration, Handler: Discovery(s)},
		{Operation: Handshake, Handler: api.Handshake},
		{Operation: GetSession, Handler: api.GetSession}, {Operation: TouchSession, Handler: api.TouchSession},
		{Operation: CreateSessionToken, Handler: api.CreateSessionToken}, {Operation: EndSession, Handler: api.EndSession},
		{Operation: RemoveSession, Handler: api.RemoveSession}, {Operation: RemoveSessions, Handler: api.RemoveSessions},
		{Operation: GetMe, Handler: api.GetMe}, {Operation: ListMySessions, Handler: api.ListMySessions},
		{Operation: RevokeSession, Handler: api.RevokeSession},
	}
}

// eventOf is a request as an HTTP API hands it on: what no other route takes goes to
// those for any path.
func eventOf(method, path, body string) events.APIGatewayV2HTTPRequest {
	e := wiretest.Event(Operations(), method, path, body)
	switch {
	case e.RouteKey == "" && method == http.MethodOptions:
		e.RouteKey = "OPTIONS /{proxy+}"
	case e.RouteKey == "":
		e.RouteKey = "$default"
	}
	return e
}

// agent is an SDK: a browser that keeps a cookie, or a native app that keeps a token.
type agent struct {
	*site
	native bool
	token  string // cookie's or header's value
	uat    string // value of the cookie __client_uat
	other  string // further cookies, as on one line
	header map[string]string
	signUp string
	last   *answer
}

func (s *site) browser() *agent {
	return &agent{site: s, header: map[string]string{"origin": appOrigin}}
}
func (s *site) app() *agent { return &agent{site: s, native: true, header: map[string]string{}} }

// answer is what came back.
type answer struct {
	status  int
	header  map[string]string
	cookies []*http.Cookie
	text    string
	body    map[string]any
	t       *testing.T
}

// call sends a request as the agent does. rawQuery is added to what the mode needs.
func (a *agent) call(method, path, rawQuery string, contentType, body string) *answer {
	a.t.Helper()
	e := eventOf(method, path, body)
	e.RawQueryString, e.RequestContext.RequestID = rawQuery, "req-1"
	maps.Copy(e.Headers, a.header)
	if contentType != "" {
		e.Headers["content-type"] = contentType
	}
	switch {
	case a.native:
		e.RawQueryString = strings.TrimPrefix(e.RawQueryString+"&_is_native=1", "&")
		e.Headers["authorization"] = a.token
	case a.token != "":
		e.Cookies = []string{"__client=" + a.token}
	}
	if !a.native && a.uat != "" {
		e.Cookies = append(e.Cookies, "__client_uat="+a.uat)
	}
	if a.other != "" {
		e.Cookies = append(e.Cookies, a.other)
	}
	a.last = a.run(e)
	a.keepToken()
	if su, ok := a.last.at("response").(map[string]any); ok && su["object"] == "sign_up_attempt" {
		a.signUp, _ = su["id"].(string)
	}
	return a.last
}

// run runs the function, and reads its answer.
func (s *site) run(e events.APIGatewayV2HTTPRequest) *answer {
	s.t.Helper()
	out := wiretest.Invoke(s.t, s.Function, e)
	got := &answer{t: s.t, status: out.StatusCode, header: out.Headers, text: out.Body}
	if out.Body != "" {
		target := any(&got.body)
		if strings.HasPrefix(out.Body, "[") { // a bare list is the member list
			got.body = map[string]any{"list": &[]any{}}
			target = got.body["list"]
		}
		if err := json.Unmarshal([]byte(out.Body), target); err != nil {
			s.t.Fatalf("%v in %s", err, out.Body)
		}
		if list, ok := target.(*[]any); ok {
			got.body["list"] = *list
		}
	}
	got.holdsForNativeSDKs(e)
	for _, line := range out.Cookies {
		cookie, err := http.ParseSetCookie(line)
		if err != nil {
			s.t.Fatalf("%v in %q", err, line)
		}
		got.cookies = append(got.cookies, cookie)
	}
	return got
}

// holdsForNativeSDKs holds every answer against what the Kotlin and Swift SDKs
// decode. The envelope of a native GET has no room for null (§1.5).
func (r *answer) holdsForNativeSDKs(e events.APIGatewayV2HTTPRequest) {
	r.t.Helper()
	native := strings.Contains(e.RawQueryString, "_is_native=1") && e.RequestContext.HTTP.Method == http.MethodGet
	faults, _ := nativesdk.Check(r.body, native)
	for _, fault := range faults {
		r.t.Errorf("%s %s: %s", e.RequestContext.HTTP.Method, e.RawPath, fault)
	}
}

func (a *agent) keepToken() {
	if token, sent := a.last.header["authorization"]; sent && a.native {
		a.token = token
	}
	for _, cookie := range a.last.cookies {
		switch {
		case a.native:
		case cookie.Name == "__client":
			a.token = cookie.Value
		case cookie.Name == "__client_uat":
			a.uat = cookie.Value
		}
	}
}

// cookie is the one called name, or nil if the answer doesn't set it.
func (r *answer) cookie(name string) *http.Cookie {
	for _, cookie := range r.cookies {
		if cookie.Name == name {
			return cookie
		}
	}
	return nil
}

const formType = "application/x-www-form-urlencoded"

// form sends fields, name and value in turn.
func (a *agent) form(method, path string, fields ...string) *answer {
	a.t.Helper()
	values := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		values.Add(fields[i], fields[i+1])
	}
	return a.call(method, path, "", formType, values.Encode())
}

func (a *agent) get(path string) *answer { a.t.Helper(); return a.call("GET", path, "", "", "") }

func (a *agent) create(fields ...string) *answer {
	a.t.Helper()
	return a.form("POST", "/v1/client/sign_ups", fields...)
}

func (a *agent) path(rest string) string { return "/v1/client/sign_ups/" + a.signUp + rest }

func (a *agent) update(fields ...string) *answer {
	a.t.Helper()
	return a.form("PATCH", a.path(""), fields...)
}

func (a *agent) prepare() *answer {
	a.t.Helper()
	return a.form("POST", a.path("/prepare_verification"), "strategy", "email_code")
}

func (a *agent) attempt(code string) *answer {
	a.t.Helper()
	return a.form("POST", a.path("/attempt_verification"), "strategy", "email_code", "code", code)
}

// code is what the newest mail says.
func (a *agent) code() string {
	a.t.Helper()
	id, err := signup.ParseID(strings.TrimPrefix(a.signUp, signUpPrefix))
	if err != nil {
		a.t.Fatal(err)
	}
	for _, c := range a.store.last {
		if c.SignUp == nil || c.SignUp.ID != id {
			continue
		}
		v := c.SignUp.Verifications[identifier.KindEmailAddress]
		due := signup.DueMail{SignUpID: id, Canonical: c.SignUp.EmailAddress.Canonical, Nonce: v.Nonce}
		return due.Code(a.keys.Current()).Reveal()
	}
	a.t.Fatal("no mail is due")
	return ""
}

// wrongCode isn't the right one.
func (a *agent) wrongCode(n int) string {
	code := fmt.Sprintf("%06d", n)
	if right := a.code(); code >= right {
		code = fmt.Sprintf("%06d", n+1)
	}
	return code
}

// signUpWhole completes a sign-up by e-mail code and password.
func (a *agent) signUpWhole(address string, more ...string) *answer {
	a.t.Helper()
	a.create(append([]string{"email_address", address, "password", goodPassword}, more...)...).must(200)
	a.prepare().must(200)
	got := a.attempt(a.code()).must(200)
	got.is("response.status", "complete")
	return got
}

// must holds the status, and for errors that those codes were told, in order.
func (r *answer) must(status int, codes ...string) *answer {
	r.t.Helper()
	var told []string
	for _, e := range r.errors() {
		code, _ := e["code"].(string)
		told = append(told, code)
	}
	if r.status != status || strings.Join(told, " ") != strings.Join(codes, " ") {
		r.t.Fatalf("got %d %v, want %d %v: %.600s", r.status, told, status, codes, r.text)
	}
	return r
}

func (r *answer) errors() (list []map[string]any) {
	all, _ := r.body["errors"].([]any)
	for _, one := range all {
		e, _ := one.(map[string]any)
		list = append(list, e)
	}
	return list
}

// at is the value under a path such as response.verifications.email_address or client.sessions.0; nil if there is none.
func (r *answer) at(path string) any { return at(r.body, path) }

func at(value any, path string) any {
	for _, name := range strings.Split(path, ".") {
		switch holder := value.(type) {
		case map[string]any:
			value = holder[name]
		case []any:
			var index int
			if _, err := fmt.Sscan(name, &index); err != nil || index >= len(holder) {
				return nil
			}
			value = holder[index]
		default:
			return nil
		}
	}
	return value
}

// is holds that path has a value, given as Go has it after decoding JSON, or as JSON text after a leading =.
func (r *answer) is(path string, want any) *answer {
	r.t.Helper()
	if text, ok := want.(string); ok && strings.HasPrefix(text, "=") {
		if err := json.Unmarshal([]byte(text[1:]), &want); err != nil {
			r.t.Fatal(err)
		}
	}
	if n, ok := want.(int64); ok {
		want = float64(n)
	}
	got, _ := json.Marshal(r.at(path))
	expected, _ := json.Marshal(want)
	if !bytes.Equal(got, expected) {
		r.t.Errorf("%s is %s, want %s", path, got, expected)
	}
	return r
}

// everyAttribute asks for all facts in the given way; what can't be required is optional then.
func everyAttribute(requirement settings.Requirement) func(*settings.Settings) {
	return func(s *settings.Settings) {
		for _, name := range settings.AttributeNames() {
			setRequirement(s, name, requirement)
		}
	}
}

func setRequirement(s *settings.Settings, name string, requirement settings.Requirement) {
	a := &s.Attributes
	if name == "email_address" {
		a.EmailAddress.Requirement = requirement
		return
	}
	map[string]*settings.Attribute{
		"phone_number": &a.PhoneNumber, "username": &a.Username, "web3_wallet": &a.Web3Wallet, "password": &a.Password,
		"first_name": &a.FirstName, "last_name": &a.LastName, "birthday": &a.Birthday, "gender": &a.Gender,
	}[name].Requirement = requirement
}
