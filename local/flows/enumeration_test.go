package flows_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/replay/inbox"
	"github.com/doorstep-auth/doorstep/local/stack"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// quiet limits mails and corrections, but no source: both people call from here.
const quiet = `{"enumeration_protection": true, "redirect_urls": ["http://localhost:*"], "verification": {"resend_after": "1s"},
	"attributes": {"email_address": {"strategies": ["email_code", "email_link"]}},
	"limits": {"mails_per_address_hour": 5, "mails_per_address_day": 20, "creates_per_source": 60, "attempts_per_source": 0, "source_window": "1s"}}`

// TestR21SameAnswersOverHTTP: whatever is sent about an address that has an account is
// answered, byte by byte, as if it had none, and as many mails go to it.
func TestR21SameAnswersOverHTTP(t *testing.T) {
	r := newRun(t)
	started, p, err := r.start(stack.Options{Settings: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { started.Stop(); p.close() })
	s := &sharedStack{Stack: started, proxy: p}
	known, unknown := &prober{s: s, address: "known@probed.example"}, &prober{s: s, address: "never@probed.example"}
	// Both have been mailed once; the one has an account since then.
	owner, path := s.begin(t, known.address)
	s.begin(t, unknown.address)
	mail, err := s.await(known.address, 0)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := owner.post(s.APIURL+path+"/attempt_verification", "strategy=email_code&code="+mail.Code()); err != nil || !strings.Contains(string(done.body), `"complete"`) {
		t.Fatalf("%v %+v", err, done)
	}
	if _, err := s.await(unknown.address, 0); err != nil {
		t.Fatal(err)
	}
	seen := map[int]int{}
	for i, step := range probes() {
		time.Sleep(step.after)
		got, want := known.send(t, step), unknown.send(t, step)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d, %s %s: (-unknown +known):\n%s", i, step.method, step.path, diff)
		}
		seen[unknown.status]++
	}
	if seen[200] < 8 || seen[422] < 5 || seen[429] < 3 || seen[303] != 1 {
		t.Errorf("the steps don't reach what they are for: %v", seen)
	}
	if got, want := s.count(t, known.address), s.count(t, unknown.address); got != want || got < 3 {
		t.Errorf("%d mails to the known address, %d to the other", got, want)
	}
	judgeMails(t, s, known.address)
}

// judgeMails: after the first, the owner got no code and no link.
func judgeMails(t *testing.T, s *sharedStack, address string) {
	t.Helper()
	all, err := inbox.Read(t.Context(), s.InboxURL)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range inbox.To(all, address)[1:] {
		if m.Code() != "" || m.Link() != "" || !strings.HasPrefix(m.Subject, "You already have an account") {
			t.Errorf("the owner got %q:\n%s", m.Subject, m.Text)
		}
	}
}

// A probe is a request; in path and form, {address} and the like stand for the prober's own.
type probe struct {
	method, path, form string
	after              time.Duration // wait before it
}

const signUpPath = "/v1/client/sign_ups/{id}"

// probes are all that can be asked about an address, to its limits and beyond.
func probes() []probe {
	const second = 1100 * time.Millisecond
	prepare := probe{method: "POST", path: signUpPath + "/prepare_verification", form: "strategy=email_code"}
	later := prepare
	later.after = second
	link := probe{"POST", signUpPath + "/prepare_verification", "strategy=email_link&redirect_url=http%3A%2F%2Flocalhost%3A3000%2F", second}
	steps := []probe{
		{method: "POST", path: "/v1/client/sign_ups", form: "email_address={address}&password=correct+horse+battery+staple&strategy=email_code"},
		{method: "GET", path: signUpPath}, prepare,
		{method: "PATCH", path: signUpPath, form: "email_address={ADDRESS}&first_name=Ada"}, link,
		{method: "GET", path: "/v1/verify?token={forged}"}, {method: "POST", path: "/v1/verify?token={forged}"},
		{method: "POST", path: "/v1/client/magic_links/complete", form: "flow_id={id}&approval_token={forged}&code_verifier=" + strings.Repeat("v", 43)},
		{method: "POST", path: signUpPath + "/attempt_verification", form: "strategy=email_code&code=12345"},
	}
	for i := range 6 {
		steps = append(steps, probe{method: "POST", path: signUpPath + "/attempt_verification", form: fmt.Sprintf("strategy=email_code&code=%06d", i)})
	}
	return append(steps, later, later, later, prepare, probe{method: "GET", path: signUpPath}, probe{method: "GET", path: "/v1/client"},
		probe{method: "POST", path: "/v1/client/sign_ups", form: "email_address={address}&strategy=email_code"},
		probe{method: "POST", path: "/v1/client/sign_ups", form: "email_address={address}"},
		probe{method: "PATCH", path: signUpPath, form: "email_address=+&password=short"},
		probe{method: "PATCH", path: signUpPath, form: "email_address={address}&password=correct+horse+battery+staple&strategy=email_code"},
		probe{method: "DELETE", path: "/v1/client"}, probe{method: "GET", path: signUpPath})
}

// A prober is a browser that asks about an address.
type prober struct {
	client
	s       *sharedStack
	address string
	id      string // of its sign-up
	status  int    // of the last answer
}

// send sends the step, and returns the answer without what differs between any two.
func (p *prober) send(t *testing.T, step probe) string {
	t.Helper()
	fill := strings.NewReplacer("{id}", p.id, "{forged}", p.forged(), "{address}", url.QueryEscape(p.address), "{ADDRESS}", url.QueryEscape(strings.ToUpper(p.address)))
	request, err := http.NewRequest(step.method, p.s.APIURL+fill.Replace(step.path), strings.NewReader(fill.Replace(step.form)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a, err := p.client.send(request)
	if err != nil {
		t.Fatal(err)
	}
	if id, found := find(a.json, "response.id"); found {
		p.id, _ = id.(string)
	}
	p.status = a.status
	lines := []string{fmt.Sprint(a.status)}
	for name, values := range a.header {
		lines = append(lines, name+": "+strings.Join(values, ", "))
	}
	slices.Sort(lines)
	return p.plain(strings.Join(lines, "\n") + "\n\n" + string(a.body))
}

// forged is a link's token that names the prober's own sign-up, with a signature of its own.
func (p *prober) forged() string {
	id, err := signup.ParseID(strings.TrimPrefix(p.id, "sua_"))
	if err != nil {
		return ""
	}
	client, _, _ := strings.Cut(p.token, ".")
	var own signup.ID
	if raw, err := base64.RawURLEncoding.DecodeString(client); err == nil {
		copy(own[:], raw)
	}
	return base64.RawURLEncoding.EncodeToString(slices.Concat(own[:], id[:], make([]byte, 32))) + ".AAAAAAAA"
}

// varying is what differs between two people of whom neither has an account: ids, tokens, times and what is left of an hour.
var varying = []struct {
	in  *regexp.Regexp
	out string
}{
	{regexp.MustCompile(`\b(sua|client|sess|user)_[0-9A-Za-z]{22}`), "${1}_ID"},
	{regexp.MustCompile(`__client=[^;,]+`), "__client=TOKEN"},
	{regexp.MustCompile(`Apigw-Requestid: \S+|"clerk_trace_id":"[^"]+"`), "REQUEST"},
	{regexp.MustCompile(`(Date|Expires)(:|=)[^;\n]*GMT`), "${1}${2}DATE"},
	{regexp.MustCompile(`\b1\d{12}\b`), "TIME"},
	{regexp.MustCompile(`token=[^"&\s]+`), "token=LINK"},
	{regexp.MustCompile(`(Retry-After: |;t=|"retry_after":)\d{3,}`), "${1}SECONDS"},
}

func (p *prober) plain(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, p.address, "ADDRESS"), strings.ToUpper(p.address), "ADDRESS IN CAPITALS")
	for _, v := range varying {
		text = v.in.ReplaceAllString(text, v.out)
	}
	return text
}
