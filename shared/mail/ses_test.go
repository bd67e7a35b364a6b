package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/enginetest"
	"github.com/doorstep-auth/doorstep/shared/secret"
)

// sesRequest is what of a SendEmail request the tests look at.
type sesRequest struct {
	ConfigurationOverrides json.RawMessage
	ConfigurationSetName   string
	Content                struct {
		Simple struct {
			Body struct {
				Html, Text struct{ Charset, Data string }
			}
			Headers []struct{ Name, Value string }
			Subject struct{ Charset, Data string }
		}
	}
	Destination      struct{ ToAddresses []string }
	EmailTags        []struct{ Name, Value string }
	FromEmailAddress string
	ReplyToAddresses []string
}

func (r sesRequest) mailID() string {
	for _, tag := range r.EmailTags {
		if tag.Name == "mail_id" {
			return tag.Value
		}
	}
	return ""
}

// sesAnswer is an error answer of SES as it words them; the zero value accepts.
type sesAnswer struct {
	status  int
	code    string
	message string
	drop    bool // accept, and close the connection instead of answering
}

// fakeSES answers as its script says and keeps what it accepted.
type fakeSES struct {
	*httptest.Server
	script func(call int, r sesRequest) sesAnswer

	mu       sync.Mutex
	calls    int
	accepted []sesRequest
	opened   atomic.Int32 // connections
}

func newFakeSES(t *testing.T, script func(call int, r sesRequest) sesAnswer) *fakeSES {
	t.Helper()
	f := &fakeSES{script: script}
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(f.serve))
	f.Config.ErrorLog = log.New(io.Discard, "", 0)
	f.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			f.opened.Add(1)
		}
	}
	f.Start()
	t.Cleanup(f.Close)
	return f
}

func (f *fakeSES) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/v2/email/outbound-emails" {
		http.Error(w, `{"message":"Missing Authentication Token"}`, http.StatusForbidden)
		return
	}
	var request sesRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		panic(err)
	}
	f.mu.Lock()
	f.calls++
	answer := f.script(f.calls, request)
	if answer.status == 0 {
		f.accepted = append(f.accepted, request)
	}
	f.mu.Unlock()
	switch {
	case answer.drop:
		panic(http.ErrAbortHandler)
	case answer.status != 0:
		w.Header().Set("X-Amzn-ErrorType", answer.code)
		w.WriteHeader(answer.status)
		body, _ := json.Marshal(map[string]string{"message": answer.message})
		w.Write(body)
	default:
		io.WriteString(w, `{"MessageId":"1"}`)
	}
}

func accept(int, sesRequest) sesAnswer { return sesAnswer{} }

func testSES(endpoint string) *SES {
	return NewSES(SESOptions{
		AWS:      aws.Config{Region: "eu-central-1", Credentials: aws.CredentialsProviderFunc(staticCredentials)},
		Endpoint: endpoint, HTTPClient: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}},
		ConfigurationSet: "doorstep",
		Jitter:           func(most time.Duration) time.Duration { return most / 200 },
	})
}

func staticCredentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}, nil
}

func testMessage() Message {
	return Message{
		ID: "m1", Kind: "verification_code", From: `"Acme" <no-reply@acme.example>`, To: "Jo.Doe@example.com",
		Subject: "Your Acme verification code", Text: secret.NewText("012345"), HTML: secret.NewText("<p>012345</p>"),
	}
}

func TestSendRequest(t *testing.T) {
	ses := newFakeSES(t, accept)
	message := testMessage()
	message.ReplyTo, message.ID = "help@acme.example", "m.1"
	if err := testSES(ses.URL).Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	got := ses.accepted[0]
	var want sesRequest
	want.ConfigurationOverrides = json.RawMessage(`{"Tracking":{"ClickTrackingEnabled":"DISABLED","OpenTrackingEnabled":"DISABLED"}}`)
	want.ConfigurationSetName = "doorstep"
	want.Content.Simple.Subject.Charset, want.Content.Simple.Subject.Data = "UTF-8", "Your Acme verification code"
	want.Content.Simple.Body.Text.Charset, want.Content.Simple.Body.Text.Data = "UTF-8", "012345"
	want.Content.Simple.Body.Html.Charset, want.Content.Simple.Body.Html.Data = "UTF-8", "<p>012345</p>"
	// R63: no List-Unsubscribe.
	want.Content.Simple.Headers = []struct{ Name, Value string }{{"Auto-Submitted", "auto-generated"}}
	want.Destination.ToAddresses = []string{"Jo.Doe@example.com"}
	want.EmailTags = []struct{ Name, Value string }{{"mail", "verification_code"}, {"mail_id", "m_1"}}
	want.FromEmailAddress = `"Acme" <no-reply@acme.example>`
	want.ReplyToAddresses = []string{"help@acme.example"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

// What befalls one recipient is a refusal, what befalls all is a fault that is tried again later.
func TestSendTellsRefusalsFromFaults(t *testing.T) {
	const unverified = "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: "
	for _, test := range []struct {
		name    string
		status  int
		code    string
		message string
		want    string // reason of the refusal; empty for a fault
	}{
		{"malformed address", 400, "BadRequestException", "Domain contains illegal character", RefusedAddress},
		{"suppressed address", 400, "BadRequestException", "Address is on the suppression list", RefusedSuppressed},
		{"rejected message", 400, "MessageRejected", "Message contains a virus", RefusedMessage},
		{"sandbox, recipient", 400, "MessageRejected", unverified + "jo.doe@example.com", RefusedUnverified},
		{"sandbox, both", 400, "MessageRejected", unverified + "Jo.Doe@example.com, no-reply@acme.example", RefusedUnverified},
		{"sender isn't verified", 400, "MessageRejected", unverified + "no-reply@acme.example", ""},
		{"account suspended, old words", 400, "MessageRejected", "Sending suspended for this account. For more information, please check the inbox", ""},
		{"account suspended", 400, "AccountSuspendedException", "x", ""},
		{"sending paused", 400, "SendingPausedException", "Sending is paused for this account", ""},
		{"MAIL FROM isn't verified", 400, "MailFromDomainNotVerifiedException", "x", ""},
		{"no configuration set", 404, "NotFoundException", "Configuration set <doorstep> does not exist.", ""},
		{"no configuration set, bad request", 400, "BadRequestException", "Configuration set <doorstep> does not exist.", ""},
		{"no permission", 403, "AccessDeniedException", "User is not authorized to perform: ses:SendEmail", ""},
		{"credentials have expired", 403, "ExpiredTokenException", "The security token included in the request is expired", ""},
		{"unknown", 400, "SomethingNewException", "x", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			ses := newFakeSES(t, func(int, sesRequest) sesAnswer {
				return sesAnswer{status: test.status, code: test.code, message: test.message}
			})
			err := testSES(ses.URL).Send(t.Context(), testMessage())
			var refused *Refused
			switch errors.As(err, &refused) {
			case true:
				if refused.Reason != test.want {
					t.Errorf("refused with %q, want %q", refused.Reason, test.want)
				}
			default:
				if err == nil || test.want != "" {
					t.Errorf("got %v, want a refusal %q", err, test.want)
				}
			}
			if ses.calls != 1 {
				t.Errorf("%d calls: trying again at once can't help", ses.calls)
			}
		})
	}
}

// A person who chooses an address like SES's own words makes no fault of a refusal.
func TestRecipientCannotPassARefusalOffAsAFault(t *testing.T) {
	for _, to := range []string{"suspended@example.com", "paused@example.com", "suspended@paused.example"} {
		if got := refusal("MessageRejected", "Rejected: "+strings.ToUpper(to), to); got != RefusedMessage {
			t.Errorf("%s gives %q", to, got)
		}
	}
}

func TestSendRetries(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer sesAnswer
	}{
		{"throttled", sesAnswer{status: 429, code: "TooManyRequestsException", message: "Maximum sending rate exceeded."}},
		{"throttled without a code", sesAnswer{status: 429}},
		{"quota", sesAnswer{status: 400, code: "LimitExceededException", message: "x"}},
		{"fault of SES", sesAnswer{status: 500, code: "InternalServiceErrorException", message: "x"}},
		{"unavailable", sesAnswer{status: 503}},
		{"lost answer", sesAnswer{drop: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ses := newFakeSES(t, func(call int, _ sesRequest) sesAnswer {
				if call < 6 {
					return test.answer
				}
				return sesAnswer{}
			})
			if err := testSES(ses.URL).Send(t.Context(), testMessage()); err != nil {
				t.Fatal(err)
			}
			if ses.calls != 6 {
				t.Errorf("%d calls, want 6", ses.calls)
			}
		})
	}
}

// A long throttle isn't what ends the tries: only time does.
func TestSendRetriesForAsLongAsItTakes(t *testing.T) {
	ses := newFakeSES(t, func(call int, _ sesRequest) sesAnswer {
		if call <= 300 {
			return sesAnswer{status: 429, code: "TooManyRequestsException"}
		}
		return sesAnswer{}
	})
	sender := testSES(ses.URL)
	sender.jitter = func(time.Duration) time.Duration { return 0 }
	if err := sender.Send(t.Context(), testMessage()); err != nil {
		t.Fatal(err)
	}
}

func TestWaitsGrowToALimit(t *testing.T) {
	for attempts, want := range map[int]time.Duration{
		0: 200 * time.Millisecond, 1: 200 * time.Millisecond, 2: 400 * time.Millisecond, 5: 3200 * time.Millisecond, 6: longestWait, 999: longestWait,
	} {
		if got := waitBound(attempts); got != want {
			t.Errorf("after %d attempts %s, want %s", attempts, got, want)
		}
	}
}

// Send ends in time, and says what it was that went on.
func TestSendStopsWhenTimeRunsOut(t *testing.T) {
	ses := newFakeSES(t, func(int, sesRequest) sesAnswer {
		return sesAnswer{status: 429, code: "TooManyRequestsException", message: "Maximum sending rate exceeded."}
	})
	sender := testSES(ses.URL)
	sender.jitter = func(most time.Duration) time.Duration { return most }
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err := sender.Send(ctx, testMessage())
	var refused *Refused
	if err == nil || errors.As(err, &refused) || !strings.Contains(err.Error(), "TooManyRequestsException: Maximum sending rate exceeded.") {
		t.Errorf("got %v", err)
	}
	if ctx.Err() != nil {
		t.Error("it used up all the time there was")
	}
	if ses.calls != 3 { // at 0, 200 and 600 ms; the next would be at 1400 ms
		t.Errorf("%d calls, want 3", ses.calls)
	}
}

func TestSendGivesUpOnASilentServer(t *testing.T) {
	release := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer silent.Close()
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := testSES(silent.URL).Send(ctx, testMessage()); err == nil {
		t.Error("no error")
	}
}

// One silent connection doesn't cost a mail all its time.
func TestSendTriesAnotherConnection(t *testing.T) {
	release := make(chan struct{})
	calls := atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			<-release
			return
		}
		io.WriteString(w, `{"MessageId":"1"}`)
	}))
	defer server.Close()
	defer close(release)
	sender := testSES(server.URL)
	sender.http.Timeout = 100 * time.Millisecond
	if err := sender.Send(t.Context(), testMessage()); err != nil {
		t.Error(err)
	}
}

// R59: no address in an error, except for the sender's, which has to be mended.
func TestR59ErrorsHoldNoAddress(t *testing.T) {
	for _, message := range []string{
		"Illegal address <jo.doe@example.com>", "identities failed: jo.doe@example.com, no-reply@acme.example", "'JO.DOE@EXAMPLE.COM'",
	} {
		ses := newFakeSES(t, func(int, sesRequest) sesAnswer {
			return sesAnswer{status: 403, code: "AccessDeniedException", message: message}
		})
		err := testSES(ses.URL).Send(t.Context(), testMessage())
		if err == nil || strings.Contains(strings.ToLower(fmt.Sprintf("%v %+v %#v", err, err, err)), "jo.doe@") {
			t.Errorf("got %#v", err)
		}
		if strings.Contains(message, "acme") != strings.Contains(err.Error(), "no-reply@acme.example") {
			t.Errorf("the sender: %v", err)
		}
	}
}

// R29: what could end a header or add a recipient never reaches SES.
func TestR29SendRefusesBrokenAddresses(t *testing.T) {
	ses := newFakeSES(t, accept)
	sender := testSES(ses.URL)
	for _, to := range []string{
		"", "jo", "@example.com", "jo@", "jo@example.com\r\nBcc: eve@example.com", "jo@example.com,eve@example.com", "jo@example.com eve@example.com",
		"<jo@example.com>", "Jo <jo@example.com>", "jo@example.com;eve@example.com", "jo@@example.com", "jö@example.com", "jo@exämple.com",
		`"jo\@x"@example.com`, "jo\x00@example.com", "jo\x7f@example.com", "jo@example.com\u2028", strings.Repeat("a", 250) + "@b.co",
	} {
		message := testMessage()
		message.To = to
		var refused *Refused
		if err := sender.Send(t.Context(), message); !errors.As(err, &refused) || refused.Reason != RefusedAddress {
			t.Errorf("%q: got %v", to, err)
		}
	}
	if ses.calls != 0 {
		t.Errorf("SES was asked %d times", ses.calls)
	}
	message := testMessage()
	message.Subject = "Code\r\nBcc: eve@example.com"
	if err := sender.Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	if got := ses.accepted[0].Content.Simple.Subject.Data; got != "Code  Bcc: eve@example.com" {
		t.Errorf("subject %q", got)
	}
}

func TestTagValue(t *testing.T) {
	if got := tagValue("aZ09-_\r\n.é" + strings.Repeat("x", 300)); got != "aZ09-____"+"_"+strings.Repeat("x", 246) {
		t.Errorf("got %s", got)
	}
}

// Warm mails nothing, and the first mail goes over the connection that it opened.
func TestWarmOpensTheConnection(t *testing.T) {
	ses := newFakeSES(t, accept)
	sender := testSES(ses.URL)
	if err := sender.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ses.opened.Load() != 1 || ses.calls != 0 {
		t.Errorf("%d connections, %d mails", ses.opened.Load(), ses.calls)
	}
	if err := sender.Send(t.Context(), testMessage()); err != nil {
		t.Fatal(err)
	}
	if ses.opened.Load() != 1 {
		t.Errorf("%d connections after the first mail", ses.opened.Load())
	}
}

func TestWarmFollowsNoRedirect(t *testing.T) {
	elsewhere := newFakeSES(t, accept)
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	defer server.Close()
	if err := testSES(server.URL).Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	if elsewhere.opened.Load() != 0 {
		t.Error("it went elsewhere")
	}
}

func TestWarmReportsAnUnreachableSES(t *testing.T) {
	if err := testSES("http://127.0.0.1:1").Warm(t.Context()); err == nil {
		t.Error("no error")
	}
}

// The region's own endpoint is used where none is given.
func TestWarmKnowsTheRegionsEndpoint(t *testing.T) {
	sender := testSES("")
	var asked string
	sender.http.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		asked = r.URL.String()
		return nil, errors.New("not here")
	})
	_ = sender.Warm(t.Context())
	if asked != "https://email.eu-central-1.amazonaws.com/v2/email/account" {
		t.Errorf("asked %s", asked)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The same over the local SES: what it keeps is what was written.
func TestLocalSESKeepsTheMail(t *testing.T) {
	endpoint := enginetest.StartSES(t)
	sender := testSES(endpoint)
	if err := sender.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := testSettings()
	s.Mail.ReplyTo = "help@acme.example"
	message := render(t, testRenderer(t, s), "de-AT", testCode(s))
	message.ID, message.To = "m1", "jo@example.com"
	if err := sender.Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	stored := storedMails(t, endpoint)
	if len(stored) != 1 {
		t.Fatalf("%d mails", len(stored))
	}
	want := storedMail{
		From: message.From, ReplyTo: []string{"help@acme.example"}, Subject: message.Subject,
		Headers: []storedHeader{{"Auto-Submitted", "auto-generated"}},
	}
	want.Destination.To = []string{"jo@example.com"}
	want.Body.Text, want.Body.HTML = message.Text.Reveal(), message.HTML.Reveal()
	if diff := cmp.Diff(want, stored[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

type storedMail struct {
	From        string   `json:"from"`
	ReplyTo     []string `json:"replyTo"`
	Subject     string   `json:"subject"`
	Destination struct {
		To []string `json:"to"`
	} `json:"destination"`
	Body struct {
		Text string `json:"text"`
		HTML string `json:"html"`
	} `json:"body"`
	Headers []storedHeader `json:"headers"`
}

type storedHeader struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func storedMails(t *testing.T, endpoint string) []storedMail {
	t.Helper()
	answer, err := http.Get(endpoint + "/store")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var store struct {
		Emails []storedMail `json:"emails"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&store); err != nil {
		t.Fatal(err)
	}
	return store.Emails
}
