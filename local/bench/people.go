package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/doorstep-auth/doorstep/local/stack"
)

// settingsDocument has no password, whose hash would cost more time than all else and spread it, and no limits, which 10,000 people from one source would
// all run into.
const settingsDocument = `{"enumeration_protection": true, "attributes": {"password": {"requirement": "off"}},
	"limits": {"mails_per_address_hour": 0, "mails_per_address_day": 0, "creates_per_source": 0, "attempts_per_source": 0}}`

// A host is the local host with addresses that have an account and as many that have none.
type host struct {
	*stack.Stack
	mails          *mailbox
	client         *http.Client
	random         *rand.Rand
	known, unknown []string
}

// newHost starts a stack and signs n people up.
func newHost(ctx context.Context, n int, random *rand.Rand) (*host, error) {
	h := &host{mails: newMailbox(), client: &http.Client{Timeout: 20 * time.Second}, random: random}
	var err error
	h.Stack, err = stack.Start(ctx, stack.Options{
		Settings: settingsDocument, FunctionEnvironment: map[string]map[string]string{"mail/send": {"SES_ENDPOINT": h.mails.URL}},
	})
	if err != nil {
		h.mails.Close()
		return nil, err
	}
	for range n {
		known := h.address()
		h.known, h.unknown = append(h.known, known), append(h.unknown, h.address())
		if err := h.signUp(ctx, known); err != nil {
			h.stop()
			return nil, err
		}
	}
	return h, nil
}

func (h *host) stop() {
	h.Stop()
	h.mails.CloseClientConnections()
	h.mails.Close()
}

// address is a new one. All are of the same length.
func (h *host) address() string { return fmt.Sprintf("%016x@bench.example", h.random.Uint64()) }

// A visitor has begun a sign-up.
type visitor struct {
	*host
	cookie string
	path   string // of the sign-up
}

var signUpID = regexp.MustCompile(`sua_[0-9A-Za-z]{22}`)

// create begins a sign-up and has the code mailed.
func (h *host) create(ctx context.Context, address string) (*visitor, time.Duration, error) {
	v := &visitor{host: h}
	body, took, err := v.post(ctx, "/v1/client/sign_ups", "strategy=email_code&email_address="+url.QueryEscape(address), http.StatusOK)
	v.path = "/v1/client/sign_ups/" + signUpID.FindString(string(body))
	return v, took, err
}

// attempt tries a code.
func (v *visitor) attempt(ctx context.Context, code string, status int) ([]byte, time.Duration, error) {
	return v.post(ctx, v.path+"/attempt_verification", "strategy=email_code&code="+code, status)
}

func (h *host) signUp(ctx context.Context, address string) error {
	v, _, err := h.create(ctx, address)
	if err != nil {
		return err
	}
	code, err := h.mails.code(address)
	if err != nil {
		return err
	}
	body, _, err := v.attempt(ctx, code, http.StatusOK)
	if err == nil && !bytes.Contains(body, []byte(`"status":"complete"`)) {
		err = errors.New("a sign-up isn't complete")
	}
	return err
}

// post sends a form. It took from the request's first byte to the answer's last.
func (v *visitor) post(ctx context.Context, path, form string, status int) ([]byte, time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, v.APIURL+path, strings.NewReader(form))
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if v.cookie != "" {
		r.Header.Set("Cookie", v.cookie)
	}
	began := time.Now()
	answer, err := v.client.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	took := time.Since(began)
	if err == nil && answer.StatusCode != status {
		err = fmt.Errorf("%s: %d %s", path, answer.StatusCode, body)
	}
	for _, cookie := range answer.Cookies() {
		v.cookie = cookie.Name + "=" + cookie.Value
	}
	return body, took, err
}
