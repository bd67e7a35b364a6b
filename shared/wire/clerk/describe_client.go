package clerk

import (
	"reflect"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// stored are the problems of whatever reads or writes the table.
func stored(own ...*problem.Problem) []*problem.Problem { return append(own, problem.Unavailable) }

// written are the problems of whatever changes what others may be changing.
func written(own ...*problem.Problem) []*problem.Problem {
	return append(stored(own...), problem.TooManyChanges)
}

func clientDescriptions() []describe.Operation {
	return []describe.Operation{
		{
			Operation: GetEnvironment, ID: "getEnvironment",
			Text:    "SDKs read it before anything else. It holds settings only, and nothing of the caller.",
			Answers: []describe.Answer{{Status: 200, Text: "The environment, without an envelope.", Name: "Environment", Samples: environmentSamples}},
		},
		{
			Operation: GetClient, ID: "getClient", Caller: anyCaller,
			Text: "A browser without a client gets null and makes one by beginning a sign-up. An app gets a client at once, with its token in " +
				"Authorization.",
			Answers:  []describe.Answer{{Status: 200, Text: "The client, or null.", Body: reflect.TypeFor[envelopeOf[*client]]()}},
			Problems: stored(),
		},
		{
			Operation: CreateClient, ID: "createClient", Caller: anyCaller,
			Answers:  []describe.Answer{{Status: 200, Text: "The client.", Body: reflect.TypeFor[envelopeOf[client]]()}},
			Problems: stored(),
		},
		{
			Operation: DeleteClient, ID: "deleteClient", Caller: anyCaller,
			Text:     "The answer takes the token back. Without a client there is nothing to do, and the answer says so with null.",
			Answers:  []describe.Answer{{Status: 200, Text: "Done. The client as it was, or null.", Body: reflect.TypeFor[envelopeOf[*client]]()}},
			Problems: written(),
		},
		{
			Operation: Handshake, ID: "handshake", Caller: anyBrowser,
			Query: []describe.Field{
				{
					Name: "redirect_url", Text: "The page to return to: of an allowed origin, or among the setting `redirect_urls`.",
					Required: true, Property: describe.Property{Format: "uri"}, Example: "http://localhost:3000/",
				},
				{Name: "suffixed_cookies", Text: "`true` sets the cookies' twins as well that the browser has for its publishable keys."},
				{Name: "__clerk_hs_reason", Text: "Why the application asks; `dev-browser-…` tells a development key."},
				{Name: devBrowserCookie, Text: "A development key's browser."},
			},
			Text: "A server-rendered application calls it by redirect. The token carries the cookies that the application sets for its own host.",
			Answers: []describe.Answer{{
				Status: 307, Text: "Back to the application, with a handshake token in a cookie or, where that can't reach it, in the address.", Location: true,
			}},
			Problems: stored(problem.ParamMissing, problem.RedirectInvalid, problem.RedirectProhibited),
		},
		{
			Operation: GetSDKFile, ID: "getSDKFile",
			Path: []describe.Field{{
				Name: "proxy", Text: "`@clerk/clerk-js@{range}/dist/{file}`, or the same of `@clerk/ui`.",
				Required: true, Example: "@clerk/clerk-js@5/dist/clerk.browser.js",
			}},
			Answers:  []describe.Answer{{Status: 307, Text: "To the CDN.", Location: true}},
			Problems: []*problem.Problem{problem.ResourceNotFound},
		},
		{
			Operation: Preflight, ID: "preflight",
			Text: "OPTIONS of every path, however many segments it has, leads here.",
			Path: []describe.Field{{Name: "proxy", Text: "Any path.", Required: true, Example: "v1"}},
			Answers: []describe.Answer{{
				Status: 204, Text: "What pages of allowed origins may send. Pages of others aren't told that they may, so their browsers refuse it.",
			}},
		},
		{
			Operation: NotFound, ID: "notFound",
			Problems: []*problem.Problem{problem.ResourceNotFound},
		},
	}
}

// environmentSamples are environments under settings that differ in all that the
// environment shows.
func environmentSamples() []any {
	const base = "https://accounts.example.com"
	other := settings.Default()
	other.Mail.ReplyTo, other.SignUp.TermsURL, other.SignUp.PrivacyURL = "help@example.com", base+"/terms", base+"/privacy"
	return []any{newEnvironment(settings.Default(), base), newEnvironment(other, base)}
}
