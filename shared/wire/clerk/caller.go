package clerk

import (
	"net/http"
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

// issue hands the caller the token it must use from now on.
func issue(s *settings.Settings, r *gateway.Request, token secret.ClientToken) gateway.Response {
	switch {
	case token.IsZero():
		return gateway.Response{}
	case isNative(r):
		return gateway.Response{Header: map[string]string{"Authorization": token.Reveal()}}
	}
	return gateway.Response{Cookies: []*http.Cookie{cookie(s, r, token.Reveal(), cookieLife)}}
}

// withdraw takes the token from a caller whose client is gone.
func withdraw(s *settings.Settings, r *gateway.Request) gateway.Response {
	if isNative(r) {
		return gateway.Response{Header: map[string]string{"Authorization": ""}}
	}
	return gateway.Response{Cookies: []*http.Cookie{cookie(s, r, "", -time.Second)}}
}

func cookie(s *settings.Settings, r *gateway.Request, value string, life time.Duration) *http.Cookie {
	c := &http.Cookie{
		Name: clientCookie, Value: value, Path: "/", Domain: s.Cookie.Domain, HttpOnly: true,
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
