package clerk

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/linkpage"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// What a redirect carries beside the target's own query (§3.7).
const (
	statusParam   = "__clerk_status"
	sessionParam  = "__clerk_created_session"
	flowParam     = "flow_id"
	approvalParam = "approval_token"
)

// readLink reads what a request says of the link in the mail that it asks for (§3.5).
func readLink(s *settings.Settings, r *gateway.Request, f *gateway.Fields) signup.Link {
	web, app := f.Text("redirect_url", maxText), f.Text("redirect_uri", maxText)
	link := signup.Link{
		RedirectURL: web, Native: isNative(r), Base: linkBase(s, r),
		CodeChallenge: f.Text("code_challenge", maxText), CodeChallengeMethod: f.Text("code_challenge_method", maxText),
	}
	if app != "" {
		link.RedirectURL = app
	}
	return link
}

// linkBase is what a mailed link begins with, "" for the settings' public_url. An
// application's own server that forwards to this API says so in Clerk-Proxy-Url,
// which anybody can send: only a registered proxy is believed. Nothing else of the
// request is, since whoever names the host gets the links.
func linkBase(s *settings.Settings, r *gateway.Request) string {
	if proxy := r.Header("clerk-proxy-url"); slices.Contains(s.ProxyURLs, proxy) {
		return proxy
	}
	if s.PublicURL != "" || r.Domain == "" {
		return ""
	}
	return "https://" + r.Domain
}

// linkTokenOf is the token of a link's address.
func linkTokenOf(r *gateway.Request) (secret.LinkToken, error) {
	given := r.Query["token"]
	if len(given) != 1 {
		return secret.LinkToken{}, problem.LinkTokenInvalid.New()
	}
	token := secret.ParseLinkToken(given[0])
	if token.IsZero() {
		return token, problem.LinkTokenInvalid.New()
	}
	return token, nil
}

// LinkPage serves OpenLink: the page with the button, whatever the link. It reads
// nothing and changes nothing.
func LinkPage(pages *linkpage.Pages) gateway.Handler {
	return func(_ context.Context, r *gateway.Request) (*gateway.Response, error) {
		if _, err := linkTokenOf(r); err != nil {
			return nil, err
		}
		return pageResponse(pages.Open(r.Header("accept-language"))), nil
	}
}

func pageResponse(page linkpage.Page) *gateway.Response {
	return &gateway.Response{Status: page.Status, Header: page.Header, Page: page.HTML}
}

// Links serves ConfirmLink, which needs pages beside the sign-up service.
type Links struct {
	API
	Pages *linkpage.Pages
}

// ConfirmLink serves ConfirmLink: what the page's button does (§3.7). The browser
// goes on to the redirect URL, or sees a page of ours.
func (l Links) ConfirmLink(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	token, err := linkTokenOf(r)
	if err != nil {
		return nil, err
	}
	caller := signup.Caller{Token: secret.ParseClientToken(r.Cookie(clientCookie))}
	answer, err := l.SignUps.ConfirmLink(ctx, caller, token)
	if err != nil {
		return nil, err
	}
	noteLink(r, answer)
	resp := l.linkEnd(answer, r.Header("accept-language"))
	resp.Cookies = browserCookies(l.SignUps.Settings, r, answer.Token, linkAuthTime(answer))
	return resp, nil
}

// linkAuthTime is authTime after a link: known if the caller is the client and somebody is signed in there.
func linkAuthTime(a *signup.LinkAnswer) string {
	if a.AuthChangedAt.IsZero() {
		return ""
	}
	return strconv.FormatInt(a.AuthChangedAt.Unix(), 10)
}

// linkEnd is where a used link ends: at its redirect URL, or on a page of ours.
func (l Links) linkEnd(answer *signup.LinkAnswer, acceptLanguage string) *gateway.Response {
	switch {
	case answer.RedirectURL != "":
		return &gateway.Response{Status: http.StatusSeeOther, Header: map[string]string{
			"Location": withParams(answer.RedirectURL, linkParams(answer)), "Referrer-Policy": "no-referrer",
		}}
	case !answer.Code.IsZero():
		return pageResponse(l.Pages.Mismatch(answer.Code.Reveal(), acceptLanguage))
	}
	return pageResponse(l.Pages.Result(linkpage.Result(answer.Status), acceptLanguage))
}

// noteLink says in the request's log record what came of a link.
func noteLink(r *gateway.Request, a *signup.LinkAnswer) {
	r.Note(slog.String("link", string(a.Status)))
	if !a.ClientID.IsZero() {
		r.Note(slog.String("client", clientPrefix+a.ClientID.String()))
	}
	if !a.SignUpID.IsZero() {
		r.Note(slog.String("sign_up", signUpPrefix+a.SignUpID.String()))
	}
	if a.Cause != nil {
		r.Note(slog.String("problem", a.Cause.Error()))
	}
}

// param is one parameter of a query.
type param struct{ name, value string }

// linkParams are what the redirect tells: to a page how it ended, to an app what to
// complete with.
func linkParams(a *signup.LinkAnswer) []param {
	if a.Status == signup.LinkHandedOver {
		return []param{{flowParam, signUpPrefix + a.SignUpID.String()}, {approvalParam, a.Approval.Reveal()}}
	}
	params := []param{{statusParam, string(a.Status)}}
	if !a.SessionID.IsZero() {
		params = append(params, param{sessionParam, sessionPrefix + a.SessionID.String()})
	}
	return params
}

// withParams adds params to the query of target and keeps the rest of it, fragment
// included, as it is written. Parameters of these names that the target has itself
// go: whoever began the sign-up chose them, and could say that it is verified.
func withParams(target string, params []param) string {
	target, fragment, hasFragment := strings.Cut(target, "#")
	path, query, _ := strings.Cut(target, "?")
	var kept []string
	for _, pair := range strings.Split(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if pair != "" && !reserved(name) {
			kept = append(kept, pair)
		}
	}
	for _, p := range params {
		kept = append(kept, p.name+"="+url.QueryEscape(p.value))
	}
	target = path + "?" + strings.Join(kept, "&")
	if hasFragment {
		target += "#" + fragment
	}
	return target
}

// reserved reports whether name, percent-encoded, is a parameter of ours.
func reserved(name string) bool {
	decoded, err := url.QueryUnescape(name)
	if err != nil {
		return false // nobody reads it as one of ours
	}
	return slices.Contains([]string{statusParam, sessionParam, flowParam, approvalParam, handshakeName}, decoded)
}

// CompleteLink serves CompleteLink: a native app's last step (§3.7).
func (a API) CompleteLink(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.signUpAnswer(r, func(caller signup.Caller) (*signup.Answer, error) {
		fields := r.Fields()
		flow, approval := fields.Text(flowParam, maxText), fields.Text(approvalParam, maxText)
		verifier := fields.Text("code_verifier", maxText)
		if flow == "" {
			fields.Faults = append(fields.Faults, problem.ParamMissing.On(flowParam))
		}
		if err := fields.Faults.Err(); err != nil {
			return &signup.Answer{}, err
		}
		return a.SignUps.CompleteLink(ctx, caller, parseID(signUpPrefix, flow), approval, verifier)
	})
}
