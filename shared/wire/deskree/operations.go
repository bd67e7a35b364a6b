package deskree

import "github.com/doorstep-auth/doorstep/shared/gateway"

// Where this wire's operations are.
const (
	base  = "/api/v1/auth/accounts"
	users = "/api/v1/rest/collections/users"
)

// The operations of this wire.
var (
	SignUp = gateway.Operation{
		Name: "passwords/signup", Summary: "An account with an e-mail address and a password.",
		Routes: []gateway.Route{{Method: "POST", Path: base + "/signup"}},
	}
	VerifyEmail = gateway.Operation{
		Name: "passwords/verify-email", Summary: "Confirms a sign-up with what its mailed link carries.",
		Routes: []gateway.Route{{Method: "POST", Path: base + "/verify/email"}},
	}
	SignIn = gateway.Operation{
		Name: "passwords/sign-in", Summary: "Signs in with an e-mail address and a password.",
		Routes: []gateway.Route{{Method: "POST", Path: base + "/sign-in/email"}},
	}
	Refresh = gateway.Operation{
		Name: "passwords/refresh", Summary: "Another identity token, and the next refresh token.",
		Routes: []gateway.Route{{Method: "POST", Path: base + "/token/refresh"}},
	}
	Invite = gateway.Operation{
		Name: "passwords/invite", Summary: "Makes a disabled account for an e-mail address and mails it a link.",
		Routes: []gateway.Route{{Method: "POST", Path: base + "/invite"}},
	}
	VerifyInvite = gateway.Operation{
		Name: "passwords/verify-invite", Summary: "Accepts an invitation with what its mailed link carries, and a password.",
		Routes: []gateway.Route{{Method: "POST", Path: base + "/verify/invite"}},
	}
	ResetPassword = gateway.Operation{
		Name: "passwords/reset", Summary: "Mails a link for a new password, if the address is somebody's.",
		Routes: []gateway.Route{{Method: "POST", Path: base + "/password-reset"}},
	}
	VerifyReset = gateway.Operation{
		Name: "passwords/verify-reset", Summary: "Sets a new password with what the mailed link carries.",
		Routes: []gateway.Route{{Method: "POST", Path: base + "/verify/password-reset"}},
	}
	GetProviders = gateway.Operation{
		Name: "passwords/providers", Summary: "How the holder of an address signs in, as far as callers may know.",
		Routes: []gateway.Route{{Method: "POST", Path: base + "/email-providers"}},
	}
	GetRoles = gateway.Operation{
		Name: "passwords/roles", Summary: "The roles that the application knows, for its operator.",
		Routes: []gateway.Route{{Method: "GET", Path: base + "/roles"}},
	}
	DeleteAccount = gateway.Operation{
		Name: "passwords/delete", Summary: "Deletes the caller's account.",
		Routes: []gateway.Route{{Method: "DELETE", Path: base}},
	}
	GetUser = gateway.Operation{
		Name: "passwords/get-user", Summary: "The caller's own user object.",
		Routes: []gateway.Route{{Method: "GET", Path: users + "/{uid}"}},
	}
	UpdateUser = gateway.Operation{
		Name: "passwords/update-user", Summary: "Changes fields of the caller's own user object.",
		Routes: []gateway.Route{{Method: "PATCH", Path: users + "/{uid}"}},
	}
	CreateUser = gateway.Operation{
		Name: "passwords/create-user", Summary: "Refuses to make a user object: it comes with its account.",
		Routes: []gateway.Route{{Method: "POST", Path: users, Function: GetUser.Name}},
	}
	DeleteUser = gateway.Operation{
		Name: "passwords/delete-user", Summary: "Refuses to delete a user object: it goes with its account.",
		Routes: []gateway.Route{{Method: "DELETE", Path: users + "/{uid}", Function: GetUser.Name}},
	}
)

// Operations returns all of them, in the order of the documents.
func Operations() []gateway.Operation {
	return []gateway.Operation{
		SignUp, VerifyEmail, SignIn, Refresh, Invite, VerifyInvite, ResetPassword, VerifyReset, GetProviders, GetRoles, DeleteAccount,
		GetUser, UpdateUser, CreateUser, DeleteUser,
	}
}
