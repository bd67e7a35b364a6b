package flows_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receivers are the operator's programs that stacks tell of new users, by the path of their URL. What is posted below /down is refused, below /gone for
// good, and below /shaky every first time that a message comes.
type receivers struct {
	*httptest.Server
	mu   sync.Mutex
	got  map[string][]posted // accepted, by path
	seen map[string]int      // attempts, by path and id
}

type posted struct {
	header http.Header
	body   []byte
}

func newReceivers() *receivers {
	r := &receivers{got: map[string][]posted{}, seen: map[string]int{}}
	r.Server = httptest.NewServer(r)
	return r
}

// in replaces the name that settings have for these receivers.
func (r *receivers) in(settings string) string {
	return strings.ReplaceAll(settings, "http://localhost:1/receiver", r.URL)
}

func (r *receivers) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	attempt := request.URL.Path + " " + request.Header.Get("webhook-id")
	r.seen[attempt]++
	switch {
	case strings.HasPrefix(request.URL.Path, "/down"), strings.HasPrefix(request.URL.Path, "/shaky") && r.seen[attempt] == 1:
		w.WriteHeader(http.StatusServiceUnavailable)
	case strings.HasPrefix(request.URL.Path, "/gone"):
		w.WriteHeader(http.StatusGone)
	default:
		r.got[request.URL.Path] = append(r.got[request.URL.Path], posted{request.Header, body})
	}
}

// told are the messages that a path accepted and that have text in them.
func (r *receivers) told(path, text string) []posted {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []posted
	for _, p := range r.got[path] {
		if strings.Contains(string(p.body), text) {
			found = append(found, p)
		}
	}
	return found
}

// cmdTold waits until a receiver has accepted a message with the text, verifies it as a receiver would, and prints it. Negated, none has come.
func (s *script) cmdTold(ts *testscript.TestScript, neg bool, args []string) error {
	if len(args) != 2 {
		return usage("[!] told PATH TEXT")
	}
	var found []posted
	for limit := time.Now().Add(mailLimit); ; time.Sleep(20 * time.Millisecond) {
		found = s.run.receivers.told(args[0], args[1])
		if len(found) > 0 || neg || time.Now().After(limit) {
			break
		}
	}
	if neg != (len(found) == 0) {
		return fmt.Errorf("%s has been told of %s %d times", args[0], args[1], len(found))
	}
	if neg {
		return nil
	}
	if err := s.verify(s.run.receivers.URL+args[0], found[0]); err != nil {
		return err
	}
	_, err := fmt.Fprintln(ts.Stdout(), string(found[0].body))
	return err
}

// verify holds a message against the secret that keys/operator shows for its URL.
func (s *script) verify(url string, p posted) error {
	answer, err := s.stack.Once(context.Background(), "keys/operator", []byte("{}"))
	if err != nil {
		return err
	}
	var shown struct {
		Secrets map[string]string `json:"callback_secrets"`
	}
	if err := json.Unmarshal(answer, &shown); err != nil {
		return err
	}
	for _, secret := range shown.Secrets {
		s.run.secrets.add(kindToken, strings.TrimPrefix(secret, "whsec_"))
	}
	webhook, err := standardwebhooks.NewWebhook(shown.Secrets[url])
	if err != nil {
		return err
	}
	return webhook.Verify(p.body, p.header)
}
