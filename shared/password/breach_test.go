package password

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// A password and its SHA-1, as another tool makes it.
const (
	breachedCandidate = "vk7qtm2x9bwzr4h"
	breachedDigest    = "E7269DB4691E53BF77DC3C21DD662D73136560E3"
)

const padding = "0018A45C4D1DEF81644B54AB7F969B88D65:0\r\n00D4F6E8FA6EECAD2A3AA415EEC418D38EC:0\r\n"

func judgeAgainst(t *testing.T, handler http.HandlerFunc, candidate string) (string, error) {
	t.Helper()
	service := httptest.NewServer(handler)
	defer service.Close()
	policy := testPolicy()
	policy.BreachCheck, policy.BreachURL = settings.BreachHIBP, service.URL+"/range"
	err := NewChecker(policy, "Doorstep", service.Client()).Check(context.Background(), secret.NewText(candidate))
	return verdict(err), err
}

func TestR5BreachedPasswordsRefusedByRange(t *testing.T) {
	var asked atomic.Pointer[http.Request]
	answer := func(lines string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			asked.Store(r)
			fmt.Fprint(w, lines)
		}
	}
	for name, c := range map[string]struct{ lines, want string }{
		"known":               {padding + breachedDigest[5:] + ":12\r\n", pwned},
		"known, small hex":    {strings.ToLower(breachedDigest[5:]) + ":1", pwned},
		"padding isn't known": {padding + breachedDigest[5:] + ":0\r\n", ""},
		"not known":           {padding, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got, _ := judgeAgainst(t, answer(c.lines), breachedCandidate); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			request := asked.Load()
			if want := "/range/" + breachedDigest[:5]; request.RequestURI != want || request.Header.Get("Add-Padding") != "true" {
				t.Errorf("asked %s with Add-Padding %q, want %s", request.RequestURI, request.Header.Get("Add-Padding"), want)
			}
		})
	}
}

// R6: without a usable answer a password isn't accepted.
func TestR6BreachServiceUnusable(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); fmt.Fprint(w, padding) }
	}
	text := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
	}
	for name, handler := range map[string]http.HandlerFunc{
		"500":      status(http.StatusInternalServerError),
		"429":      status(http.StatusTooManyRequests),
		"404":      status(http.StatusNotFound),
		"204":      status(http.StatusNoContent),
		"empty":    text(""),
		"HTML":     text("<html>Please sign in to the network</html>"),
		"cut line": text(padding + "0018A45C4D1DEF8"),
		"no count": text("0018A45C4D1DEF81644B54AB7F969B88D65"),
		"huge":     text(strings.Repeat(padding, 1<<14)),
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				fmt.Fprint(w, padding)
				return
			}
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		},
		"hang up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"cut answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "999")
			fmt.Fprint(w, padding)
		},
		"elsewhere's": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") },
	} {
		t.Run(name, func(t *testing.T) {
			got, err := judgeAgainst(t, handler, breachedCandidate)
			if want := "form_password_validation_failed (password)"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if text := err.Error(); strings.Contains(text, breachedDigest[:5]) || strings.Contains(text, breachedCandidate) {
				t.Errorf("the error tells of the password: %s", text)
			}
		})
	}
}

func TestR6BreachServiceUnreachable(t *testing.T) {
	policy := testPolicy()
	policy.BreachCheck, policy.BreachURL = settings.BreachHIBP, "http://127.0.0.1:1/range"
	err := NewChecker(policy, "Doorstep", nil).Check(context.Background(), secret.NewText(breachedCandidate))
	if !problem.Has(err, problem.PasswordUnchecked) {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), breachedDigest[:5]) {
		t.Errorf("the error tells of the password: %v", err)
	}
}

func TestR6BreachServiceSlow(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	begun := time.Now()
	got, err := judgeAgainst(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-release:
		}
	}, breachedCandidate)
	close(release)
	if took := time.Since(begun); took > 10*time.Second || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("took %v: %v", took, err)
	}
	if got != "form_password_validation_failed (password)" {
		t.Errorf("got %q", got)
	}
}

// R6: what the embedded list knows is refused whatever the service does, and isn't sent.
func TestR6EmbeddedListComesFirst(t *testing.T) {
	for _, candidate := range []string{"manchesterunited", "Doorstep1234567", "short"} {
		asked := false
		got, _ := judgeAgainst(t, func(w http.ResponseWriter, _ *http.Request) {
			asked = true
			w.WriteHeader(http.StatusInternalServerError)
		}, candidate)
		if asked || got == "" || strings.Contains(got, "validation_failed") {
			t.Errorf("%s: asked %v, got %q", candidate, asked, got)
		}
	}
}
