package clerk

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// clientCookie is the browser's proof of which client it is (§1.4).
const clientCookie = "__client"

// authTimeCookie says to the app's pages and servers when somebody last signed in
// or out of the browser, in unix seconds (§1.4). It is readable, proves nothing, and
// makes servers ask for a session token that is younger.
const authTimeCookie = "__client_uat"

// cookieLife is how long a browser keeps the client cookie; browsers cap it at
// 400 days (RFC 6265bis §5.5).
const cookieLife = 400 * 24 * time.Hour

// isNative reports a client without cookies (§1.5).
func isNative(r *gateway.Request) bool {
	switch r.Query.Get("_is_native") {
	case "1", "true":
		return true
	}
	return false
}

// callerOf is who sends r: by cookie, or natively by the Authorization header.
func callerOf(s *settings.Settings, r *gateway.Request) (signup.Caller, error) {
	if !isNative(r) {
		return signup.Caller{Token: secret.ParseClientToken(r.Cookie(clientCookie)), Source: r.SourceIP}, nil
	}
	if !s.Native.Enabled {
		return signup.Caller{}, problem.NativeDisabled.New()
	}
	token := r.Header("authorization")
	if scheme, rest, found := strings.Cut(token, " "); found && strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(rest)
	}
	return signup.Caller{Token: secret.ParseClientToken(token), Source: r.SourceIP}, nil
}

// issue hands the caller the token it must use from now on, and a browser the time
// at which somebody last signed in or out.
func issue(s *settings.Settings, r *gateway.Request, answer *signup.Answer) gateway.Response {
	switch {
	case !isNative(r):
		return gateway.Response{Cookies: browserCookies(s, r, answer.Token, authTime(answer))}
	case answer.Token.IsZero():
		return gateway.Response{}
	}
	return gateway.Response{Header: map[string]string{"Authorization": answer.Token.Reveal()}}
}

// withdraw takes the token from a caller whose client is gone.
func withdraw(s *settings.Settings, r *gateway.Request) gateway.Response {
	if isNative(r) {
		return gateway.Response{Header: map[string]string{"Authorization": ""}}
	}
	gone := newCookie(s, r, clientCookie, "", -time.Second)
	return gateway.Response{Cookies: append([]*http.Cookie{gone}, browserCookies(s, r, secret.ClientToken{}, signedOut)...)}
}

// signedOut is the authTimeCookie's value where nobody is signed in. A browser
// without the cookie says the same.
const signedOut = "0"

// authTime is the authTimeCookie's value after answer, or "" if the answer can't
// tell: a request that was refused for its fields alone never looked for its client.
func authTime(answer *signup.Answer) string {
	if answer.Now.IsZero() {
		return ""
	}
	if answer.Client == nil || len(answer.Sessions) == 0 {
		return signedOut
	}
	return strconv.FormatInt(answer.Client.AuthChangedAt.Unix(), 10)
}

// browserCookies are the cookies that a browser lacks: its new token, if there is
// one, and changed for each authTimeCookie that it presented with another value;
// changed may be "" for unknown.
func browserCookies(s *settings.Settings, r *gateway.Request, token secret.ClientToken, changed string) []*http.Cookie {
	var lacking []*http.Cookie
	if !token.IsZero() {
		lacking = append(lacking, newCookie(s, r, clientCookie, token.Reveal(), cookieLife))
	}
	for _, name := range authTimeCookies(r) {
		if changed == "" || changed == cmp.Or(r.Cookie(name), signedOut) {
			continue
		}
		readable := newCookie(s, r, name, changed, cookieLife)
		readable.HttpOnly = false
		lacking = append(lacking, readable)
	}
	return lacking
}

// authTimeCookies are the names of the authTimeCookie: its own, and those of the
// twins for publishable keys that the browser presented.
func authTimeCookies(r *gateway.Request) []string {
	names := []string{authTimeCookie}
	for _, name := range r.CookieNames() {
		suffix, found := strings.CutPrefix(name, authTimeCookie)
		if found && isSuffix(suffix) && !slices.Contains(names, name) && len(names) <= maxSuffixes {
			names = append(names, name)
		}
	}
	return names
}

func newCookie(s *settings.Settings, r *gateway.Request, name, value string, life time.Duration) *http.Cookie {
	c := &http.Cookie{
		Name: name, Value: value, Path: "/", Domain: s.Cookie.Domain, HttpOnly: true,
		Secure: r.Scheme == "https", SameSite: http.SameSiteLaxMode, MaxAge: int(life / time.Second),
	}
	switch s.Cookie.SameSite {
	case settings.SameSiteStrict:
		c.SameSite = http.SameSiteStrictMode
	case settings.SameSiteNone:
		c.SameSite, c.Secure = http.SameSiteNoneMode, true
	}
	return c
}
