package clerk

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/token"
)

// Names of the handshake (§3.12): the cookie and parameter that carry its token, and
// the cookies that it sets.
const (
	handshakeName    = "__clerk_handshake"
	sessionCookie    = "__session"
	devBrowserCookie = "__clerk_db_jwt"

	// maxHandshakeCookie is what fits beside the name into the 4096 bytes of a cookie.
	maxHandshakeCookie = 4000

	// handshakeLife is how long the application has to read the token.
	handshakeLife = time.Minute

	// appCookieLife is how long the cookies stay that the application sets.
	appCookieLife = 365 * 24 * time.Hour

	// maxSuffixes bounds the twins of a cookie that are set for other keys.
	maxSuffixes = 3
)

// handshakeClaims are cookies for the application's own host, as Set-Cookie has them.
type handshakeClaims struct {
	token.Registered
	Handshake []string `json:"handshake"`
}

// Handshake serves Handshake: it sends the browser back to a server-rendered
// application with the cookies of its session, or with none for a person who is
// signed out. The answer holds a session token, so it goes to an allowed address
// only. Whatever `format` asks for gets a token: a nonce would need a Backend API.
func (a API) Handshake(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	target, err := a.handshakeTarget(r)
	if err != nil {
		return nil, err
	}
	caller := signup.Caller{Token: secret.ParseClientToken(r.Cookie(clientCookie)), Source: r.SourceIP}
	answer, err := a.SignUps.Client(ctx, caller)
	if err != nil {
		return nil, err
	}
	note(r, answer)
	lines, err := a.handshakeCookies(r, answer, target)
	if err != nil {
		return nil, err
	}
	s := a.SignUps.Settings
	jwt, err := a.Keys.Current().Mint(token.Handshake, handshakeClaims{
		Registered: token.NewRegistered(issuerOf(s, r), "", []string{handshakeAudience(s, r)}, rand.Text(), answer.Now, handshakeLife),
		Handshake:  lines,
	})
	if err != nil {
		return nil, err
	}
	return handshakeAnswer(s, r, answer, target, jwt.Reveal()), nil
}

// handshakeAudience is nobody's session audience, so that what takes session tokens by
// their aud refuses a handshake.
func handshakeAudience(s *settings.Settings, r *gateway.Request) string {
	return issuerOf(s, r) + "/v1/client/handshake"
}

// handshakeTarget is the page to return to: of an allowed origin, or an address that
// links may return to. An app's own scheme isn't one: apps render no pages.
func (a API) handshakeTarget(r *gateway.Request) (*url.URL, error) {
	const param = "redirect_url"
	given := r.Query[param]
	if len(given) == 0 || given[0] == "" {
		return nil, problem.ParamMissing.On(param)
	}
	target, err := url.Parse(given[0])
	if err != nil || len(given) > 1 || !settings.AbsoluteURL(given[0]) || (target.Scheme != "https" && target.Scheme != "http") {
		return nil, problem.RedirectInvalid.On(param)
	}
	s := a.SignUps.Settings
	if !s.OriginAllowed(originOf(target)) && !s.RedirectAllowed(given[0]) {
		return nil, problem.RedirectProhibited.On(param)
	}
	return target, nil
}

func originOf(u *url.URL) string { return u.Scheme + "://" + u.Host }

// handshakeCookies are the cookies for the application, as Set-Cookie has them: the
// session's token, and when somebody last signed in or out. Without a live session
// the token's cookie is taken away, and the handshake's own always is.
func (a API) handshakeCookies(r *gateway.Request, answer *signup.Answer, target *url.URL) ([]string, error) {
	jwt, life := "", -time.Second
	if active := answer.ActiveSession(); active != nil {
		made, err := mintSessionToken(a.Keys, a.SignUps.Settings, r, active, originOf(target), answer.Now)
		if err != nil {
			return nil, err
		}
		jwt, life = made.JWT, appCookieLife
	}
	var lines []string
	for _, suffix := range append([]string{""}, suffixesOf(r)...) {
		lines = append(lines, appCookie(target, sessionCookie+suffix, jwt, life, "").String(),
			appCookie(target, authTimeCookie+suffix, authTime(answer), appCookieLife, a.sharedDomain(target)).String())
	}
	switch {
	case !isDevelopment(r): // or the next pages would be handed the same session again, signed out or not
		lines = append(lines, appCookie(target, handshakeName, "", -time.Second, a.sharedDomain(target)).String())
	case r.Query.Get(devBrowserCookie) == "":
		lines = append(lines, appCookie(target, devBrowserCookie, "dvb_"+rand.Text(), appCookieLife, "").String())
	}
	return lines, nil
}

// appCookie is a cookie that the application sets, and that its pages read.
func appCookie(target *url.URL, name, value string, life time.Duration, domain string) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", Domain: domain, MaxAge: int(life / time.Second),
		Secure: target.Scheme == "https", SameSite: http.SameSiteLaxMode,
	}
}

// sharedDomain is the cookie domain, if target's host lies in it: there the API sets
// the same cookie itself, and two of one name would be one too many.
func (a API) sharedDomain(target *url.URL) string {
	domain, host := a.SignUps.Settings.Cookie.Domain, target.Hostname()
	if domain != "" && (host == domain || strings.HasSuffix(host, "."+domain)) {
		return domain
	}
	return ""
}

// suffixesOf are the endings of the cookies' twins that SDKs keep for each
// publishable key, as far as the browser shows any here (§1.4).
func suffixesOf(r *gateway.Request) []string {
	if r.Query.Get("suffixed_cookies") != "true" {
		return nil
	}
	var suffixes []string
	for _, name := range r.CookieNames() {
		for _, base := range []string{sessionCookie, authTimeCookie} {
			suffix, found := strings.CutPrefix(name, base)
			if found && isSuffix(suffix) && !slices.Contains(suffixes, suffix) && len(suffixes) < maxSuffixes {
				suffixes = append(suffixes, suffix)
			}
		}
	}
	return suffixes
}

// isSuffix reports an underscore and 8 characters of base64url.
func isSuffix(suffix string) bool {
	return len(suffix) == 9 && suffix[0] == '_' && !strings.ContainsFunc(suffix, func(c rune) bool {
		return c != '_' && c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	})
}

// isDevelopment reports an application with a development key: its SDK wants the
// token in the address, and a mark of the browser that is only there to be there.
func isDevelopment(r *gateway.Request) bool {
	return r.Query.Get(devBrowserCookie) != "" || strings.HasPrefix(r.Query.Get("__clerk_hs_reason"), "dev-browser")
}

// handshakeAnswer sends the browser to target with the token: in a cookie if
// the application's host gets that, else in the address.
func handshakeAnswer(s *settings.Settings, r *gateway.Request, answer *signup.Answer, target *url.URL, jwt string) *gateway.Response {
	resp := issue(s, r, answer)
	location := target.String()
	if carrier := newCookie(s, r, handshakeName, jwt, handshakeLife); !isDevelopment(r) && len(jwt) <= maxHandshakeCookie && reaches(carrier, r, target) {
		resp.Cookies = append(resp.Cookies, carrier)
	} else {
		location = withParams(location, []param{{handshakeName, jwt}})
	}
	resp.Status = http.StatusTemporaryRedirect
	resp.Header = map[string]string{"Location": location, "Referrer-Policy": "no-referrer"}
	return &resp
}

// reaches reports whether a browser that gets the cookie here sends it to target,
// too. Ports are no part of it (RFC 6265 §8.5).
func reaches(c *http.Cookie, r *gateway.Request, target *url.URL) bool {
	here, there := (&url.URL{Host: r.Host}).Hostname(), target.Hostname()
	switch {
	case c.Secure && target.Scheme != "https":
		return false
	case c.Domain == "":
		return here == there
	}
	within := func(host string) bool { return host == c.Domain || strings.HasSuffix(host, "."+c.Domain) }
	return within(here) && within(there)
}
