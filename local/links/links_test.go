// Package links_test follows mailed links over HTTP, against the built functions: what people do with them, what mail scanners do, and what a real browser
// makes of the page.
package links_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/replay/inbox"
	"github.com/doorstep-auth/doorstep/local/stack"
)

// Settings of the stacks. Nothing but the address is asked for, so that a proof completes the sign-up. mail.reply_to and the like stay as they are by default.
const (
	sameClient = `{"app_name": "Acme", "attributes": {"password": {"requirement": "off"}, "email_address": {"strategies": ["email_code", "email_link"]}},
		"proxy_urls": ["http://localhost:9/__clerk"], "redirect_urls": ["http://localhost:*", "pies://callback"], "verification": {"resend_after": "1s"}}`
	anyClient = `{"app_name": "Acme", "attributes": {"password": {"requirement": "off"}, "email_address": {"strategies": ["email_code", "email_link"]}},
		"redirect_urls": ["http://localhost:*", "pies://callback"], "verification": {"resend_after": "1s", "require_same_client": false}}`
)

// house is a running stack, and all that its functions have printed.
type house struct {
	*stack.Stack
	mu  sync.Mutex
	log strings.Builder
}

var (
	houses  = map[string]*house{}
	people  atomic.Int64
	starter sync.Mutex
)

func TestMain(m *testing.M) {
	code := m.Run()
	for _, h := range houses {
		h.Stop()
	}
	os.Exit(code)
}

// at is the one stack on these settings.
func at(t *testing.T, settings string) *house {
	t.Helper()
	starter.Lock()
	defer starter.Unlock()
	if h := houses[settings]; h != nil {
		return h
	}
	h := &house{}
	s, err := stack.Start(context.Background(), stack.Options{Settings: settings, OnLog: func(l lambdahost.Line) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.log.WriteString(l.Text + "\n")
	}})
	if err != nil {
		t.Fatal(err)
	}
	h.Stack, houses[settings] = s, h
	return h
}

func (h *house) logged() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.String()
}

// items are all items of the table, as JSON.
func (h *house) items(t *testing.T) string {
	t.Helper()
	endpoint := h.DynamoDBEndpoint
	client := dynamodb.NewFromConfig(engine.Config(), func(o *dynamodb.Options) { o.BaseEndpoint = &endpoint })
	table := engine.TableName
	out, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(out.Items)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// person is somebody who signs up, with a browser or an app of their own.
type person struct {
	*house
	t       *testing.T
	address string
	native  bool
	token   string
	signUp  string
	mails   int
}

func (h *house) person(t *testing.T) *person {
	return &person{house: h, t: t, address: fmt.Sprintf("ada%d@links.example", people.Add(1))}
}

// answer is what a request got.
type answer struct {
	status int
	header http.Header
	body   string
	json   any
}

// find is the member of the JSON that a path such as response.status names, nil if there is none.
func (a answer) find(path string) any {
	value := a.json
	for name := range strings.SplitSeq(path, ".") {
		members, _ := value.(map[string]any)
		value = members[name]
	}
	return value
}

// client follows no redirect: tests look at each.
var client = &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// send sends a request with the person's token; a form goes into the body. Headers are pairs.
func (p *person) send(method, address string, form url.Values, headers ...string) answer {
	p.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	if strings.HasPrefix(address, "/") {
		address = p.APIURL + address
	}
	if p.native {
		address += "?_is_native=1"
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, address, body)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if p.native {
		r.Header.Set("Authorization", p.token)
	} else if p.token != "" {
		r.AddCookie(&http.Cookie{Name: "__client", Value: p.token})
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	return p.receive(r)
}

func (p *person) receive(r *http.Request) answer {
	p.t.Helper()
	response, err := client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	a := answer{status: response.StatusCode, header: response.Header, body: string(text)}
	_ = json.Unmarshal(text, &a.json) // a page isn't JSON
	for _, cookie := range response.Cookies() {
		if cookie.Name == "__client" && !p.native {
			p.token = cookie.Value
		}
	}
	if token := response.Header.Get("Authorization"); p.native && token != "" {
		p.token = token
	}
	return a
}

func (p *person) must(a answer, status int) answer {
	p.t.Helper()
	if a.status != status {
		p.t.Fatalf("%d, want %d: %s", a.status, status, a.body)
	}
	return a
}

const target = "http://localhost:3999/done?plan=pro#/verify"

// begin begins a sign-up and asks for a link, in one request.
func (p *person) begin(headers ...string) *person {
	p.t.Helper()
	a := p.must(p.send("POST", "/v1/client/sign_ups", url.Values{"email_address": {p.address}, "strategy": {"email_link"}, "redirect_url": {target}}, headers...), 200)
	p.signUp = a.find("response.id").(string)
	return p
}

func (p *person) get() answer {
	p.t.Helper()
	return p.must(p.send("GET", "/v1/client/sign_ups/"+p.signUp, nil), 200)
}

func (p *person) prepare(form url.Values) answer {
	p.t.Helper()
	return p.send("POST", "/v1/client/sign_ups/"+p.signUp+"/prepare_verification", form)
}

// newMail waits for the person's next mail.
func (p *person) newMail() inbox.Mail {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 10*time.Second)
	defer cancel()
	m, err := inbox.Await(ctx, p.InboxURL, p.address, p.mails)
	if err != nil {
		p.t.Fatalf("no mail to %s: %v", p.address, err)
	}
	p.mails++
	return m
}

var linkLine = regexp.MustCompile(`(?m)^https?://\S+/v1/verify\?token=\S+$`)

// link waits for the person's next mail and returns the link in it.
func (p *person) link() string {
	p.t.Helper()
	m := p.newMail()
	links := linkLine.FindAllString(m.Text, -1)
	if len(links) != 1 || strings.Count(m.HTML, `href="`+links[0]+`"`) != 1 {
		p.t.Fatalf("the mail has the links %q:\n%s\n%s", links, m.Text, m.HTML)
	}
	return links[0]
}

// confirm presses the button on the link's page, as a browser sends it.
func (p *person) confirm(link string) answer {
	p.t.Helper()
	return p.send("POST", link, url.Values{}, "Origin", "null", "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate")
}

// mustGoTo confirms a link and wants the redirect to say status.
func (p *person) mustGoTo(link, status string) url.Values {
	p.t.Helper()
	a := p.must(p.confirm(link), http.StatusSeeOther)
	location, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		p.t.Fatal(err)
	}
	got := location.Query()
	if got.Get("__clerk_status") != status || !strings.HasPrefix(location.String(), "http://localhost:3999/done?plan=pro&") || location.Fragment != "/verify" {
		p.t.Fatalf("goes on to %s, want %s", location, status)
	}
	return got
}

func TestSignUpByLink(t *testing.T) {
	p := at(t, sameClient).person(t).begin()
	link := p.link()
	if !strings.HasPrefix(link, p.APIURL+"/v1/verify?token=") {
		t.Errorf("the link is %s", link)
	}
	if got := p.get().find("response.verifications.email_address.object"); got != "verification_email_link" {
		t.Errorf("the verification is a %v", got)
	}
	page := p.must(p.send("GET", link, nil, "Accept-Language", "de-DE,de;q=0.9"), 200)
	if !strings.Contains(page.body, "E-Mail-Adresse bestätigen") || page.header.Get("Content-Security-Policy") == "" || page.header.Get("Set-Cookie") != "" {
		t.Errorf("the page: %v %s", page.header, page.body)
	}
	before := p.token
	query := p.mustGoTo(link, "verified")
	done := p.get()
	if done.find("response.status") != "complete" || done.find("response.created_session_id") != query.Get("__clerk_created_session") {
		t.Errorf("afterwards: %s", done.body)
	}
	if done.find("client.last_active_session_id") != query.Get("__clerk_created_session") || p.token == before {
		t.Errorf("R49: the client after it: %s", done.body)
	}
	if got := done.find("response.verifications.email_address.verified_at_client"); got != done.find("client.id") || got == nil {
		t.Errorf("verified at %v", got)
	}
	p.mustGoTo(link, "verified")
	token := link[strings.Index(link, "=")+1:]
	for _, part := range []string{token, token[40:86], p.token[23:], p.address} {
		if strings.Contains(p.logged(), part) {
			t.Errorf("R59: %q is in the log", part)
		}
	}
}

// The mail has code and link, and either ends the other.
func TestR12OneMailTwoWays(t *testing.T) {
	p := at(t, sameClient).person(t).begin()
	m := p.newMail()
	link := linkLine.FindString(m.Text)
	attempt := "/v1/client/sign_ups/" + p.signUp + "/attempt_verification"
	byCode := p.must(p.send("POST", attempt, url.Values{"strategy": {"email_code"}, "code": {m.Code()}}), 200)
	if byCode.find("response.verifications.email_address.strategy") != "email_code" || byCode.find("response.status") != "complete" {
		t.Errorf("by code: %s", byCode.body)
	}
	p.mustGoTo(link, "verified")
	if got := p.get().find("response.verifications.email_address.strategy"); got != "email_code" {
		t.Errorf("the link changed the strategy to %v", got)
	}
	q := at(t, sameClient).person(t).begin()
	m = q.newMail()
	q.mustGoTo(linkLine.FindString(m.Text), "verified")
	again := q.send("POST", "/v1/client/sign_ups/"+q.signUp+"/attempt_verification", url.Values{"strategy": {"email_code"}, "code": {m.Code()}})
	if again.status != 400 || !strings.Contains(again.body, "verification_already_verified") {
		t.Errorf("the code afterwards: %d %s", again.status, again.body)
	}
}

// A newer mail ends the link of the one before.
func TestR14OlderLinkIsStale(t *testing.T) {
	p := at(t, sameClient).person(t).begin()
	older := p.link()
	time.Sleep(1100 * time.Millisecond) // resend_after
	p.must(p.prepare(url.Values{"strategy": {"email_link"}, "redirect_url": {target}}), 200)
	newer := p.link()
	p.mustGoTo(older, "failed")
	p.mustGoTo(newer, "verified")
}

// Somebody else's click verifies nothing, or everything but for whom it is: as the settings say.
func TestLinkOnAnotherDevice(t *testing.T) {
	for settings, want := range map[string]string{sameClient: "client_mismatch", anyClient: "verified"} {
		h := at(t, settings)
		p, stranger := h.person(t).begin(), h.person(t)
		link := p.link()
		query := stranger.mustGoTo(link, want)
		if stranger.token != "" {
			t.Errorf("%s: the stranger got a token", want)
		}
		after := p.get()
		complete := after.find("response.status") == "complete"
		if complete != (want == "verified") || query.Has("__clerk_created_session") != complete {
			t.Errorf("%s: afterwards %s", want, after.body)
		}
		if at := after.find("response.verifications.email_address.verified_at_client"); at != nil {
			t.Errorf("%s: verified at %v", want, at)
		}
		if complete && after.find("client.last_active_session_id") != query.Get("__clerk_created_session") {
			t.Errorf("the session isn't that of the client that began: %s", after.body)
		}
	}
}

// R17: a mailed link begins with the instance's own address, whatever the request for it says.
func TestR17ForgedHosts(t *testing.T) {
	h := at(t, sameClient)
	for header, value := range map[string]string{
		"Clerk-Proxy-Url": "https://evil.example/__clerk", "Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https",
		"Forwarded": "host=evil.example", "X-Original-Host": "evil.example", "X-Host": "evil.example",
	} {
		if link := h.person(t).begin(header, value).link(); !strings.HasPrefix(link, h.APIURL+"/v1/verify?") {
			t.Errorf("%s: the link is %s", header, link)
		}
	}
	if link := h.person(t).begin("Clerk-Proxy-Url", "http://localhost:9/__clerk").link(); !strings.HasPrefix(link, "http://localhost:9/__clerk/v1/verify?") {
		t.Errorf("a registered proxy: the link is %s", link)
	}
}

func TestRedirectsAreRegistered(t *testing.T) {
	p := at(t, sameClient).person(t)
	a := p.must(p.send("POST", "/v1/client/sign_ups", url.Values{"email_address": {p.address}}), 200)
	p.signUp = a.find("response.id").(string)
	for redirect, want := range map[string]string{
		"": "form_param_missing", "/done": "invalid_redirect_url", "https://evil.example/done": "prohibited_redirect_url",
		"http://localhost:3999@evil.example/": "invalid_redirect_url", "javascript:alert(1)": "invalid_redirect_url",
	} {
		a := p.must(p.prepare(url.Values{"strategy": {"email_link"}, "redirect_url": {redirect}}), 422)
		if !strings.Contains(a.body, `"`+want+`"`) || !strings.Contains(a.body, `"param_name":"redirect_url"`) {
			t.Errorf("%q: %s", redirect, a.body)
		}
	}
}

// R33: an app's link ends in the app, which completes it with its verifier.
func TestR33AppLink(t *testing.T) {
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // RFC 7636, appendix B
	h := at(t, sameClient)
	p, browser := h.person(t), h.person(t)
	p.native = true
	a := p.must(p.send("POST", "/v1/client/sign_ups", url.Values{"email_address": {p.address}}), 200)
	p.signUp = a.find("response.id").(string)
	p.must(p.prepare(url.Values{
		"strategy": {"email_link"}, "redirect_uri": {"pies://callback"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}), 200)
	link := p.link()
	location, err := url.Parse(browser.must(browser.confirm(link), http.StatusSeeOther).header.Get("Location"))
	if err != nil || location.Scheme != "pies" || location.Query().Get("flow_id") != p.signUp {
		t.Fatalf("goes on to %s (%v)", location, err)
	}
	if got := p.get().find("response.status"); got != "missing_requirements" {
		t.Errorf("before the app's step the sign-up is %v", got)
	}
	form := url.Values{"flow_id": {p.signUp}, "approval_token": {location.Query().Get("approval_token")}, "code_verifier": {strings.Repeat("x", 43)}}
	if a := p.must(p.send("POST", "/v1/client/magic_links/complete", form), 422); !strings.Contains(a.body, "pkce_verification_failed") {
		t.Errorf("another verifier: %s", a.body)
	}
	form.Set("code_verifier", verifier)
	done := p.must(p.send("POST", "/v1/client/magic_links/complete", form), 200)
	if done.find("response.status") != "complete" || done.find("client.last_active_session_id") == nil {
		t.Errorf("afterwards: %s", done.body)
	}
	if a := p.must(p.send("POST", "/v1/client/magic_links/complete", form), 422); !strings.Contains(a.body, "approval_token_consumed") {
		t.Errorf("again: %s", a.body)
	}
	if strings.Contains(h.logged(), form.Get("approval_token")[40:86]) || strings.Contains(h.logged(), verifier) {
		t.Error("R59: the approval token or the verifier is in the log")
	}
}

// Polling for a link, and giving up, writes nothing.
func TestPollingWritesNothing(t *testing.T) {
	p := at(t, sameClient).person(t).begin()
	p.newMail()
	before := p.items(t)
	for range 5 {
		p.get()
	}
	if diff := cmp.Diff(before, p.items(t)); diff != "" {
		t.Errorf("polling wrote:\n%s", diff)
	}
}
