package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// A Step is one event in its place in the order, with what its function is documented to answer on a fresh table.
type Step struct {
	// Function is <family>/<operation>; the event is events/<family>/<operation>.json.
	Function string
	// Status is the HTTP status; 0 for a function outside the API.
	Status int
	// Object is what kind of resource the response is; empty where there is none.
	Object string
	// State is the status of the sign-up or session that the response is.
	State string
	// Answer is the whole answer, as JSON, of a function outside the API.
	Answer string
	// Has is a member of the answer of a function outside the API that shows what nobody knows before.
	Has string
}

// Settings is the document for which Order holds: links are mailed beside codes. For the rest it is what `make run` has where nothing is said: pages of this
// machine are let in, and this machine may ask as often as it likes.
const Settings = `{"attributes":{"email_address":{"strategies":["email_code","email_link"]}},
"allowed_origins":["http://localhost:*"],"redirect_urls":["http://localhost:*"],"limits":{"creates_per_source":0,"attempts_per_source":0},
"passwords":{"confirm_url":"https://app.example.com/confirm","invite_url":"https://app.example.com/join","reset_url":"https://app.example.com/reset"},
"sso":{"apps":["CRM"],"signup_allowed":["CRM"],"login_allowed":["CRM"]}}`

// Order returns the documented order of all events: each finds what it needs from those before it. An address is verified by the mailed link, handed over to
// an app; then a sign-up that takes the place of that one is completed by code.
func Order() []Step {
	return []Step{
		{Function: "client/environment", Status: 200},
		{Function: "client/preflight", Status: 204},
		{Function: "client/npm", Status: 307},
		{Function: "client/not-found", Status: 404},
		{Function: "client/write", Status: 200, Object: "client"},
		{Function: "client/get", Status: 200, Object: "client"},
		{Function: "signups/create", Status: 200, Object: "sign_up_attempt", State: "missing_requirements"},
		{Function: "signups/get", Status: 200, Object: "sign_up_attempt", State: "missing_requirements"},
		{Function: "signups/prepare-verification", Status: 200, Object: "sign_up_attempt", State: "missing_requirements"},
		{Function: "mail/send", Answer: `{"batchItemFailures":[]}`},
		{Function: "signups/open-link", Status: 200},
		{Function: "signups/confirm-link", Status: 303},
		{Function: "signups/complete-link", Status: 200, Object: "sign_up_attempt", State: "missing_requirements"},
		{Function: "signups/create", Status: 200, Object: "sign_up_attempt", State: "missing_requirements"},
		{Function: "signups/update", Status: 200, Object: "sign_up_attempt", State: "missing_requirements"},
		{Function: "signups/prepare-verification", Status: 200, Object: "sign_up_attempt", State: "missing_requirements"},
		{Function: "mail/send", Answer: `{"batchItemFailures":[]}`},
		{Function: "signups/attempt-verification", Status: 200, Object: "sign_up_attempt", State: "complete"},
		{Function: "sessions/touch", Status: 200, Object: "session", State: "active"},
		{Function: "sessions/get", Status: 200, Object: "session", State: "active"},
		{Function: "sessions/token", Status: 200},
		{Function: "sessions/me", Status: 200, Object: "user"},
		{Function: "sessions/list", Status: 200},
		{Function: "client/handshake", Status: 307},
		{Function: "sessions/revoke", Status: 200, Object: "session", State: "revoked"},
		// Revoking ended the session and with it what these two would end.
		{Function: "sessions/end", Status: 404},
		{Function: "sessions/remove-all", Status: 200, Object: "client"},
		// An anonymous account gets an address; that ends the token it had.
		{Function: "accounts/default", Status: 200},
		{Function: "accounts/login-default", Status: 200},
		{Function: "accounts/factors", Status: 200},
		{Function: "accounts/register-email", Status: 200},
		{Function: "mail/send", Answer: `{"batchItemFailures":[]}`},
		{Function: "accounts/verify-email", Status: 200},
		// One that begins with an address. The code that it is mailed signs in, too; asked for again so soon, there is no other.
		{Function: "accounts/email", Status: 200},
		{Function: "mail/send", Answer: `{"batchItemFailures":[]}`},
		{Function: "accounts/login-email", Status: 200},
		{Function: "accounts/verify-login-email", Status: 200},
		{Function: "accounts/register-password", Status: 200},
		{Function: "accounts/generate-key", Status: 200},
		{Function: "accounts/login-key", Status: 200},
		{Function: "accounts/list-keys", Status: 200},
		{Function: "accounts/revoke-key", Status: 200},
		{Function: "accounts/key", Status: 200},
		{Function: "accounts/password", Status: 200},
		{Function: "accounts/login-password", Status: 200},
		{Function: "keys/operator", Has: "operator_key"},
		// An account that its mailed link confirms; and one that is invited, and then forgets its password.
		{Function: "passwords/signup", Status: 200},
		{Function: "mail/send", Answer: `{"batchItemFailures":[]}`},
		{Function: "passwords/verify-email", Status: 200},
		{Function: "passwords/sign-in", Status: 200},
		{Function: "passwords/refresh", Status: 200},
		{Function: "passwords/get-user", Status: 200},
		{Function: "passwords/update-user", Status: 200},
		{Function: "passwords/providers", Status: 200},
		{Function: "passwords/roles", Status: 200},
		{Function: "passwords/delete", Status: 200},
		{Function: "passwords/invite", Status: 200},
		{Function: "mail/send", Answer: `{"batchItemFailures":[]}`},
		{Function: "passwords/verify-invite", Status: 200},
		{Function: "passwords/reset", Status: 200},
		{Function: "mail/send", Answer: `{"batchItemFailures":[]}`},
		{Function: "passwords/verify-reset", Status: 200},
		// A sign-up into an application, which the first super-user approves of; and then thinks better of.
		{Function: "sso/signup", Status: 200},
		{Function: "sso/operator", Has: "user_id"},
		{Function: "sso/login", Status: 200},
		{Function: "sso/approve", Status: 200},
		{Function: "sso/confirm", Status: 200},
		{Function: "sso/reject", Status: 200},
		{Function: "keys/jwks", Status: 200},
		{Function: "keys/openid-configuration", Status: 200},
		{Function: "events/dispatch", Answer: `{"batchItemFailures":[]}`},
		{Function: "keys/rotate", Answer: `{"mac":"kept","signing":"kept"}`},
	}
}

// Check says how a function's answer differs from what is documented.
func (s Step) Check(answer []byte) error {
	var told struct {
		Status int    `json:"statusCode"`
		Body   string `json:"body"`
	}
	if s.Has != "" {
		var shown map[string]json.RawMessage
		if json.Unmarshal(answer, &shown) != nil || shown[s.Has] == nil {
			return fmt.Errorf("%s answered %d bytes without %s", s.Function, len(answer), s.Has)
		}
		return nil
	}
	if s.Answer != "" {
		var compact bytes.Buffer
		if json.Compact(&compact, answer) != nil || compact.String() != s.Answer {
			return fmt.Errorf("%s answered %s, not %s", s.Function, answer, s.Answer)
		}
		return nil
	}
	if err := json.Unmarshal(answer, &told); err != nil {
		return fmt.Errorf("%s answered %s: %w", s.Function, answer, err)
	}
	if told.Status != s.Status {
		return fmt.Errorf("%s answered %d, not %d: %s", s.Function, told.Status, s.Status, told.Body)
	}
	if s.Object == "" {
		return nil
	}
	var body struct {
		Response struct{ Object, Status string }
	}
	if err := json.Unmarshal([]byte(told.Body), &body); err != nil {
		return fmt.Errorf("%s answered %s: %w", s.Function, told.Body, err)
	}
	if body.Response.Object != s.Object || body.Response.Status != s.State {
		return fmt.Errorf("%s answered no %s %s: %s", s.Function, s.Object, s.State, told.Body)
	}
	return nil
}
