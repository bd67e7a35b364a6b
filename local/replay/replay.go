// Package replay makes events/<family>/<operation>.json run one after the other on the same data: it fills their placeholders with what earlier answers
// gave, and keeps that in a file.
//
// The placeholders are {{client_token}}, {{sign_up_id}}, {{session_id}}, {{code}}, {{link_token}}, {{approval_token}}, {{account_id}}, {{access_token}},
// {{api_key}}, {{key_id}}, {{account_code}}, {{operator_key}}, {{uid}}, {{identity_token}}, {{refresh_token}}, {{oob_code}}, {{confirm_token}}, {{ust}} and {{user_id}} inside strings, {{due_pk}} and {{due_sk}}, and the whole string "{{due_image}}", which stands for the newest item with a due
// mail in DynamoDB's JSON. Order has the order.
package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/doorstep-auth/doorstep/local/replay/inbox"
)

// state is what earlier answers gave.
type state struct {
	ClientToken  string `json:"client_token,omitempty"`
	SignUpID     string `json:"sign_up_id,omitempty"`
	SessionID    string `json:"session_id,omitempty"`
	EmailAddress string `json:"email_address,omitempty"`
	// Code and LinkToken are of the last mail that was read from an inbox, which may be gone by now.
	Code      string `json:"code,omitempty"`
	LinkToken string `json:"link_token,omitempty"`
	// ApprovalToken is what the last used link handed over to an app.
	ApprovalToken string `json:"approval_token,omitempty"`
	// AccountID and AccessToken are of the account that signed in last, APIKey is the last that was shown.
	AccountID   string `json:"account_id,omitempty"`
	AccessToken string `json:"access_token,omitempty"`
	APIKey      string `json:"api_key,omitempty"`
	KeyID       string `json:"key_id,omitempty"`
	// AccountAddress is the last that an account named, AccountCode of the last mail to it.
	AccountAddress string `json:"account_address,omitempty"`
	AccountCode    string `json:"account_code,omitempty"`
	// Earlier is the mail that was the newest to the address before the last code was asked for.
	Earlier string `json:"earlier_mail,omitempty"`
	passwordsState
	ssoState
}

// A Player fills events and learns from answers. Its fields say where to look and may be changed between calls.
type Player struct {
	// Inbox is the URL of the inbox that functions mail to.
	Inbox string
	// DynamoDB is the endpoint that has the table called Table.
	DynamoDB, Table string
	// Patience is how long a mail is waited for: more than 0 makes sense where a running stack sends it.
	Patience time.Duration

	path  string
	state state
	// newest is the newest mail to the address when the last event was filled.
	newest string
	// named is the address that the last event's body names, newestNamed the newest mail to it when the event was filled.
	named, newestNamed string
}

// Open reads what was learned from the file at path, if it is there.
func Open(path string) (*Player, error) {
	p := &Player{path: path}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return p, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &p.state)
	}
	return p, err
}

// An Unknown is a placeholder that can't be filled yet.
type Unknown struct {
	Placeholder string
	// Advice says what to do first.
	Advice string
}

func (e *Unknown) Error() string {
	return fmt.Sprintf("the event's {{%s}} isn't known yet: %s", e.Placeholder, e.Advice)
}

// Learn keeps what the answer of a function gives for later events. An answer that isn't an API's gives nothing but the mail that it may have sent.
func (p *Player) Learn(ctx context.Context, function string, answer []byte) error {
	var response struct {
		Status  int               `json:"statusCode"`
		Headers map[string]string `json:"headers"`
		Cookies []string          `json:"cookies"`
		Body    string            `json:"body"`
	}
	if json.Unmarshal(answer, &response) == nil && response.Status != 0 {
		p.learnToken(response.Headers, response.Cookies)
		p.learnApproval(response.Headers)
		p.learnSignUp(function, response.Body)
		p.learnAccount(function, response.Body)
		p.learnPasswords(function, response.Body)
		p.learnSSO(function, response.Body)
	} else {
		p.learnOperator(answer)
	}
	p.learnAction(ctx)
	if code := p.mailTo(ctx, p.state.AccountAddress).Code(); code != "" {
		p.state.AccountCode = code
	}
	if mail := p.mail(ctx); mail.ID != p.state.Earlier && mail.Code() != "" {
		p.state.Code, p.state.LinkToken = mail.Code(), linkToken(mail)
	}
	return p.save()
}

// learnToken keeps the token that a browser or an app would keep.
func (p *Player) learnToken(headers map[string]string, cookies []string) {
	if token, given := headers["authorization"]; given {
		p.state.ClientToken = token
	}
	for _, line := range cookies {
		cookie, err := http.ParseSetCookie(line)
		if err != nil || cookie.Name != "__client" {
			continue
		}
		if p.state.ClientToken = cookie.Value; cookie.MaxAge < 0 {
			p.state.ClientToken = ""
		}
	}
}

// learnApproval keeps what a used link hands over to an app, in the redirect to it.
func (p *Player) learnApproval(headers map[string]string) {
	target, err := url.Parse(headers["location"])
	if err != nil {
		return
	}
	if token := target.Query().Get("approval_token"); token != "" {
		p.state.ApprovalToken = token
	}
}

// learnSignUp keeps the sign-up that a body tells of. What is known of a mail ends with the sign-up that it is for, and when a new one is asked for.
func (p *Player) learnSignUp(function, body string) {
	var envelope struct {
		Response *struct {
			Object       string
			ID           string
			EmailAddress string `json:"email_address"`
			SessionID    string `json:"created_session_id"`
		}
	}
	if json.Unmarshal([]byte(body), &envelope) != nil || envelope.Response == nil || envelope.Response.Object != "sign_up_attempt" {
		return
	}
	told := envelope.Response
	if told.ID != p.state.SignUpID || function == "signups/prepare-verification" {
		p.state.Code, p.state.LinkToken, p.state.ApprovalToken, p.state.Earlier = "", "", "", p.newest
	}
	p.state.SignUpID, p.state.EmailAddress = told.ID, told.EmailAddress
	if told.SessionID != "" {
		p.state.SessionID = told.SessionID
	}
}

// learnAccount keeps what an account signs in with.
func (p *Player) learnAccount(function, body string) {
	if !strings.HasPrefix(function, "accounts/") {
		return
	}
	if p.named != "" && p.named != p.state.AccountAddress {
		p.state.AccountAddress, p.state.AccountCode = p.named, ""
	}
	var told struct {
		Account     struct{ ID string }
		AccessToken string                `json:"access_token"`
		APIKey      string                `json:"api_key"`
		APIKeys     []struct{ ID string } `json:"api_keys"`
	}
	if json.Unmarshal([]byte(body), &told.APIKey) == nil {
		told.Account.ID = "" // the answer is the key alone, or null
	} else if json.Unmarshal([]byte(body), &told) != nil {
		return
	}
	if told.AccessToken != "" {
		p.state.AccountID, p.state.AccessToken = told.Account.ID, told.AccessToken
	}
	if told.APIKey != "" {
		p.state.APIKey = told.APIKey
	}
	if len(told.APIKeys) > 0 {
		p.state.KeyID = told.APIKeys[0].ID
	}
}

// mail is the newest to the sign-up's address.
func (p *Player) mail(ctx context.Context) inbox.Mail { return p.mailTo(ctx, p.state.EmailAddress) }

// mailTo is the newest to an address; the zero Mail if there is none or the inbox can't be reached.
func (p *Player) mailTo(ctx context.Context, address string) inbox.Mail {
	if p.Inbox == "" || address == "" {
		return inbox.Mail{}
	}
	mails, err := inbox.Read(ctx, p.Inbox)
	if err != nil {
		return inbox.Mail{}
	}
	to := inbox.To(mails, address)
	if len(to) == 0 {
		return inbox.Mail{}
	}
	return to[len(to)-1]
}

func (p *Player) save() error {
	text, err := json.MarshalIndent(p.state, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(p.path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(p.path, append(text, '\n'), 0o600)
}

// Fill returns the event with its placeholders filled. The error is an *Unknown, or says what is wrong with the event, the inbox or the table.
func (p *Player) Fill(ctx context.Context, event []byte) ([]byte, error) {
	p.newest = p.mail(ctx).ID
	var filled strings.Builder
	rest := string(event)
	for {
		before, after, found := strings.Cut(rest, "{{")
		if !found {
			filled.WriteString(rest)
			break
		}
		name, following, closed := strings.Cut(after, "}}")
		if !closed {
			return nil, errors.New("the event has {{ without }}")
		}
		value, err := p.value(ctx, name)
		if err != nil {
			return nil, err
		}
		if name == dueImage {
			before, following = strings.TrimSuffix(before, `"`), strings.TrimPrefix(following, `"`)
		}
		filled.WriteString(before + value)
		rest = following
	}
	if !json.Valid([]byte(filled.String())) {
		return nil, errors.New("the event isn't JSON")
	}
	p.named = nameIn(filled.String())
	p.newestNamed = p.mailTo(ctx, p.named).ID
	return []byte(filled.String()), nil
}

// nameIn is the address that the event's JSON body names, if it does.
func nameIn(event string) string {
	var carried struct{ Body string }
	var fields struct{ Email string }
	if json.Unmarshal([]byte(event), &carried) != nil || json.Unmarshal([]byte(carried.Body), &fields) != nil {
		return ""
	}
	return fields.Email
}

const dueImage = "due_image"

// value is what stands for a placeholder. None but the image needs escaping: they are made of letters, digits and - _ . #.
func (p *Player) value(ctx context.Context, name string) (string, error) {
	switch name {
	case "client_token":
		return p.state.ClientToken, nil // without one the caller is nobody, as anybody is at first
	case "sign_up_id":
		if p.state.SignUpID == "" {
			return "", &Unknown{name, "invoke signups/create first"}
		}
		return p.state.SignUpID, nil
	case "session_id":
		if p.state.SessionID == "" {
			return "", &Unknown{name, "complete a sign-up first: invoke signups/attempt-verification"}
		}
		return p.state.SessionID, nil
	case "code":
		return p.mailed(ctx, name, p.state.Code, inbox.Mail.Code)
	case "link_token":
		return p.mailed(ctx, name, p.state.LinkToken, linkToken)
	case "approval_token":
		if p.state.ApprovalToken == "" {
			return "", &Unknown{name, "invoke signups/confirm-link first"}
		}
		return p.state.ApprovalToken, nil
	case "account_code":
		return p.waited(ctx, name, p.state.AccountCode, func() string { return p.mailTo(ctx, p.state.AccountAddress).Code() })
	case "due_pk", "due_sk", dueImage:
		return p.due(ctx, name)
	}
	if name == "oob_code" {
		return p.waited(ctx, name, p.state.ActionCode, func() string { return p.learnAction(ctx) })
	}
	return p.given(name)
}

// given is what an answer gave for a placeholder.
func (p *Player) given(name string) (string, error) {
	for _, family := range []map[string][2]string{p.ofAccount(), p.ofPasswords(), p.ofSSO()} {
		switch known, one := family[name]; {
		case !one:
		case known[0] == "":
			return "", &Unknown{name, known[1]}
		default:
			return known[0], nil
		}
	}
	return "", fmt.Errorf("the event has the unknown placeholder {{%s}}", name)
}

// ofAccount are an account's sign-up's and log-in's placeholders: what they gave, and what
// to do as long as that is nothing.
func (p *Player) ofAccount() map[string][2]string {
	return map[string][2]string{
		"account_id": {p.state.AccountID, "invoke accounts/default first"}, "access_token": {p.state.AccessToken, "invoke accounts/default first"},
		"api_key": {p.state.APIKey, "invoke accounts/key first"}, "key_id": {p.state.KeyID, "invoke accounts/list-keys first"},
	}
}

// due is the key or the image of the newest item with a due mail.
func (p *Player) due(ctx context.Context, name string) (string, error) {
	pk, sk, image, err := DueMail(ctx, p.DynamoDB, p.Table)
	if err == nil && image == nil {
		err = &Unknown{name, "no mail is due; invoke signups/create and signups/prepare-verification first"}
	}
	return map[string]string{"due_pk": pk, "due_sk": sk, dueImage: string(image)}[name], err
}

// mailed is what read finds in the newest mail for the sign-up, unless it is known. With a stack that runs, the mail may still be on its way.
func (p *Player) mailed(ctx context.Context, name, known string, read func(inbox.Mail) string) (string, error) {
	return p.waited(ctx, name, known, func() string {
		if mail := p.mail(ctx); mail.ID != p.state.Earlier && p.state.SignUpID != "" {
			return read(mail)
		}
		return ""
	})
}

// waited is known, or what look finds within the patience there is.
func (p *Player) waited(ctx context.Context, name, known string, look func() string) (string, error) {
	if known != "" {
		return known, nil
	}
	for limit := time.Now().Add(p.Patience); ; {
		if found := look(); found != "" {
			return found, nil
		}
		if p.Inbox == "" || time.Now().After(limit) {
			return "", &Unknown{name, mailAdvice(name)}
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func mailAdvice(name string) string {
	if name == "account_code" {
		return "invoke accounts/email and then mail/send first"
	}
	if name == "oob_code" {
		return "invoke passwords/signup and then mail/send first"
	}
	advice := "invoke signups/prepare-verification and then mail/send first"
	if name == "link_token" {
		advice += "; SETTINGS, if you gave any, must have the strategy email_link"
	}
	return advice
}

// linkToken is the token of the mail's link; empty if it has none.
func linkToken(m inbox.Mail) string {
	link, err := url.Parse(m.Link())
	if err != nil {
		return ""
	}
	return link.Query().Get("token")
}
