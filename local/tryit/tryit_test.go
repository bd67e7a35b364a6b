package tryit_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/doorstep-auth/doorstep/local/tryit"
)

func TestHandler(t *testing.T) {
	server := httptest.NewServer(tryit.Handler(tryit.Config{InboxURL: "http://localhost:8005"}))
	defer server.Close()
	for path, want := range map[string]string{
		"/": "<!doctype html>", "/tryit/config.json": `{"inbox_url":"http://localhost:8005"}`, "/tryit/nothing.js": "404", "/other": "404",
	} {
		answer, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if !strings.Contains(strings.ToLower(string(body)), want) {
			t.Errorf("%s: %s", path, body)
		}
		if got := answer.Header.Get("Content-Security-Policy"); got != "default-src 'self'" {
			t.Errorf("%s: the policy is %q", path, got)
		}
	}
}
