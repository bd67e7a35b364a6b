package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/doorstep-auth/doorstep/local/replay/inbox"
)

// signUps are the whole sign-ups that people make through the HTTP API. Each gets a visitor of its own.
var signUps = []struct {
	title string
	walk  func(context.Context, *visitor) error
}{
	{"A sign-up by code", byCode},
	{"A sign-up by link", byLink},
}

// A visitor is a browser: it keeps cookies, and reads its mail.
type visitor struct {
	api, inbox string
	address    string
	report     *report
	client     *http.Client
}

func newVisitor(api, inbox, address string, r *report) (*visitor, error) {
	jar, err := cookiejar.New(nil)
	client := &http.Client{
		Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &visitor{api: api, inbox: inbox, address: address, report: r, client: client}, err
}

// An answer is the part of the API's answers that a walk looks at: the resource with the client beside it.
type answer struct {
	Response struct {
		ID               string
		Object           string
		Status           string
		MissingFields    []string `json:"missing_fields"`
		UnverifiedFields []string `json:"unverified_fields"`
		CreatedUserID    string   `json:"created_user_id"`
		CreatedSessionID string   `json:"created_session_id"`
		Sessions         []struct{ ID string }
	}
	Errors []struct{ Code string }
}

// send makes a request of an SDK, with a form, and wants the status.
func (v *visitor) send(ctx context.Context, method, path string, want int, form ...string) (answer, error) {
	var parsed answer
	_, body, err := v.do(ctx, method, v.api+path, want, form...)
	if err != nil {
		return parsed, err
	}
	if err := json.Unmarshal(body, &parsed); err != nil {
		return parsed, fmt.Errorf("%s %s: %w: %s", method, path, err, body)
	}
	v.report.done(fmt.Sprintf("%s %s", method, brief(path)), fmt.Sprint(want, " ", parsed.summary()))
	return parsed, nil
}

// do makes a request, with a form of names and values, and wants the status.
func (v *visitor) do(ctx context.Context, method, address string, want int, form ...string) (http.Header, []byte, error) {
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(values.Encode()))
	if err != nil {
		return nil, nil, err
	}
	if method != http.MethodGet {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	got, err := v.client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err == nil && got.StatusCode != want {
		err = fmt.Errorf("%s %s answered %s, not %d: %s", method, request.URL.Path, got.Status, want, body)
	}
	return got.Header, body, err
}

func (a answer) summary() string {
	switch {
	case len(a.Errors) > 0:
		return a.Errors[0].Code
	case len(a.Response.MissingFields)+len(a.Response.UnverifiedFields) > 0:
		return "missing " + strings.Join(append(a.Response.MissingFields, a.Response.UnverifiedFields...), ", ")
	}
	return strings.TrimSpace(a.Response.Object + " " + a.Response.Status)
}

// brief shows a path without its ids.
func brief(path string) string {
	segments := strings.Split(strings.TrimPrefix(path, "/v1"), "/")
	for i, segment := range segments {
		if len(segment) > 22 && strings.Contains(segment, "_") && !strings.HasPrefix(segment, "attempt") {
			segments[i] = "…"
		}
	}
	return strings.Join(segments, "/")
}

// mailLimit is how long a mail may take, from the write to the inbox: the mail function's first container starts in it.
const mailLimit = time.Minute

// mail waits for the newest mail to the visitor, of which there were seen before.
func (v *visitor) mail(ctx context.Context, seen int) (inbox.Mail, error) {
	ctx, cancel := context.WithTimeout(ctx, mailLimit)
	defer cancel()
	m, err := inbox.Await(ctx, v.inbox, v.address, seen)
	if err != nil {
		return m, fmt.Errorf("no mail came: %w", err)
	}
	v.report.done("a mail", fmt.Sprintf("%q", m.Subject))
	return m, nil
}
