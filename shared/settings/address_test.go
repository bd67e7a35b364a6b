package settings

import (
	"strings"
	"testing"
)

func TestOriginAllowed(t *testing.T) {
	s := Default()
	s.AllowedOrigins = []string{"https://app.example", "https://app.example:8443", "capacitor://localhost"}
	s.PublicURL = "https://auth.example/door"
	s.ProxyURLs = []string{"https://shop.example/__clerk"}
	local := Default()
	local.AllowedOrigins = []string{"http://localhost:*"}
	tests := []struct {
		settings *Settings
		origin   string
		want     bool
	}{
		{s, "https://app.example", true},
		{s, "https://app.example:8443", true},
		{s, "capacitor://localhost", true},
		{s, "https://auth.example", true},
		{s, "https://shop.example", true},
		{s, "", false},
		{s, "null", false},
		{s, "*", false},
		{s, "http://app.example", false},
		{s, "https://app.example/", false},
		{s, "https://APP.example", false},
		{s, "https://app.example:443", false},
		{s, "https://app.example.evil.example", false},
		{s, "https://evil-app.example", false},
		{s, "https://x.app.example", false},
		{s, "https://auth.example/door", false},
		{s, "http://localhost:3000", false},
		{local, "http://localhost", true},
		{local, "http://localhost:3000", true},
		{local, "http://localhost:65535", true},
		{local, "http://127.0.0.1:3000", true},
		{local, "http://[::1]:3000", true},
		{local, "http://localhost:*", false},
		{local, "https://localhost:3000", false},
		{local, "http://localhost:0", false},
		{local, "http://localhost:65536", false},
		{local, "http://localhost:", false},
		{local, "http://localhost:80a", false},
		{local, "http://localhost:+80", false},
		{local, "http://localhost:80/", false},
		{local, "http://localhost.evil.example", false},
		{local, "http://localhost:80.evil.example", false},
		{local, "http://localhost@evil.example", false},
		{local, "http://127.0.0.1.evil.example:80", false},
		{local, "http://127.0.0.2:3000", false},
		{local, "http://x.localhost:3000", false},
		{Default(), "http://localhost:3000", false},
		{Default(), "://", false},
		{Default(), "", false},
		{local, "localhost:3000", false},
	}
	for _, test := range tests {
		if got := test.settings.OriginAllowed(test.origin); got != test.want {
			t.Errorf("OriginAllowed(%q) = %v under %v", test.origin, got, test.settings.AllowedOrigins)
		}
	}
}

// TestR17RedirectAllowed holds redirects to what is registered.
func TestR17RedirectAllowed(t *testing.T) {
	s := Default()
	s.RedirectURLs = []string{
		"https://app.example/done", "https://whole.example", "https://slash.example/a/",
		"http://localhost:*/local", "pies://callback", "https://enc.example/a%20b",
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	allowed := []string{
		"https://app.example/done", "https://app.example/done/", "https://app.example/done/x",
		"https://app.example/done?x=1&y=%0a", "https://app.example/done#/verify", "https://app.example/done/a..b",
		"https://whole.example", "https://whole.example/", "https://whole.example/any/where", "https://whole.example?x=@", "https://whole.example#x",
		"https://slash.example/a", "https://slash.example/a/b",
		"http://localhost:3000/local", "http://127.0.0.1:1/local/x", "http://[::1]/local",
		"pies://callback", "https://enc.example/a%20b/c",
	}
	refused := []string{
		"", "/done", "//app.example/done", "app.example/done", "https:///done", "https://",
		"http://app.example/done", "HTTPS://app.example/done", "https://APP.example/done", "https://app.example:443/done",
		"https://app.example/", "https://app.example", "https://app.example/donee", "https://app.example/Done", "https://app.example/done%2fx",
		"https://app.example/done/../evil", "https://app.example/done/%2e%2e/evil", "https://app.example/done/.%2E/evil",
		"https://app.example/done/..", "https://app.example/done/./x", "https://app.example/done/..%2fevil", "https://app.example/done/..%5cevil",
		"https://app.example/done\\..\\evil", "https://app.example\\@evil.example/done", "https:\\\\app.example/done",
		"https://app.example@evil.example/done", "https://ann@app.example/done", "https://ann:pw@app.example/done", "https://@app.example/done",
		"https://app.example.evil.example/done", "https://evil.example/https://app.example/done", "https://evil.example?https://app.example/done",
		"https://evil.example#@app.example/done", "https://app.example:99999/done", "https://app.example:/done",
		"https://app.example/done\n", "https://app.example/done\r\nSet-Cookie: a=b", "https://app.example/done\x00", " https://app.example/done",
		"https://app.example/done x", "https://app.example/done\t", "https://app.example/done/%0d%0aX: y", "https://app.example/done/%zz", "https://app.example/döne",
		"http://localhost:3000/", "http://localhost:3000", "https://localhost:3000/local", "http://localhost:3000.evil.example/local", "http://localhost:*/local",
		"http://localhost@evil.example/local", "http://evil.example/local",
		"pies://callback/", "pies://callback?x=1", "pies://callback2", "pies:callback", "PIES://callback", "javascript:alert(1)", "javascript://callback", "data:text/html,x",
		"https://whole.example.evil.example/", "https://whole.examplex", "https://whole.example:8443/",
		"https://whole.example/" + strings.Repeat("a", maxURL),
	}
	for _, target := range allowed {
		if !s.RedirectAllowed(target) {
			t.Errorf("RedirectAllowed(%q) = false", target)
		}
	}
	for _, target := range refused {
		if s.RedirectAllowed(target) {
			t.Errorf("RedirectAllowed(%q) = true", target)
		}
	}
	if Default().RedirectAllowed("https://app.example/done") {
		t.Error("the defaults allow a redirect")
	}
}
