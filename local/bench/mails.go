package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// mailbox stands for SES: it takes every mail, and keeps the newest code to each address and how many came.
type mailbox struct {
	*httptest.Server
	mu    sync.Mutex
	codes map[string]string
	count map[string]int
}

func newMailbox() *mailbox {
	m := &mailbox{codes: map[string]string{}, count: map[string]int{}}
	m.Server = httptest.NewServer(m)
	return m
}

// ServeHTTP answers SendEmail of the SES API v2, and everything else as if it were that.
func (m *mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var mail struct {
		Destination struct{ ToAddresses []string }
		Content     struct {
			Simple struct {
				Body struct{ Text struct{ Data string } }
			}
		}
	}
	if r.Method == http.MethodPost && json.NewDecoder(r.Body).Decode(&mail) == nil && len(mail.Destination.ToAddresses) == 1 {
		m.mu.Lock()
		to := mail.Destination.ToAddresses[0]
		m.count[to]++
		m.codes[to] = codeIn(mail.Content.Simple.Body.Text.Data)
		m.mu.Unlock()
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprint(w, `{"MessageId":"1"}`)
}

// codeIn is the line of six digits, or "".
func codeIn(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); len(line) == 6 && strings.Trim(line, "0123456789") == "" {
			return line
		}
	}
	return ""
}

// code waits for the first mail to address.
func (m *mailbox) code(address string) (string, error) {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		m.mu.Lock()
		code := m.codes[address]
		m.mu.Unlock()
		if code != "" {
			return code, nil
		}
	}
	return "", fmt.Errorf("no code was mailed to %s", address)
}

// total is how many mails have come to addresses, once there are at least want or the wait is over.
func (m *mailbox) total(addresses []string, want int) int {
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		m.mu.Lock()
		sum := 0
		for _, address := range addresses {
			sum += m.count[address]
		}
		m.mu.Unlock()
		if sum >= want || time.Now().After(end) {
			return sum
		}
	}
}
