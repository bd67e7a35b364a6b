package links_test

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/process"
)

// scanner is what a program that isn't a person does with a link in a mail: so many requests, all alike.
type scanner struct {
	name    string
	methods string // in order
	from    string // addresses, one for each request in turn
	headers map[string]string
}

const (
	chromeAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36"
	htmlAccept  = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
)

// scanners are the requests of mail gateways, chat programs and browsers that look ahead. Gateways come from many addresses, seconds after the delivery and
// again when the mail is opened; some only ask for the head first; none has a cookie or sends a form.
var scanners = []scanner{
	{"Safe Links, at delivery", "HEAD GET GET", "40.94.16.7 40.107.235.9", map[string]string{"User-Agent": chromeAgent, "Accept": htmlAccept}},
	{"Safe Links, at the click", "GET", "40.94.20.1", map[string]string{"User-Agent": chromeAgent + " Edg/138.0.0.0 OneOutlook/1.2025.601.100", "X-Native-Host": "OneOutlook/1.2025.601.100"}},
	{"Office's look ahead", "OPTIONS HEAD GET", "52.96.0.4", map[string]string{"User-Agent": "Microsoft Office Existence Discovery"}},
	{"Outlook's preview", "GET", "52.96.0.5", map[string]string{"User-Agent": "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b"}},
	{"Proofpoint URL Defense", "GET GET HEAD", "67.231.152.3 148.163.128.4", map[string]string{"User-Agent": "Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/103.0.0.0 Safari/537.36", "Accept-Encoding": "identity"}},
	{"Mimecast URL Protect", "HEAD GET GET GET", "91.220.42.5 205.139.110.6", map[string]string{"User-Agent": "Mozilla/5.0 (compatible; Mimecast URL Scan)", "Cache-Control": "no-cache", "Pragma": "no-cache"}},
	{"Barracuda Link Protect", "GET GET", "64.235.144.7 209.222.80.8", map[string]string{"User-Agent": "Barracuda Sentinel (EE)"}},
	{"Cisco Secure Email", "GET", "184.94.240.9", map[string]string{"User-Agent": "CiscoSecureEmail"}},
	{"Slack", "GET", "54.162.10.11", map[string]string{"User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Range": "bytes=0-32768", "Accept": "*/*"}},
	{"iMessage", "GET GET", "203.0.113.12", map[string]string{"User-Agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0"}},
	{"WhatsApp", "GET", "203.0.113.13", map[string]string{"User-Agent": "WhatsApp/2.25.10.72 A"}},
	{"Telegram", "GET", "149.154.160.14", map[string]string{"User-Agent": "TelegramBot (like TwitterBot)"}},
	{"a browser's prefetch", "GET", "203.0.113.15", map[string]string{"User-Agent": chromeAgent, "Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch", "Sec-Fetch-Dest": "document"}},
	{"an old Firefox's prefetch", "GET", "203.0.113.16", map[string]string{"X-Moz": "prefetch"}},
	{"a virus scanner without a name", "GET HEAD GET HEAD GET", "198.51.100.17 198.51.100.18 2001:db8::19", map[string]string{"User-Agent": ""}},
	{"curl -L", "GET", "203.0.113.20", map[string]string{"User-Agent": "curl/8.5.0", "Accept": "*/*"}},
}

// run plays the scanner's requests on a link. Each is answered like any other, and may not carry a cookie away.
func (s scanner) run(t *testing.T, p *person, link string) {
	t.Helper()
	sources := strings.Fields(s.from)
	for i, method := range strings.Fields(s.methods) {
		visitor := p.house.person(t)
		headers := []string{"X-Forwarded-For", sources[i%len(sources)]}
		for name, value := range s.headers {
			headers = append(headers, name, value)
		}
		a := visitor.send(method, link, nil, headers...)
		want := map[string]int{"OPTIONS": http.StatusNoContent}[method]
		if a.status != cmp.Or(want, http.StatusOK) {
			t.Errorf("%s: %s: %d %s", s.name, method, a.status, a.body)
		}
		if a.header.Get("Set-Cookie") != "" || a.header.Get("Location") != "" || (method == http.MethodHead && a.body != "") {
			t.Errorf("%s: %s: %v %q", s.name, method, a.header, a.body)
		}
	}
}

// R16: whatever opens a link without pressing the button, and however often, changes not a byte of the table; the link still works after it. It holds where
// anybody's click would do, too.
func TestR16ScannersSpendNothing(t *testing.T) {
	for name, settings := range map[string]string{"the same client": sameClient, "anybody": anyClient} {
		t.Run(name, func(t *testing.T) {
			h := at(t, settings)
			p := h.person(t).begin()
			link := p.link()
			before := p.items(t)
			for _, s := range scanners {
				s.run(t, p, link)
				if diff := gocmp.Diff(before, p.items(t)); diff != "" {
					t.Fatalf("%s changed the table:\n%s", s.name, diff)
				}
			}
			// The person's own browser looks ahead, too.
			for range 3 {
				p.must(p.send("GET", link, nil, "Sec-Purpose", "prefetch"), 200)
			}
			if diff := gocmp.Diff(before, p.items(t)); diff != "" {
				t.Fatalf("the person's own look ahead changed the table:\n%s", diff)
			}
			if got := p.get(); got.find("response.status") != "missing_requirements" || got.find("response.verifications.email_address.status") != "unverified" {
				t.Fatalf("the sign-up: %s", got.body)
			}
			p.mustGoTo(link, "verified")
		})
	}
}

// R16: a scanner that runs scripts and waits, but presses nothing: headless Chromium.
func TestR16BrowserThatClicksNothing(t *testing.T) {
	browser := chromium(t)
	for name, settings := range map[string]string{"the same client": sameClient, "anybody": anyClient} {
		t.Run(name, func(t *testing.T) {
			p := at(t, settings).person(t).begin()
			link := p.link()
			before := p.items(t)
			for range 2 {
				if page := dump(t, browser, link); !strings.Contains(page, "Confirm email address</button>") {
					t.Fatalf("the browser sees\n%s", page)
				}
			}
			if diff := gocmp.Diff(before, p.items(t)); diff != "" {
				t.Fatalf("looking changed the table:\n%s", diff)
			}
			p.mustGoTo(link, "verified")
		})
	}
}

// R16: even a robot that presses every button verifies nothing where the client has to be the same: it has no cookie.
func TestR16RobotThatPressesTheButton(t *testing.T) {
	h := at(t, sameClient)
	p := h.person(t).begin()
	link := p.link()
	before := p.items(t)
	for range 3 {
		robot := h.person(t)
		robot.mustGoTo(link, "client_mismatch")
		robot.must(robot.send("POST", link, url.Values{"token": {"x"}}, "User-Agent", chromeAgent), http.StatusSeeOther)
		if robot.token != "" {
			t.Error("the robot got a token")
		}
	}
	if diff := gocmp.Diff(before, p.items(t)); diff != "" {
		t.Fatalf("the robot changed the table:\n%s", diff)
	}
	p.mustGoTo(link, "verified")
}

// chromium is the browser's path: CHROMIUM's, or where Debian has it.
func chromium(t *testing.T) string {
	t.Helper()
	path := cmp.Or(os.Getenv("CHROMIUM"), "/usr/bin/chromium")
	if _, err := exec.LookPath(path); err != nil {
		t.Fatalf("there is no Chromium at %s: `make test` installs it; CHROMIUM=<path> names another one", path)
	}
	return path
}

// dump opens address in a fresh headless browser, lets its scripts run for a while, and returns the page as it is then.
func dump(t *testing.T, browser, address string) string {
	t.Helper()
	var output, complaints bytes.Buffer
	cmd := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--lang=en-US", "--user-data-dir="+t.TempDir(), "--virtual-time-budget=5000", "--dump-dom", address)
	cmd.Stdout, cmd.Stderr = &output, &complaints
	p, err := process.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	select {
	case <-p.Done():
	case <-ctx.Done():
		p.Stop(time.Second)
	}
	if err := p.Err(); err != nil {
		t.Fatalf("the browser: %v\n%s", err, complaints.String())
	}
	return output.String()
}
