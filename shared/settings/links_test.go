package settings

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLinksAreAChoice(t *testing.T) {
	if diff := cmp.Diff([]string{"email_code"}, Default().Attributes.EmailAddress.Strategies); diff != "" {
		t.Errorf("strategies by default (-want +got):\n%s", diff)
	}
	if !Default().Verification.RequireSameClient {
		t.Error("by default anybody who opens a link proves an address")
	}
	for document, want := range map[string][]string{
		`{"attributes": {"email_address": {"strategies": ["email_link"]}}}`:                                                               {"email_link"},
		`{"attributes": {"email_address": {"strategies": ["email_link", "email_code"]}}, "verification": {"require_same_client": false}}`: {"email_link", "email_code"},
	} {
		s, err := Parse([]byte(document))
		if err != nil {
			t.Errorf("%s: %v", document, err)
			continue
		}
		if diff := cmp.Diff(want, s.Attributes.EmailAddress.Strategies); diff != "" {
			t.Errorf("%s (-want +got):\n%s", document, diff)
		}
	}
}

// R17: what a page of ours may lead to is what is registered, and nothing else.
func TestR17RedirectSources(t *testing.T) {
	for name, c := range map[string]struct{ registered, want []string }{
		"nothing":         {nil, []string{}},
		"origins":         {[]string{"https://a.example/done", "https://a.example/other", "https://b.example:8443"}, []string{"https://a.example", "https://b.example:8443"}},
		"app schemes":     {[]string{"pies://callback", "com.example.app:/cb", "pies://other"}, []string{"pies:", "com.example.app:"}},
		"any local port":  {[]string{"http://localhost:*", "http://localhost:*/x"}, []string{"http://localhost:*", "http://127.0.0.1:*"}},
		"one local port":  {[]string{"http://localhost:3000/x"}, []string{"http://localhost:3000"}},
		"an IPv6 address": {[]string{"http://[::1]:3000/x"}, []string{}},
	} {
		s := Default()
		s.RedirectURLs = c.registered
		if err := s.Validate(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, s.RedirectSources()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAbsoluteURL(t *testing.T) {
	for target, want := range map[string]bool{
		"https://app.example/done?x=1#y": true, "pies://callback": true, "pies:/callback": true, "http://localhost:3000": true,
		"": false, "/done": false, "done": false, "//app.example/done": false, "javascript:alert(1)": false,
		"https://ann@app.example/": false, "https://app.example/a b": false, "https://app.example/\r\n": false, "https://app.example\\x": false,
	} {
		if got := AbsoluteURL(target); got != want {
			t.Errorf("%q: %v", target, got)
		}
	}
}
