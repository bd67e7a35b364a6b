package clerk

import (
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// The operations of this wire. template.yaml, functions/ and events/ are held
// against them by a test.
var (
	GetEnvironment = gateway.Operation{
		Name: "client/environment", Summary: "What the instance asks for, as SDKs want to see it.",
		Routes: []gateway.Route{
			{Method: "GET", Path: "/v1/environment"},
			{Method: "PATCH", Path: "/v1/environment"},
			{Method: "POST", Path: "/v1/environment", Override: "PATCH"},
			{Method: "POST", Path: "/v1/environment", Override: "GET"},
		},
	}
	GetClient = gateway.Operation{
		Name: "client/get", Summary: "The calling client with its sign-up and sessions; made for a native caller without one.",
		Routes: []gateway.Route{
			{Method: "GET", Path: "/v1/client"},
			{Method: "POST", Path: "/v1/client", Override: "GET", Function: "client/write"},
		},
	}
	CreateClient = gateway.Operation{
		Name: "client/create", Summary: "The calling client, made if the caller has none.",
		Routes: []gateway.Route{
			{Method: "PUT", Path: "/v1/client", Function: "client/write"},
			{Method: "POST", Path: "/v1/client", Function: "client/write"},
			{Method: "POST", Path: "/v1/client", Override: "PUT", Function: "client/write"},
		},
	}
	DeleteClient = gateway.Operation{
		Name: "client/delete", Summary: "Ends every session of the calling client and forgets it.",
		Routes: []gateway.Route{
			{Method: "DELETE", Path: "/v1/client", Function: "client/write"},
			{Method: "POST", Path: "/v1/client", Override: "DELETE", Function: "client/write"},
		},
	}
	GetSDKFile = gateway.Operation{
		Name: "client/npm", Summary: "Sends a browser that loads the SDK's scripts from here to the CDN of the settings.",
		Routes: []gateway.Route{{Method: "GET", Path: "/npm/{proxy+}"}},
		Public: true,
	}
	Preflight = gateway.Operation{
		Name: "client/preflight", Summary: "Answers the CORS preflight of a page.",
		Routes: []gateway.Route{{Method: "OPTIONS", Path: "/{proxy+}"}},
	}
	NotFound = gateway.Operation{
		Name: "client/not-found", Summary: "Answers whatever no other route takes.",
		Routes: []gateway.Route{{Method: "$default"}},
	}
	CreateSignUp = gateway.Operation{
		Name: "signups/create", Summary: "Begins a sign-up with any of its fields, in place of the client's earlier one.",
		Routes: []gateway.Route{{Method: "POST", Path: "/v1/client/sign_ups"}},
	}
	GetSignUp = gateway.Operation{
		Name: "signups/get", Summary: "The client's sign-up as it stands.",
		Routes: []gateway.Route{{Method: "GET", Path: "/v1/client/sign_ups/{id}"}},
	}
	UpdateSignUp = gateway.Operation{
		Name: "signups/update", Summary: "Adds or changes fields of an open sign-up; the last missing one completes it.",
		Routes: []gateway.Route{
			{Method: "PATCH", Path: "/v1/client/sign_ups/{id}"},
			{Method: "POST", Path: "/v1/client/sign_ups/{id}", Override: "PATCH"},
		},
	}
	PrepareVerification = gateway.Operation{
		Name: "signups/prepare-verification", Summary: "Mails a new code and link for the sign-up's address.",
		Routes: []gateway.Route{{Method: "POST", Path: "/v1/client/sign_ups/{id}/prepare_verification"}},
	}
	AttemptVerification = gateway.Operation{
		Name: "signups/attempt-verification", Summary: "Judges a code; the last missing proof completes the sign-up.",
		Routes: []gateway.Route{{Method: "POST", Path: "/v1/client/sign_ups/{id}/attempt_verification"}},
	}
	OpenLink = gateway.Operation{
		Name: "signups/open-link", Summary: "The page of a mailed link, with a button that confirms; opening it changes nothing.",
		Routes: []gateway.Route{{Method: "GET", Path: signup.LinkPath}, {Method: "HEAD", Path: signup.LinkPath}},
	}
	// ConfirmLink takes any origin because its page asks for no referrer and so posts
	// with the origin "null". What protects it is the token, which only the mail has,
	// and the client's cookie, which other sites' forms don't carry (SameSite).
	ConfirmLink = gateway.Operation{
		Name: "signups/confirm-link", Summary: "Uses a mailed link: verifies the address and goes on to the redirect URL; the last missing proof completes the sign-up.",
		Routes:    []gateway.Route{{Method: "POST", Path: signup.LinkPath}},
		AnyOrigin: true,
	}
	CompleteLink = gateway.Operation{
		Name: "signups/complete-link", Summary: "A native app's last step of a mailed link, with its PKCE verifier.",
		Routes: []gateway.Route{{Method: "POST", Path: "/v1/client/magic_links/complete"}},
	}
	// KeySet also has the path at which Clerk's own back-end SDK asks its Backend API.
	KeySet = gateway.Operation{
		Name: "keys/jwks", Summary: "The public keys that verify session tokens, as a JWK Set.", Public: true,
		Routes: []gateway.Route{{Method: "GET", Path: jwksPath}, {Method: "GET", Path: "/v1/jwks"}},
	}
	OpenIDConfiguration = gateway.Operation{
		Name: "keys/openid-configuration", Summary: "Who issues the tokens and where its keys are, for libraries that discover that.", Public: true,
		Routes: []gateway.Route{{Method: "GET", Path: openIDPath}},
	}
	Handshake = gateway.Operation{
		Name: "client/handshake", Summary: "Sends a browser back to a server-rendered application with fresh session cookies for it.",
		Routes: []gateway.Route{{Method: "GET", Path: "/v1/client/handshake"}},
	}
)

// The operations on sessions. Each belongs to the client that holds it; any other
// client is told that there is none.
var (
	GetSession = gateway.Operation{
		Name: "sessions/get", Summary: "A session of the calling client, with a token.",
		Routes: []gateway.Route{{Method: "GET", Path: sessionPath}},
	}
	TouchSession = gateway.Operation{
		Name: "sessions/touch", Summary: "Notes that a session is in use, and makes it the client's active one.",
		Routes: []gateway.Route{{Method: "POST", Path: sessionPath + "/touch"}},
	}
	CreateSessionToken = gateway.Operation{
		Name: "sessions/token", Summary: "A new token of a session, for 60 seconds.",
		Routes: []gateway.Route{{Method: "POST", Path: sessionPath + "/tokens"}},
	}
	EndSession = gateway.Operation{
		Name: "sessions/end", Summary: "Ends a session of the calling client.",
		Routes: []gateway.Route{{Method: "POST", Path: sessionPath + "/end"}},
	}
	RemoveSession = gateway.Operation{
		Name: "sessions/remove", Summary: "Ends a session of the calling client, as sign-out does.",
		Routes: []gateway.Route{{Method: "POST", Path: sessionPath + "/remove", Function: "sessions/end"}},
	}
	RemoveSessions = gateway.Operation{
		Name: "sessions/remove-all", Summary: "Ends all sessions of the calling client, which stays.",
		Routes: []gateway.Route{
			{Method: "DELETE", Path: "/v1/client/sessions"},
			{Method: "POST", Path: "/v1/client/sessions", Override: "DELETE"},
		},
	}
	GetMe = gateway.Operation{
		Name: "sessions/me", Summary: "The user who is signed in.",
		Routes: []gateway.Route{{Method: "GET", Path: "/v1/me"}},
	}
	ListMySessions = gateway.Operation{
		Name: "sessions/list", Summary: "The live sessions of the user who is signed in, on every client.",
		Routes: []gateway.Route{{Method: "GET", Path: "/v1/me/sessions/active"}},
	}
	RevokeSession = gateway.Operation{
		Name: "sessions/revoke", Summary: "Ends a session of the user who is signed in, on whatever client.",
		Routes: []gateway.Route{{Method: "POST", Path: "/v1/me/sessions/{id}/revoke"}},
	}
)

// sessionPath is where a session of the calling client is.
const sessionPath = "/v1/client/sessions/{id}"

// Operations returns all of them, in the order of the documents.
func Operations() []gateway.Operation {
	return []gateway.Operation{
		GetEnvironment, GetClient, CreateClient, DeleteClient, GetSDKFile, Preflight, NotFound,
		CreateSignUp, GetSignUp, UpdateSignUp, PrepareVerification, AttemptVerification,
		OpenLink, ConfirmLink, CompleteLink,
		KeySet, OpenIDConfiguration, Handshake,
		GetSession, TouchSession, CreateSessionToken, EndSession, RemoveSession, RemoveSessions,
		GetMe, ListMySessions, RevokeSession,
	}
}
