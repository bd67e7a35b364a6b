package mail

import (
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

var update = flag.Bool("update", false, "write the golden files")

func testSettings() *settings.Settings {
	s := settings.Default()
	s.AppName = "Acme & Söhne <Ltd>"
	s.Mail.FromAddress = "no-reply@acme.example"
	return s
}

func testRenderer(t *testing.T, s *settings.Settings) *Renderer {
	t.Helper()
	r, err := NewRenderer(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func testCode(s *settings.Settings) VerificationCode {
	return VerificationCode{AppName: s.AppName, Code: secret.NewText("012345"), Minutes: 10}
}

const testURL = "https://auth.acme.example/v1/verify?token=ICEiIyQlJicoKSorLC0uLxAREhMUFRYXGBkaGxwdHh-5JcLsQC_NTPZNCxDc9XG6rH01LXH1L2eA437bXSoGXg.abcDEF12"

func testLink(s *settings.Settings) VerificationLink {
	return VerificationLink{AppName: s.AppName, Link: secret.NewText(testURL), Code: secret.NewText("012345"), Minutes: 10}
}

const testPage = "https://app.acme.example/open?lang=de&oobCode=ICEiIyQlJicoKSorLC0uLxAREhMUFRYXGBkaGxwdHh-5JcLsQC_NTP&uid=4HO2M3TJ0C1K8QJ0ZXA7B2N9Y5DE"

// testAction is the mail of a user's challenge that is met by a link.
func testAction(s *settings.Settings, purpose signup.Purpose) VerificationLink {
	minutes := map[signup.Purpose]int{signup.AcceptInvitation: 24 * 60, signup.ConfirmSignUp: 3 * 24 * 60}[purpose]
	page := testPage
	if purpose == signup.ConfirmSignUp {
		page = "https://app.acme.example/?confirm_token=ICEiIyQlJicoKSorLC0uLxAREhMUFRYX"
	}
	return VerificationLink{AppName: s.AppName, Link: secret.NewText(page), Minutes: max(minutes, 10), Purpose: purpose}
}

// linked are the purposes that are met by a link.
var linked = []signup.Purpose{signup.ConfirmAddress, signup.AcceptInvitation, signup.ResetPassword, signup.ConfirmSignUp}

// testMails are the mails as they can look, by the name of their goldens.
func testMails(s *settings.Settings) map[string]Mail {
	linkOnly := testLink(s)
	linkOnly.Code = secret.Text{}
	address, signIn := testCode(s), testCode(s)
	address.Purpose, signIn.Purpose = signup.ProveAddress, signup.SignInByMail
	all := map[string]Mail{"verification_code": testCode(s), "address_code": address, "sign_in_code": signIn, "verification_link": testLink(s), "verification_link_only": linkOnly,
		"existing_account": ExistingAccount{AppName: s.AppName, Answerable: true}, "existing_account_unanswered": ExistingAccount{AppName: s.AppName}}
	for _, purpose := range linked {
		all[string(purpose)] = testAction(s, purpose)
	}
	return all
}

// The mails that this package knows are those that the tests look at.
func TestMailsAreTested(t *testing.T) {
	tested := map[string]bool{}
	for _, m := range testMails(testSettings()) {
		tested[m.kind()] = true
	}
	for _, m := range mails() {
		if !tested[m.kind()] {
			t.Errorf("%s isn't among the tests' mails", m.kind())
		}
		delete(tested, m.kind())
	}
	if len(tested) > 0 {
		t.Errorf("mails that nothing renders: %v", tested)
	}
}

// testMail is the fullest mail that has the text of key.
func testMail(s *settings.Settings, key string) Mail {
	kind, _, _ := strings.Cut(key, ".")
	return testMails(s)[kind]
}

func render(t *testing.T, r *Renderer, locale string, m Mail) Message {
	t.Helper()
	message, err := r.Render(locale, m)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

// One golden file per mail, language and part. `go test ./shared/mail -update` writes them.
func TestGoldens(t *testing.T) {
	s := testSettings()
	r := testRenderer(t, s)
	for _, locale := range settings.Locales() {
		for name, m := range testMails(s) {
			message := render(t, r, locale, m)
			parts := map[string]string{"subject": message.Subject + "\n", "txt": message.Text.Reveal(), "html": message.HTML.Reveal()}
			for part, got := range parts {
				t.Run(fmt.Sprintf("%s.%s.%s", name, locale, part), func(t *testing.T) { golden(t, got) })
			}
		}
	}
}

func golden(t *testing.T, got string) {
	t.Helper()
	file := filepath.Join("testdata", filepath.Base(t.Name()))
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s (-want +got):\n%s", file, diff)
	}
}

// settings.TextKeys and settings.Locales promise what this package has to serve:
// every text is there in every language, and no other.
func TestTextsAreThoseOfTheSettings(t *testing.T) {
	want := append(settings.TextKeys(), minute, minutes, hours, days)
	slices.Sort(want)
	var locales []string
	for _, l := range languages() {
		locales = append(locales, l.locale)
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(l.words))); diff != "" {
			t.Errorf("texts of %s (-want +got):\n%s", l.locale, diff)
		}
		if faults := check(l.words, l.locale, nil); len(faults) > 0 {
			t.Error(faults)
		}
	}
	if diff := cmp.Diff(settings.Locales(), locales); diff != "" {
		t.Errorf("locales (-want +got):\n%s", diff)
	}
}

func TestSettingsReplaceEachText(t *testing.T) {
	for _, key := range settings.TextKeys() {
		t.Run(key, func(t *testing.T) {
			s := testSettings()
			s.Mail.Texts = map[string]map[string]string{"de": {key: "Eigene Worte von {app_name}, <b> & {Klammern}"}}
			r := testRenderer(t, s)
			const want = "Eigene Worte von Acme & Söhne <Ltd>, <b> & {Klammern}"
			german := render(t, r, "de", testMail(s, key))
			plain := german.Subject + german.Text.Reveal()
			if strings.Count(plain, want) != 1 || !strings.Contains(textIn(t, "html", german.HTML.Reveal()), want) {
				t.Errorf("the text isn't shown as it is:\n%s\n%s", plain, german.HTML.Reveal())
			}
			english := render(t, r, "en", testMail(s, key))
			if strings.Contains(english.Subject+english.Text.Reveal(), "Eigene") {
				t.Error("another language's text changed")
			}
		})
	}
}

func TestNewRendererNamesEveryFault(t *testing.T) {
	s := testSettings()
	s.Mail.FromAddress = ""
	s.Mail.Texts = map[string]map[string]string{
		// The code has its own place: in a subject it would reach SES's events.
		"en": {"verification_code.subject": "{code} for {app_name}", "verification_code.intro": "Hello {first_name}"},
		"de": {"verification_code.expiry": "{time_left} {} {Minuten} {"},
	}
	_, err := NewRenderer(s)
	if err == nil {
		t.Fatal("accepted")
	}
	const want = "settings: mail.from_address: is missing, and so is MAIL_FROM; " +
		"mail.texts.en.verification_code.intro: unknown {first_name}, known are {app_name}, {time_left}; " +
		"mail.texts.en.verification_code.subject: unknown {code}, known are {app_name}, {time_left}"
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A template that asks for a text which isn't there is an error, not a gap.
func TestRenderRefusesMissingTexts(t *testing.T) {
	for _, key := range settings.TextKeys() {
		if strings.HasSuffix(key, ".subject") {
			continue // templates don't ask for it
		}
		s := testSettings()
		r, m := testRenderer(t, s), testMail(s, key)
		delete(r.languages[0].words, key)
		page := map[string]any{"Lang": "en", "Subject": "x", "Mail": m, "Text": r.languages[0].words.of(m)}
		if r.text.ExecuteTemplate(io.Discard, m.kind()+".txt", page) == nil {
			t.Errorf("without %s a text is written all the same", key)
		}
		if r.html.ExecuteTemplate(io.Discard, m.kind()+".html", page) == nil {
			t.Errorf("without %s a page is written all the same", key)
		}
		if _, err := r.Render("en", m); err == nil {
			t.Errorf("without %s a mail is rendered all the same", key)
		}
	}
}

func TestLocale(t *testing.T) {
	for _, test := range []struct{ locale, fallback, want string }{
		{"de", "en", "de"}, {"de-AT", "en", "de"}, {"DE_ch", "en", "de"}, {"de-Latn-CH-1996", "en", "de"}, {"i-default", "de", "en"}, {"gsw", "en", "en"},
		{"en-GB", "de", "en"}, {"en-US-u-ca-gregory", "de", "en"},
		{"", "de", "de"}, {"ja", "de", "de"}, {"ja", "en", "en"}, {"zh-Hant-TW", "de", "de"}, {"und", "de", "de"},
		{"", "", "en"}, {"not a tag", "de", "de"}, {"xx-Quux-!!", "", "en"}, {strings.Repeat("a-", 5000), "de", "de"},
	} {
		s := testSettings()
		s.Mail.DefaultLocale = test.fallback
		r := testRenderer(t, s)
		if got := r.language(test.locale).locale; got != test.want {
			t.Errorf("locale %.40q with default %q gives %s, want %s", test.locale, test.fallback, got, test.want)
		}
	}
}

func TestTimeLeftInWords(t *testing.T) {
	s := testSettings()
	r := testRenderer(t, s)
	const hour, day = 60, 24 * 60
	for _, test := range []struct {
		minutes    int
		en, german string
	}{
		{1, "1 minute", "1 Minute"}, {2, "2 minutes", "2 Minuten"}, {10, "10 minutes", "10 Minuten"}, {2*hour - 1, "119 minutes", "119 Minuten"},
		{2 * hour, "2 hours", "2 Stunden"}, {3*hour - 1, "2 hours", "2 Stunden"}, {day, "24 hours", "24 Stunden"}, {2*day - 1, "47 hours", "47 Stunden"},
		{2 * day, "2 days", "2 Tagen"}, {3*day - 1, "2 days", "2 Tagen"}, {90 * day, "90 days", "90 Tagen"},
	} {
		m := testAction(s, signup.AcceptInvitation)
		m.Minutes = test.minutes
		for locale, want := range map[string]string{"en": " expires in " + test.en + " and ", "de": " läuft in " + test.german + " ab "} {
			if text := render(t, r, locale, m).Text.Reveal(); !strings.Contains(text, want) {
				t.Errorf("%q isn't in\n%s", want, text)
			}
		}
	}
}

// Both parts say the same, word by word.
func TestPlainTextEqualsHTML(t *testing.T) {
	s := testSettings()
	r := testRenderer(t, s)
	for _, locale := range settings.Locales() {
		for name, m := range testMails(s) {
			message := render(t, r, locale, m)
			if diff := cmp.Diff(strings.Fields(message.Text.Reveal()), strings.Fields(textIn(t, "body", message.HTML.Reveal()))); diff != "" {
				t.Errorf("%s in %s (-text +html):\n%s", name, locale, diff)
			}
		}
	}
}

// R17, R63: nothing remote, nothing that runs, no link but the one that the mail is
// for; and what assistive technology needs: a language, a title, one heading, no
// table for layout.
func TestR17R63HTMLIsSelfContainedAndAccessible(t *testing.T) {
	s := testSettings()
	r := testRenderer(t, s)
	for _, locale := range settings.Locales() {
		for name, m := range testMails(s) {
			t.Run(name+"."+locale, func(t *testing.T) { selfContained(t, render(t, r, locale, m).HTML.Reveal(), locale, m) })
		}
	}
}

func selfContained(t *testing.T, page, locale string, m Mail) {
	t.Helper()
	link, linked := m.(VerificationLink)
	bare := page
	if linked {
		shown := html.EscapeString(link.Link.Reveal())
		bare = strings.Replace(bare, `href="`+shown+`"`, "", 1)
		bare = strings.Replace(bare, ">"+shown+"<", "><", 1)
	}
	for _, remote := range []string{"http:", "https:", "//", "url(", "@import", "src=", "href=", "javascript:"} {
		if strings.Contains(bare, remote) {
			t.Errorf("%q is in the page", remote)
		}
	}
	count := map[string]int{}
	for node := range parsed(t, page).Descendants() {
		if node.Type == html.ElementNode {
			count[node.Data]++
			countAttributes(t, node, locale, count)
		}
	}
	want := map[string]int{"title": 1, "h1": 1, "lang on html": 1, "lang on div": 1, "a": 0}
	if linked {
		want["a"] = 1
	}
	for what, n := range want {
		if count[what] != n {
			t.Errorf("%d times %s, want %d", count[what], what, n)
		}
	}
	for _, needed := range []string{`name="color-scheme" content="light dark"`, `name="viewport"`} {
		if !strings.Contains(page, needed) {
			t.Errorf("%s is missing", needed)
		}
	}
}

func countAttributes(t *testing.T, node *html.Node, locale string, count map[string]int) {
	t.Helper()
	allowed := "html head meta title style body div h1 p a"
	if !slices.Contains(strings.Fields(allowed), node.Data) {
		t.Errorf("<%s> isn't expected in a mail", node.Data)
	}
	for _, attribute := range node.Attr {
		if strings.HasPrefix(attribute.Key, "on") {
			t.Errorf("%s runs", attribute.Key)
		}
		// Clients that drop <html> keep the <div>.
		if attribute.Key == "lang" && attribute.Val == locale {
			count["lang on "+node.Data]++
		}
	}
}

// The link stands in the mail as it is: for the eye, and under the button.
func TestR17LinkIsVisibleAsItIs(t *testing.T) {
	s := testSettings()
	for _, m := range testMails(s) {
		if m, ok := m.(VerificationLink); ok {
			showsLink(t, render(t, testRenderer(t, s), "en", m), m.Link.Reveal())
		}
	}
}

// showsLink holds a mail to showing link once in each part, and its button to leading there.
func showsLink(t *testing.T, message Message, link string) {
	t.Helper()
	if n := strings.Count(message.Text.Reveal(), "\n"+link+"\n"); n != 1 {
		t.Errorf("the text of %s has the link %d times on a line of its own", message.Kind, n)
	}
	if n := strings.Count(message.Text.Reveal(), "://"); n != 1 {
		t.Errorf("the text of %s has %d links", message.Kind, n)
	}
	if n := strings.Count(textIn(t, "body", message.HTML.Reveal()), link); n != 1 {
		t.Errorf("the page of %s shows the link %d times", message.Kind, n)
	}
	buttons := 0
	for node := range parsed(t, message.HTML.Reveal()).Descendants() {
		for _, attribute := range node.Attr {
			if attribute.Key != "href" {
				continue
			}
			buttons++
			if attribute.Val != link {
				t.Errorf("the button of %s leads to %s", message.Kind, attribute.Val)
			}
		}
	}
	if buttons != 1 {
		t.Errorf("%s has %d buttons", message.Kind, buttons)
	}
}

// Colours of our own would be unreadable where a client turns them around.
func TestHTMLHasNoColours(t *testing.T) {
	pages, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil || len(pages) != len(mails()) {
		t.Fatal(pages, err)
	}
	for _, name := range pages {
		page, err := templateFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		styles := strings.ReplaceAll(string(page), "color-scheme", "")
		for _, colour := range []string{"color:", "background", "#", "rgb"} {
			if strings.Contains(styles, colour) {
				t.Errorf("%s sets %q", name, colour)
			}
		}
	}
}

// Code and link show where they belong and nowhere else.
func TestR13CodeAndLinkAreInTheBodiesOnly(t *testing.T) {
	s := testSettings()
	for _, m := range []Mail{testCode(s), testLink(s)} {
		message := render(t, testRenderer(t, s), "en", m)
		for part, text := range map[string]secret.Text{"text": message.Text, "html": message.HTML} {
			if n := strings.Count(text.Reveal(), "012345"); n != 1 {
				t.Errorf("%s shows the code %d times", part, n)
			}
		}
		message.ID, message.To = "m1", "jo@example.com"
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "message", message, "mail", m)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			fmt.Fprintf(&log, verb+verb+verb, message, &message, m)
		}
		for _, leak := range []string{"012345", "303132333435", "jo@example.com", "token=", "ICEiIy", "746f6b656e"} {
			if strings.Contains(log.String(), leak) || strings.Contains(message.Subject, leak) {
				t.Errorf("%s in %s %s", leak, message.Subject, log.String())
			}
		}
	}
}

// R29: what ends a header never reaches one.
func TestR29ValuesCannotInjectHeaders(t *testing.T) {
	for _, line := range []string{"\r\nBcc: eve@example.com", "\nBcc: eve@example.com", "\rBcc: x", "\u2028Bcc: x", "\u0085x", "\x00x", "\x1b[31m"} {
		s := testSettings()
		s.AppName = "Acme" + line
		s.Mail.FromName = "Acme" + line
		s.Mail.Texts = map[string]map[string]string{"en": {"verification_code.subject": "Code" + line + " for {app_name}"}}
		message := render(t, testRenderer(t, s), "en", testCode(s))
		for name, header := range map[string]string{"subject": message.Subject, "from": message.From} {
			if oneLine(header) != header || !strings.Contains(header, "Acme") {
				t.Errorf("%s is %q", name, header)
			}
		}
	}
}

func TestFromIsAMailbox(t *testing.T) {
	for _, test := range []struct{ app, name, want string }{
		{"Acme", "", `"Acme" <no-reply@acme.example>`},
		{"Acme", "Acme, Inc. \"Support\" <x@y>", `"Acme, Inc. \"Support\" <x@y>" <no-reply@acme.example>`},
		{"Söhne", "", `=?utf-8?q?S=C3=B6hne?= <no-reply@acme.example>`},
	} {
		s := testSettings()
		s.AppName, s.Mail.FromName = test.app, test.name
		if got := testRenderer(t, s).from; got != test.want {
			t.Errorf("%+v gives %s", test, got)
		}
	}
}

func parsed(t *testing.T, page string) *html.Node {
	t.Helper()
	node, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return node
}

// textIn is the text of the page's elements called tag.
func textIn(t *testing.T, tag, page string) string {
	t.Helper()
	var text strings.Builder
	for node := range parsed(t, page).Descendants() {
		if node.Type != html.ElementNode || node.Data != tag {
			continue
		}
		for child := range node.Descendants() {
			if child.Type == html.TextNode {
				text.WriteString(child.Data)
			}
		}
	}
	return text.String()
}
