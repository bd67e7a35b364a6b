package flows_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/doorstep-auth/doorstep/local/nativesdk"
	"github.com/doorstep-auth/doorstep/local/replay/inbox"
)

// An answer is what a request got.
type answer struct {
	status int
	header http.Header
	body   []byte
	json   any
}

// request is the command that sends a request with the method.
func request(method string) func(*script, *testscript.TestScript, bool, []string) error {
	return func(s *script, ts *testscript.TestScript, _ bool, args []string) error {
		if len(args) == 0 {
			return usage(strings.ToLower(method) + " PATH [-type=T] [-text=BODY] [-json=BODY] [-size=N] [NAME=VALUE | NAME%=ENCODED]...")
		}
		b, err := newBody(method, args[1:])
		if err != nil {
			return err
		}
		s.keepSecret(b)
		r, err := http.NewRequest(method, s.stack.APIURL+s.current.path(args[0]), strings.NewReader(b.text))
		if err != nil {
			return err
		}
		if b.contentType != "" {
			r.Header.Set("Content-Type", b.contentType)
		}
		for name, value := range s.next {
			r.Header.Set(name, value)
		}
		clear(s.next)
		s.answer, err = s.current.send(r)
		if err != nil {
			return err
		}
		s.run.secrets.addToken(s.current.token)
		s.run.secrets.addJWTs(s.answer.json)
		ts.Logf("[%d]", s.answer.status)
		_, _ = ts.Stdout().Write(s.answer.body)
		if strings.HasPrefix(args[0], "/v0/") || strings.HasPrefix(args[0], "/api/") || strings.HasPrefix(args[0], "/zato/") {
			return s.answer.sound() // another wire than native SDKs read
		}
		return errors.Join(s.answer.sound(), s.decodable(method))
	}
}

// decodable holds the answer against what native SDKs decode. The envelope of a native GET has no room for null.
func (s *script) decodable(method string) error {
	faults, seen := nativesdk.Check(s.answer.json, s.current.native && method == http.MethodGet)
	s.run.sawResources(seen)
	if len(faults) > 0 {
		return fmt.Errorf("native SDKs can't read the answer:\n%s\n%s", strings.Join(faults, "\n"), s.answer.body)
	}
	return nil
}

// A body is what a request carries.
type body struct{ text, contentType string }

// newBody reads a request's arguments.
func newBody(method string, args []string) (body, error) {
	b := body{contentType: "application/x-www-form-urlencoded"}
	if method == http.MethodGet || method == http.MethodOptions {
		b.contentType = ""
	}
	var pairs []string
	for _, arg := range args {
		name, value, found := strings.Cut(arg, "=")
		switch {
		case !found:
			return b, fmt.Errorf("%q isn't NAME=VALUE", arg)
		case name == "-type":
			b.contentType = value
		case name == "-text":
			b.text = value
		case name == "-json":
			b.text, b.contentType = value, "application/json"
		case name == "-size":
			n, err := strconv.Atoi(value)
			if err != nil {
				return b, err
			}
			b.text = "first_name=" + strings.Repeat("x", max(n-len("first_name="), 0))
		case strings.HasSuffix(name, "%"):
			pairs = append(pairs, strings.TrimSuffix(name, "%")+"="+value)
		default:
			pairs = append(pairs, url.QueryEscape(name)+"="+url.QueryEscape(value))
		}
	}
	if len(pairs) > 0 {
		b.text = strings.Join(pairs, "&")
	}
	return b, nil
}

// keepSecret keeps what of a body no log may hold.
func (s *script) keepSecret(b body) {
	var object map[string]any
	if json.Unmarshal([]byte(b.text), &object) == nil {
		for name, value := range object {
			s.run.secrets.addField(name, fmt.Sprint(value))
		}
		return
	}
	fields, _ := url.ParseQuery(b.text) // a malformed one is a script's purpose
	for name, values := range fields {
		for _, value := range values {
			s.run.secrets.addField(name, value)
		}
	}
}

func (c *client) path(path string) string {
	if !c.native {
		return path
	}
	if strings.Contains(path, "?") {
		return path + "&_is_native=1"
	}
	return path + "?_is_native=1"
}

const (
	clientCookie   = "__client"
	authTimeCookie = "__client_uat"
)

// noRedirects shows a redirect instead of following it.
var noRedirects = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// send sends a request as the client does, and keeps the token that comes with the answer.
func (c *client) send(r *http.Request) (*answer, error) {
	switch {
	case c.native && r.Header["Authorization"] == nil:
		r.Header["Authorization"] = []string{c.token} // SDKs send an empty one before they have a token
	case !c.native && c.token != "":
		r.AddCookie(&http.Cookie{Name: clientCookie, Value: c.token})
	}
	if !c.native && c.authTime != "" {
		r.AddCookie(&http.Cookie{Name: authTimeCookie, Value: c.authTime})
	}
	response, err := noRedirects.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	a := &answer{status: response.StatusCode, header: response.Header}
	if a.body, err = io.ReadAll(response.Body); err != nil {
		return nil, err
	}
	_ = json.Unmarshal(a.body, &a.json) // sound says when there must be one
	if values, given := response.Header["Authorization"]; c.native && given {
		c.token = values[0]
	}
	for _, cookie := range response.Cookies() {
		switch {
		case c.native:
		case cookie.Name == clientCookie:
			c.token = map[bool]string{true: "", false: cookie.Value}[cookie.MaxAge < 0]
		case cookie.Name == authTimeCookie:
			c.authTime = cookie.Value
		}
	}
	return a, nil
}

// sound is what holds of every answer.
func (a *answer) sound() error {
	switch {
	case a.status >= 500:
		return fmt.Errorf("the server failed: %d %s", a.status, a.body)
	case bytes.Contains(a.body, []byte("$argon2")):
		return errors.New("the answer has a password's hash")
	case strings.HasPrefix(string(a.body), `{"message":`):
		return nil // the gateway's own: the request didn't come to a function
	case a.header.Get("Access-Control-Allow-Origin") == "*":
		return a.soundPublic()
	case a.header.Get("Vary") != "Origin" || a.header.Get("Cache-Control") != "no-store" || a.header.Get("Date") == "":
		return fmt.Errorf("the answer isn't safe from caches: %v", a.header)
	case a.status == http.StatusNoContent, a.status == http.StatusSeeOther, a.status == http.StatusTemporaryRedirect, strings.HasPrefix(a.header.Get("Content-Type"), "text/html"):
		return nil
	case (a.json == nil && string(a.body) != "null") || a.header.Get("Content-Type") != "application/json; charset=utf-8":
		return fmt.Errorf("the answer isn't JSON: %v %s", a.header, a.body)
	case a.status >= 400:
		return a.soundError()
	}
	return nil
}

// soundPublic is what holds of an answer that every page may read.
func (a *answer) soundPublic() error {
	if a.header.Get("Access-Control-Allow-Credentials") != "" || len(a.header.Values("Set-Cookie")) > 0 || a.header.Get("Authorization") != "" {
		return fmt.Errorf("everybody may read what is one caller's: %v", a.header)
	}
	if a.status >= 400 && a.json != nil {
		return a.soundError()
	}
	return nil
}

// An errorItem is one error of the wire's envelope (protocol page, §2.2).
type errorItem struct {
	Code        string `json:"code"`
	Message     string `json:"message"`
	LongMessage string `json:"long_message"`
	Meta        struct {
		Param string `json:"param_name"`
	} `json:"meta"`
	// Field is what the accounts family has for Meta.Param.
	Field string `json:"field"`
}

// An exception is what the accounts family has for an envelope.
type exception struct {
	Timestamp   time.Time `json:"timestamp"`
	StatusCode  int       `json:"status_code"`
	HTTPCode    int       `json:"http_code"`
	ErrorType   string    `json:"error_type"`
	Message     string    `json:"message"`
	Cause       string    `json:"cause"`
	Suggestions []string  `json:"suggestions"`
}

// sound says whether it is whole, for an answer with the status.
func (e exception) sound(status int) bool {
	return e.StatusCode == status && e.HTTPCode == status && e.Message != "" && e.Suggestions != nil && !e.Timestamp.IsZero()
}

// A nested is what the passwords family has for an envelope.
type nested struct {
	Errors struct {
		Errors []struct{ Code, Title, Detail, Type, Field string }
	}
}

// list are its errors; none if it isn't whole, for an answer with the status.
func (n nested) list(status int) (list []errorItem) {
	for _, e := range n.Errors.Errors {
		if e.Code != strconv.Itoa(status) || e.Title == "" {
			return nil
		}
		item := errorItem{Code: e.Type, Message: e.Detail, LongMessage: e.Detail}
		item.Meta.Param = e.Field
		list = append(list, item)
	}
	return list
}

func (a *answer) errors() (list []errorItem, traceID string) {
	var other nested
	if json.Unmarshal(a.body, &other) == nil && len(other.Errors.Errors) > 0 {
		return other.list(a.status), a.header.Get("Apigw-Requestid") // which isn't in the body
	}
	if told, own := a.ssoError(); own {
		return told, a.header.Get("Apigw-Requestid") // which isn't in the body
	}
	var envelope struct {
		Errors  []errorItem `json:"errors"`
		TraceID string      `json:"clerk_trace_id"`
		exception
	}
	_ = json.Unmarshal(a.body, &envelope) // what isn't an envelope has no errors
	if envelope.ErrorType == "" {
		return envelope.Errors, envelope.TraceID
	}
	if !envelope.sound(a.status) {
		return nil, ""
	}
	for i := range envelope.Errors {
		e := &envelope.Errors[i]
		e.LongMessage, e.Meta.Param = e.Message, e.Field
	}
	return envelope.Errors, envelope.Cause
}

func (a *answer) soundError() error {
	list, traceID := a.errors()
	if len(list) == 0 || traceID != a.header.Get("Apigw-Requestid") {
		return fmt.Errorf("not the error envelope: %s", a.body)
	}
	for _, e := range list {
		if e.Code == "" || e.Message == "" || e.LongMessage == "" || strings.Contains(e.Message, "{") {
			return fmt.Errorf("not a whole error: %+v", e)
		}
	}
	return nil
}

// canaries numbers the addresses of settle.
var canaries atomic.Int64

// settle returns when every mail that is due has been dealt with: the stream keeps its order, so one is sent after them. Mails of one batch go out at
// once; the second of two is in a later batch than everything before the first.
func (s *sharedStack) settle() error {
	for range 2 {
		address := fmt.Sprintf("canary-%d@settle.example", canaries.Add(1))
		c := &client{}
		created, err := c.post(s.APIURL+"/v1/client/sign_ups", "email_address="+url.QueryEscape(address))
		if err != nil {
			return err
		}
		id, _ := find(created.json, "response.id")
		if _, err := c.post(fmt.Sprintf("%s/v1/client/sign_ups/%v/prepare_verification", s.APIURL, id), "strategy=email_code"); err != nil {
			return err
		}
		if _, err = s.await(address, 0); err != nil {
			return fmt.Errorf("the stream stands still: %w", err)
		}
	}
	return nil
}

// await waits until there are more than seen mails to address and returns the newest.
func (s *sharedStack) await(address string, seen int) (inbox.Mail, error) {
	ctx, cancel := context.WithTimeout(context.Background(), mailLimit)
	defer cancel()
	m, err := inbox.Await(ctx, s.InboxURL, address, seen)
	if err != nil {
		err = fmt.Errorf("no new mail to %s: %w", address, err)
	}
	return m, err
}

// post sends a form and wants 200.
func (c *client) post(address, form string) (*answer, error) {
	r, err := http.NewRequest(http.MethodPost, c.path(address), strings.NewReader(form))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a, err := c.send(r)
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("%s: %d %s", address, a.status, a.body)
	}
	return a, err
}
