package clerk

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/doorstep-auth/doorstep/shared/settings"
)

// ask asks for a file below /npm/ as a page's script tag does. API Gateway decodes
// path parameters once.
func (s *site) ask(path string) *answer {
	s.t.Helper()
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "GET /npm/{proxy+}", RawPath: "/npm/" + path, PathParameters: map[string]string{"proxy": path},
		Headers: map[string]string{"host": apiHost, "x-forwarded-proto": "https", "origin": "https://any.example"},
	}
	e.RequestContext.HTTP.Method, e.RequestContext.RequestID = "GET", "req-1"
	return s.run(e)
}

// The SDK's scripts and their chunks come from the settings' CDN, for pages of every origin (§1.8).
func TestSDKFilesComeFromTheCDN(t *testing.T) {
	for cdn, s := range map[string]*site{
		"https://cdn.jsdelivr.net/npm":    newSite(t, nil),
		"http://localhost:8080/local-npm": newSite(t, func(s *settings.Settings) { s.SDKURL = "http://localhost:8080/local-npm" }),
	} {
		for path, want := range map[string]string{
			"@clerk/clerk-js@6/dist/clerk.browser.js":                                                "",
			"@clerk/clerk-js@5.128.0/dist/clerk.headless.browser.js":                                 "",
			"@clerk/ui@1/dist/ui.browser.js":                                                         "",
			"@clerk/ui@latest/dist/ui.shared.browser.js":                                             "",
			"@clerk/clerk-js@6.41.0-canary.v20260820+a/dist/494_clerk.browser_a68c22_6.40.0.js":      "",
			"@clerk/clerk-js@~6.40.0/dist/coinbase-wallet-sdk_clerk.legacy.browser_ec93b9_6.40.0.js": "",
			"@clerk/clerk-js@^6.40.0/dist/clerk.browser.js":                                          "@clerk/clerk-js@%5E6.40.0/dist/clerk.browser.js",
		} {
			if want == "" {
				want = path
			}
			got := s.ask(path).must(307)
			if got.header["location"] != cdn+"/"+want || got.text != "" {
				t.Errorf("%s goes to %q: %s", path, got.header["location"], got.text)
			}
			if got.header["access-control-allow-origin"] != "*" || got.header["access-control-allow-credentials"] != "" || got.header["vary"] != "" {
				t.Errorf("%s: not every page may read it: %v", path, got.header)
			}
			if got.header["cache-control"] != "public, max-age=3600" || len(got.cookies) != 0 {
				t.Errorf("%s: caches can't keep it: %v", path, got.header)
			}
		}
	}
}

// notSDKFiles are paths that must not lead anywhere.
var notSDKFiles = []string{
	"", "@clerk/clerk-js", "@clerk/clerk-js@6", "@clerk/clerk-js@6/dist", "@clerk/clerk-js@6/dist/", "@clerk/clerk-js@/dist/a.js",
	"lodash@4/dist/a.js", "@clerk/backend@2/dist/a.js", "@clerk/clerk-js-evil@6/dist/a.js", "@evil/clerk-js@6/dist/a.js", "@CLERK/clerk-js@6/dist/a.js",
	"@clerk/clerk-js@6/src/a.js", "@clerk/clerk-js@6/dist/sub/a.js", "@clerk/clerk-js@6/dist/../../../lodash@4/a.js", "@clerk/clerk-js@6/../../x/dist/a.js",
	"@clerk/clerk-js@6/dist/..", "@clerk/clerk-js@6/dist/.", "@clerk/clerk-js@../dist/a.js", "@clerk/clerk-js@6/dist/%2e%2e%2fa.js", "@clerk/clerk-js@6%2F/dist/a.js",
	"@clerk/clerk-js@6/dist/a.js?x", "@clerk/clerk-js@6/dist/a.js#x", "@clerk/clerk-js@6/dist/a\\b.js", "@clerk/clerk-js@6/dist/a\r\nSet-Cookie: x",
	"@clerk/clerk-js@6/dist/é.js", "@clerk/clerk-js@6 || 5/dist/a.js", "@clerk/clerk-js@*/dist/a.js", "@clerk/clerk-js@6@evil.example/dist/a.js",
	"/@clerk/clerk-js@6/dist/a.js", "/evil.example/", "https://evil.example/@clerk/clerk-js@6/dist/a.js", "@clerk/clerk-js@6/dist/dist/a.js",
	"@clerk/clerk-js@" + strings.Repeat("6", 129) + "/dist/a.js", "@clerk/clerk-js@6/dist/" + strings.Repeat("a", 129),
}

// Nobody but the settings says where a browser is sent.
func TestNoOpenRedirectBelowNPM(t *testing.T) {
	s := newSite(t, nil)
	for _, path := range notSDKFiles {
		got := s.ask(path).must(404, "resource_not_found")
		if got.header["location"] != "" || got.header["access-control-allow-origin"] != "*" || got.header["cache-control"] != "no-store" {
			t.Errorf("%q: %v", path, got.header)
		}
	}
}

// Whatever the path, a browser stays below the package's dist on the CDN.
func FuzzSDKFile(f *testing.F) {
	for _, path := range append(notSDKFiles, "@clerk/clerk-js@6/dist/clerk.browser.js", "@clerk/ui@^1.2/dist/ui.browser.js") {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if !isSDKFile(path) {
			return
		}
		base, _ := url.Parse("https://cdn.example/npm/")
		target, err := base.Parse("https://cdn.example/npm/" + strings.ReplaceAll(path, "^", "%5E"))
		if err != nil || target.Host != "cdn.example" || target.RawQuery != "" || target.Fragment != "" || target.Path != "/npm/"+path {
			t.Errorf("%q leads to %v (%v)", path, target, err)
		}
	})
}
