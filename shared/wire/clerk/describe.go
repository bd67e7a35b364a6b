package clerk

import (
	"reflect"
	"slices"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

const introduction = `**Who calls.** A browser is known by the cookie ` + "`__client`" + `. An app without cookies sends ` + "`_is_native=1`" + ` and the token in ` + "`Authorization`" + `;
each answer that has an ` + "`Authorization`" + ` header carries the token to send from then on.

**Verbs.** A POST with ` + "`_method`" + ` (in the query or the body) stands for another verb, as browsers' SDKs send it.

**Fields.** A form or a JSON object; null and the empty string mean "not supplied", unknown fields are ignored.

**Problems.** One envelope for all, with one entry per fault; the status is the highest of them. What no route takes is 404
` + "`resource_not_found`" + `.`

// What operations need of the caller.
const (
	anyBrowser = describe.Anybody + 1 + iota // the client, if the caller is a browser's, by its cookie
	anyCaller                                // the client, if the caller is one
	onlyOwner                                // the client, or there is nothing to be found
)

const (
	cookieScheme = "client"
	nativeScheme = "nativeClient"
)

// envelopeOf is the envelope of an answer whose response is an R (§2.1).
type envelopeOf[R any] struct {
	Response R       `json:"response"`
	Client   *client `json:"client"`
}

// Description describes the wire, family by family.
func Description() describe.Wire {
	return describe.Wire{
		Name: "clerk", Title: "Clerk's front-end API", Text: introduction,
		SDKs:     "`@clerk/clerk-js` 5 and 6, `@clerk/react` and Clerk's other framework SDKs, its Android and iOS SDKs",
		Declared: Operations(),
		Families: []describe.Family{
			{Name: "client", Text: "Who is calling, and what the instance asks for."},
			{Name: "keys", Text: "What others verify session tokens with."},
			{Name: "sessions", Text: "What a completed sign-up leaves: sessions, their tokens, and the user who is signed in."},
			{Name: "signups", Text: "The progressive sign-up: any fields in any order, until none is missing."},
		},
		Operations: slices.Concat(clientDescriptions(), keyDescriptions(), sessionDescriptions(), signUpDescriptions()),
		Schemes:    schemes(), Callers: callers(),
		MediaTypes: []string{"application/x-www-form-urlencoded", "application/json"},
		Problems:   describe.Problems{Wire: Wire{}, List: []string{"errors"}, Member: "code"},
		Properties: properties(), Enumerations: enumerations(),
	}
}

func schemes() []describe.Scheme {
	return []describe.Scheme{
		{
			Name: cookieScheme, In: "cookie", Key: "__client",
			Text: "A browser's client, as Set-Cookie gave it. Pages of other sites can't use it: CSRF is refused by origin and by SameSite.",
		},
		{
			Name: nativeScheme, In: "header", Key: "Authorization",
			Text: "An app's client, as the Authorization header of the last answer that had one gave it; with `_is_native=1`.",
		},
	}
}

func callers() map[describe.Caller]describe.Credentials {
	cookie := describe.Field{Name: "Set-Cookie", Text: "A browser's new token in the cookie `__client`; when it signed in or out in `__client_uat`."}
	token := describe.Field{Name: "Authorization", Text: "An app's new token; empty when it has none any more."}
	known := describe.Credentials{
		Schemes: []string{cookieScheme, nativeScheme}, Header: []describe.Field{cookie, token},
		Query: []describe.Field{{
			Name: "_is_native", Text: "Says that the caller has no cookies.", Property: describe.Property{Enum: []string{"1", "true"}}, Shared: "native",
		}},
		Problems: []*problem.Problem{problem.NativeDisabled},
	}
	maybe := known
	maybe.Optional = true
	return map[describe.Caller]describe.Credentials{
		anyBrowser: {Schemes: []string{cookieScheme}, Optional: true, Header: []describe.Field{cookie}},
		anyCaller:  maybe, onlyOwner: known,
	}
}

func enumerations() map[reflect.Type][]string {
	return map[reflect.Type][]string{
		reflect.TypeFor[signup.Status]():             describe.Texts(signup.MissingRequirements, signup.Complete, signup.Abandoned),
		reflect.TypeFor[signup.VerificationStatus](): describe.Texts(signup.Unverified, signup.Verified, signup.Failed, signup.Expired),
		reflect.TypeFor[sessionStatus]():             describe.Texts(sessionActive, sessionEnded, sessionRemoved, sessionRevoked),
		reflect.TypeFor[settings.Mode]():             describe.Texts(settings.Public, settings.Restricted),
	}
}

// idPattern is how an id with prefix is written.
func idPattern(prefix string) string { return "^" + prefix + "[0-9A-Za-z]{22}$" }
