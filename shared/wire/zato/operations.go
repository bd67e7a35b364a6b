package zato

import "github.com/doorstep-auth/doorstep/shared/gateway"

// base is where this wire's operations are.
const base = "/zato/sso/user"

// The operations of this wire.
var (
	SignUp = gateway.Operation{
		Name: "sso/signup", Summary: "Signs somebody up into applications.", Faulty: true,
		Routes: []gateway.Route{{Method: "POST", Path: base + "/signup"}},
	}
	// Confirm is at each of the places where documentation, source and examples have it.
	Confirm = gateway.Operation{
		Name: "sso/confirm", Summary: "Confirms a sign-up with its token.", Faulty: true,
		Routes: []gateway.Route{
			{Method: "PATCH", Path: base + "/signup"},
			{Method: "PATCH", Path: base + "/signup/confirm"},
			{Method: "POST", Path: base + "/signup/confirm"},
		},
	}
	Approve = gateway.Operation{
		Name: "sso/approve", Summary: "A super-user approves of a user.", Faulty: true,
		Routes: []gateway.Route{{Method: "POST", Path: base + "/approve"}},
	}
	Reject = gateway.Operation{
		Name: "sso/reject", Summary: "A super-user rejects a user, who is signed out.", Faulty: true,
		Routes: []gateway.Route{{Method: "POST", Path: base + "/reject"}},
	}
	LogIn = gateway.Operation{
		Name: "sso/login", Summary: "Logs in with a username and a password.", Faulty: true,
		Routes: []gateway.Route{{Method: "POST", Path: base + "/login"}},
	}
)

// operatorName is the operation without a route: see API.FirstSuperUser.
const operatorName = "sso/operator"

// Operations returns all of them, in the order of the documents.
func Operations() []gateway.Operation {
	return []gateway.Operation{SignUp, Confirm, Approve, Reject, LogIn}
}
