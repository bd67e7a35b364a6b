package norman

import "github.com/doorstep-auth/doorstep/shared/gateway"

// base is where this wire's operations are.
const base = "/v0/authenticate"

// The operations of this wire.
var (
	SignUpDefault = gateway.Operation{
		Name: "accounts/default", Summary: "An anonymous account, signed in at once.",
		Routes: []gateway.Route{{Method: "PUT", Path: base + "/signup/default"}},
	}
	SignUpKey = gateway.Operation{
		Name: "accounts/key", Summary: "An account that signs in with an API key, which is shown this once.",
		Routes: []gateway.Route{{Method: "PUT", Path: base + "/signup/key"}},
	}
	SignUpPassword = gateway.Operation{
		Name: "accounts/password", Summary: "An account with a name and a password.",
		Routes: []gateway.Route{{Method: "PUT", Path: base + "/signup/password"}},
	}
	SignUpEmail = gateway.Operation{
		Name: "accounts/email", Summary: "An account with an e-mail address, to which a code is mailed.",
		Routes: []gateway.Route{{Method: "PUT", Path: base + "/signup/email"}},
	}
	LogInDefault = gateway.Operation{
		Name: "accounts/login-default", Summary: "Signs in to an account that has no factor yet.",
		Routes: []gateway.Route{{Method: "POST", Path: base + "/login/default/{account_id}"}},
	}
	LogInKey = gateway.Operation{
		Name: "accounts/login-key", Summary: "Signs in with an API key.",
		Routes: []gateway.Route{{Method: "POST", Path: base + "/login/key"}},
	}
	LogInPassword = gateway.Operation{
		Name: "accounts/login-password", Summary: "Signs in with a password, by account id, name or e-mail address.",
		Routes: []gateway.Route{{Method: "POST", Path: base + "/login/password/{by}"}},
	}
	LogInEmail = gateway.Operation{
		Name: "accounts/login-email", Summary: "Mails a code to sign in with, if the address is somebody's.",
		Routes: []gateway.Route{{Method: "POST", Path: base + "/login/email/otp"}},
	}
	VerifyLogInEmail = gateway.Operation{
		Name: "accounts/verify-login-email", Summary: "Signs in with a mailed code, which proves the address.",
		Routes: []gateway.Route{{Method: "POST", Path: base + "/login/email/otp/verify"}},
	}
	GetFactors = gateway.Operation{
		Name: "accounts/factors", Summary: "How many factors of each kind the account has.",
		Routes: []gateway.Route{{Method: "GET", Path: base + "/register/get/authentication/factors/{account_id}"}},
	}
	GenerateKey = gateway.Operation{
		Name: "accounts/generate-key", Summary: "Another API key for the account, shown this once.",
		Routes: []gateway.Route{{Method: "POST", Path: base + "/generate/key"}},
	}
	ListKeys = gateway.Operation{
		Name: "accounts/list-keys", Summary: "The account's API keys, without what they let in by.",
		Routes: []gateway.Route{{Method: "GET", Path: base + "/keys"}},
	}
	RevokeKey = gateway.Operation{
		Name: "accounts/revoke-key", Summary: "Ends one of the account's API keys.",
		Routes: []gateway.Route{{Method: "DELETE", Path: base + "/keys/{key_id}"}},
	}
	RegisterPassword = gateway.Operation{
		Name: "accounts/register-password", Summary: "Gives the account a password, or another one.",
		Routes: []gateway.Route{{Method: "POST", Path: base + "/register/password"}},
	}
	RegisterEmail = gateway.Operation{
		Name: "accounts/register-email", Summary: "Mails a code to an address that shall become the account's.",
		Routes: []gateway.Route{
			{Method: "POST", Path: base + "/register/email"},
			{Method: "POST", Path: base + "/register/email/resend/otp"},
		},
	}
	VerifyEmail = gateway.Operation{
		Name: "accounts/verify-email", Summary: "Judges the code that was mailed to an address; the address becomes the account's.",
		Routes: []gateway.Route{{Method: "POST", Path: base + "/register/email/verify/{email}/{code}"}},
	}
)

// Operations returns all of them, in the order of the documents.
func Operations() []gateway.Operation {
	return []gateway.Operation{
		SignUpDefault, SignUpKey, SignUpPassword, SignUpEmail,
		LogInDefault, LogInKey, LogInPassword, LogInEmail, VerifyLogInEmail,
		GetFactors, GenerateKey, ListKeys, RevokeKey, RegisterPassword, RegisterEmail, VerifyEmail,
	}
}
