package linkpage

import (
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/doorstep-auth/doorstep/shared/settings"
)

var update = flag.Bool("update", false, "write the golden files")

func testSettings() *settings.Settings {
	s := settings.Default()
	s.AppName = "Acme & Söhne <Ltd> {style}"
	s.RedirectURLs = []string{"https://app.example/done", "https://app.example/other", "http://localhost:*", "pies://callback"}
	s.Attributes.EmailAddress.Strategies = []string{settings.EmailCode, settings.EmailLink}
	return s
}

// allPages are all pages under s, by name.
func allPages(s *settings.Settings) map[string]Page {
	p, all := New(s), map[string]Page{}
	for _, locale := range settings.Locales() {
		all["open."+locale] = p.Open(locale)
		for _, result := range []Result{Verified, Expired, Failed, Mismatch} {
			all[string(result)+"."+locale] = p.Result(result, locale)
		}
		all["client_mismatch_code."+locale] = p.Mismatch("012345", locale)
	}
	return all
}

// `go test ./shared/linkpage -update` writes the goldens.
func TestGoldens(t *testing.T) {
	for name, page := range allPages(testSettings()) {
		file := filepath.Join("testdata", name+".html")
		if *update {
			if err := os.WriteFile(file, page.HTML, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(page.HTML)); diff != "" {
			t.Errorf("differs from %s (-want +got):\n%s", file, diff)
		}
	}
}

// R17: a page loads nothing, runs nothing, can't be framed, tells nobody of the
// link, and its form goes nowhere but to itself and what is registered.
func TestR17PagesLeakNothing(t *testing.T) {
	sum := sha256.Sum256([]byte(style))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; " +
		"form-action 'self' https://app.example http://localhost:* http://127.0.0.1:* pies:; frame-ancestors 'none'; base-uri 'none'"
	for name, page := range allPages(testSettings()) {
		want := map[string]string{
			"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow", "X-Frame-Options": "DENY",
			"Content-Language": strings.TrimPrefix(filepath.Ext(name), "."),
		}
		if diff := cmp.Diff(want, page.Header); diff != "" {
			t.Errorf("%s: headers (-want +got):\n%s", name, diff)
		}
		for _, remote := range []string{"http:", "https:", "//", "url(", "@import", "src", "href", "action=", "javascript", "<script", "<link", "<img", "style="} {
			if strings.Contains(string(page.HTML), remote) {
				t.Errorf("%s: %q is in the page", name, remote)
			}
		}
	}
}

// A page without any registered address still posts to itself.
func TestPolicyWithoutRedirects(t *testing.T) {
	if got := New(settings.Default()).Open("").Header["Content-Security-Policy"]; !strings.Contains(got, "form-action 'self';") {
		t.Errorf("the policy is %s", got)
	}
}

// What assistive technology needs: a language, a title, one heading, one landmark, a
// button with a name; and of controls nothing but that.
func TestPagesAreAccessible(t *testing.T) {
	for name, page := range allPages(testSettings()) {
		root, err := html.Parse(strings.NewReader(string(page.HTML)))
		if err != nil {
			t.Fatal(err)
		}
		count := map[string]int{}
		for node := range root.Descendants() {
			if node.Type != html.ElementNode {
				continue
			}
			count[node.Data]++
			for _, attribute := range node.Attr {
				if strings.HasPrefix(attribute.Key, "on") {
					t.Errorf("%s: %s runs", name, attribute.Key)
				}
			}
			if node.Data == "html" && node.Attr[0].Val != page.Header["Content-Language"] {
				t.Errorf("%s: the language is %q", name, node.Attr[0].Val)
			}
			if node.Data == "form" && (len(node.Attr) != 1 || node.Attr[0].Key != "method" || node.Attr[0].Val != "post") {
				t.Errorf("%s: the form has %v", name, node.Attr)
			}
			if node.Data == "button" && (node.FirstChild == nil || strings.TrimSpace(node.FirstChild.Data) == "") {
				t.Errorf("%s: the button has no name", name)
			}
		}
		forms := 0
		if strings.HasPrefix(name, "open.") {
			forms = 1
		}
		for element, want := range map[string]int{"title": 1, "main": 1, "h1": 1, "form": forms, "button": forms, "input": 0, "a": 0, "script": 0} {
			if count[element] != want {
				t.Errorf("%s: %d <%s>, want %d", name, count[element], element, want)
			}
		}
	}
}

// The application's name is text, whatever is in it.
func TestAppNameIsEscaped(t *testing.T) {
	for name, page := range allPages(testSettings()) {
		text := string(page.HTML)
		if strings.Contains(text, "<Ltd>") || strings.Count(text, "Acme &amp; Söhne &lt;Ltd&gt; {style}") < 2 {
			t.Errorf("%s: the name isn't shown as it is:\n%s", name, text)
		}
		if strings.Contains(strings.ReplaceAll(text, "{style}", ""), "{app}") {
			t.Errorf("%s: a place was left unfilled", name)
		}
	}
}

func TestLanguage(t *testing.T) {
	for _, test := range []struct{ header, fallback, want string }{
		{"de", "en", "de"}, {"de-AT,en;q=0.5", "en", "de"}, {"en;q=0.5, de;q=0.9", "en", "de"}, {"fr, de;q=0.4, en;q=0.3", "en", "de"},
		{"en-GB,en;q=0.9,de;q=0.8", "de", "en"}, {"", "de", "de"}, {"fr", "de", "de"}, {"*", "de", "de"}, {"not a header;;q=", "de", "de"},
		{strings.Repeat("de,", 200), "en", "en"}, {"DE_ch", "en", "de"}, {"und", "de", "de"},
	} {
		s := testSettings()
		s.Mail.DefaultLocale = test.fallback
		if got := New(s).Open(test.header).Header["Content-Language"]; got != test.want {
			t.Errorf("%.40q with default %q gives %s, want %s", test.header, test.fallback, got, test.want)
		}
	}
}

// What the pages say of other devices and of codes is what the settings allow.
func TestPagesSayWhatIsAllowed(t *testing.T) {
	for name, c := range map[string]struct {
		strategies    []string
		same          bool
		device, codes bool
	}{
		"code and link":   {[]string{"email_code", "email_link"}, true, true, true},
		"link only":       {[]string{"email_link"}, true, true, false},
		"anybody's links": {[]string{"email_code", "email_link"}, false, false, false},
	} {
		s := testSettings()
		s.Attributes.EmailAddress.Strategies, s.Verification.RequireSameClient = c.strategies, c.same
		text := string(New(s).Open("en").HTML)
		if strings.Contains(text, "another device") != c.device || strings.Contains(text, "enter the code") != c.codes {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}

func TestResultsHaveStatuses(t *testing.T) {
	p := New(testSettings())
	for result, want := range map[Result]int{Verified: 200, Expired: 400, Failed: 400, Mismatch: 400, "": 400, "nonsense": 400} {
		if got := p.Result(result, "en").Status; got != want {
			t.Errorf("%q: %d", result, got)
		}
	}
	if got := p.Result("nonsense", "en"); !slices.Equal(got.HTML, p.Result(Failed, "en").HTML) {
		t.Error("what has no page has another than that of a failed link")
	}
}
