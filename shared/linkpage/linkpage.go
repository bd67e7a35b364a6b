// Package linkpage is the pages behind a mailed link. Opening a link shows a page
// with one button and changes nothing: mail scanners open links, and some run
// scripts, but a button is for a person. The page is the same for every link: a
// form that posts to the address it stands at.
//
// The pages load nothing, run nothing, and tell no other site of the link.
package linkpage

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/doorstep-auth/doorstep/shared/settings"
)

// Result is what a page says came of a link.
type Result string

// The results that have a page.
const (
	Verified Result = "verified"
	Expired  Result = "expired"
	Failed   Result = "failed"
	Mismatch Result = "client_mismatch"
)

// Pages are the pages under one instance's settings. They don't change and may be
// used by several goroutines.
type Pages struct {
	settings *settings.Settings
	policy   string // Content-Security-Policy
	pages    map[key]Page
}

type key struct {
	locale string
	result Result // empty for the page with the button
}

// Page is one page in one language.
type Page struct {
	Status int
	Header map[string]string
	HTML   []byte
}

// New makes all pages.
func New(s *settings.Settings) *Pages {
	p := &Pages{settings: s, policy: policy(s), pages: map[key]Page{}}
	for _, locale := range settings.Locales() {
		words := wordsIn(locale)
		p.pages[key{locale, ""}] = p.page(locale, words.open(s), http.StatusOK)
		for _, result := range []Result{Verified, Expired, Failed, Mismatch} {
			status := http.StatusBadRequest
			if result == Verified {
				status = http.StatusOK
			}
			p.pages[key{locale, result}] = p.page(locale, words.result(s, result), status)
		}
	}
	return p
}

// Open is the page that a link leads to, in the language that the Accept-Language
// header asks for.
func (p *Pages) Open(acceptLanguage string) Page {
	return p.pages[key{p.locale(acceptLanguage), ""}]
}

// Result is the page at which a link without a redirect URL ends: that of Failed
// for a result without a page of its own.
func (p *Pages) Result(result Result, acceptLanguage string) Page {
	if page, known := p.pages[key{p.locale(acceptLanguage), result}]; known && result != "" {
		return page
	}
	return p.pages[key{p.locale(acceptLanguage), Failed}]
}

// Mismatch is the page of Result(Mismatch) with the code of the same mail, which
// still counts where the sign-up began.
func (p *Pages) Mismatch(code, acceptLanguage string) Page {
	locale := p.locale(acceptLanguage)
	return p.page(locale, wordsIn(locale).mismatchWith(p.settings, code), http.StatusBadRequest)
}

// maxAcceptLanguage is the longest header that is read, in bytes.
const maxAcceptLanguage = 256

// locale is the first language in the header's order that there are pages in, or
// the instance's default.
func (p *Pages) locale(acceptLanguage string) string {
	if len(acceptLanguage) <= maxAcceptLanguage {
		wanted, _, _ := language.ParseAcceptLanguage(acceptLanguage) // by falling weight
		for _, tag := range wanted {
			if base, _ := tag.Base(); slices.Contains(settings.Locales(), base.String()) && tag != language.Und {
				return base.String()
			}
		}
	}
	return p.settings.Mail.DefaultLocale
}

// policy lets the page show its own style and post its form, and nothing else. The
// sites that a link may return to are named because browsers hold a form's
// redirects to the same rule.
func policy(s *settings.Settings) string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'" +
		strings.Join(append([]string{""}, s.RedirectSources()...), " ") + "; frame-ancestors 'none'; base-uri 'none'"
}

// text is what a page says. Its texts are plain.
type text struct {
	title   string
	lead    []string // paragraphs
	code    string   // shown large, empty for none
	button  string   // label, empty for no form
	closing []string // paragraphs below the button
}

func (p *Pages) page(locale string, t text, status int) Page {
	var body strings.Builder
	paragraphs := func(class string, list []string) {
		for _, paragraph := range list {
			body.WriteString("<p" + class + ">" + html.EscapeString(paragraph) + "</p>\n")
		}
	}
	body.WriteString("<p class=\"app\">" + html.EscapeString(p.settings.AppName) + "</p>\n<h1>" + html.EscapeString(t.title) + "</h1>\n")
	paragraphs("", t.lead)
	if t.code != "" {
		body.WriteString("<p class=\"code\">" + html.EscapeString(t.code) + "</p>\n")
	}
	if t.button != "" {
		body.WriteString("<form method=\"post\"><button type=\"submit\">" + html.EscapeString(t.button) + "</button></form>\n")
	}
	paragraphs(" class=\"aside\"", t.closing)
	filled := strings.NewReplacer("{lang}", locale, "{title}", html.EscapeString(t.title+" – "+p.settings.AppName),
		"{style}", style, "{body}", body.String()).Replace(layout)
	return Page{Status: status, HTML: []byte(filled), Header: map[string]string{
		"Content-Language":        locale,
		"Content-Security-Policy": p.policy,
		"Referrer-Policy":         "no-referrer",
		"X-Frame-Options":         "DENY",
		"X-Robots-Tag":            "noindex, nofollow",
	}}
}

const layout = `<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}</main>
</body>
</html>
`

// style is all of the pages' style; the policy names its hash.
const style = `
:root { color-scheme: light dark; --paper: #f4f5f7; --card: #fff; --ink: #16181d; --quiet: #4a505c; --line: #d5d8de; --accent: #2f4bb5; --on-accent: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #121316; --card: #1c1e23; --ink: #f0f1f4; --quiet: #b4b9c4; --line: #383c45; --accent: #a9bbff; --on-accent: #10131c; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; min-height: 100dvh; display: grid; place-items: center; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { width: 100%; max-width: 30rem; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem; overflow-wrap: anywhere; }
p { margin: 0 0 1rem; }
.app { margin-bottom: 1.25rem; font-weight: 600; color: var(--quiet); }
h1 { margin: 0 0 0.75rem; font-size: 1.5rem; line-height: 1.25; }
button { width: 100%; margin: 0.5rem 0 1.5rem; padding: 0.875rem 1rem; border: 1px solid transparent; border-radius: 0.5rem; background: var(--accent); color: var(--on-accent);
  font: inherit; font-weight: 600; cursor: pointer; }
button:hover { filter: brightness(1.08); }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
.code { margin: 0.5rem 0 1.5rem; padding: 1rem; border: 1px solid var(--line); border-radius: 0.5rem; text-align: center;
  font: 600 2.25rem/1.2 ui-monospace, Menlo, Consolas, monospace; letter-spacing: 0.1em; user-select: all; }
.aside { font-size: 0.9375rem; color: var(--quiet); }
main > :last-child { margin-bottom: 0; }
`
