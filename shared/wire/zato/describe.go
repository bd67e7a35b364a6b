package zato

import (
	"net/http"
	"reflect"
	"slices"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

const introduction = `**Who calls.** A front end that signs people up, and super-users with the ` + "`ust`" + ` of their log-in. Who also has the operator key, in
` + "`Authorization: Bearer`" + `, says with ` + "`cid`" + ` and ` + "`remote_addr`" + ` which call this is and for whose address; from others both are ignored, and so are Basic
credentials.

**Bodies.** A JSON object, whatever the content type says; null and the empty string mean "not supplied", unknown fields are ignored.

**Problems.** ` + "`sub_status`" + ` has one code of Zato's, with 403; with 200 where ` + "`current_app`" + ` is unknown: look at ` + "`status`" + `. E005001 stands for what
` + "`sso.inform_if_…`" + ` doesn't let be told. A body that can't be read, or lacks what must be there, gets 400.

**Records.** Every call is recorded, and ` + "`cid`" + ` names it: in the answer, in the header X-Zato-CID, in the logs and in the table.`

// mayTrust is anybody, who is trusted with the operator key.
const mayTrust = describe.Anybody + 1

// Description describes the wire.
func Description() describe.Wire {
	return describe.Wire{
		Name: "zato", Title: "Zato's SSO", Text: introduction,
		SDKs: "any HTTP client, such as curl; `zato-client` (Python)", Prefix: "Zato",
		Declared: Operations(),
		Families: []describe.Family{
			{Name: "sso", Text: "Sign-up into applications: validated, confirmed, approved of, and on record. Served if `sso.enabled` is set; without `sso.apps` it refuses everybody."},
		},
		Operations: []describe.Operation{signUpDescription(), confirmDescription(), approveDescription(), rejectDescription(), logInDescription()},
		Schemes:    []describe.Scheme{{Name: "ssoOperatorKey", Bearer: true, Text: "The operator key, as the function keys/operator shows it."}},
		Callers: map[describe.Caller]describe.Credentials{mayTrust: {
			Schemes: []string{"ssoOperatorKey"}, Optional: true,
			Header: []describe.Field{{Name: "X-Zato-CID", Text: "The call's id.", Property: describe.Property{Pattern: cidPattern}, Example: "fc7c23028b15b35d72b8dffb"}},
		}},
		MediaTypes: []string{"application/json"},
		Problems:   describe.Problems{Wire: Wire{}, As: asTold, List: []string{"sub_status"}},
		Properties: properties(),
		Enumerations: map[reflect.Type][]string{reflect.TypeFor[code](): describe.Texts(
			usernameInvalid, usernameExists, usernameTooLong, usernameWhitespace, userIDInvalid,
			emailInvalid, emailExists, emailTooLong, emailWhitespace, emailMissing,
			passwordInvalid, passwordTooShort, passwordTooLong, passwordSimple, appUnknown, appClosed,
			notAllowed, notConfirmed, notApproved, superUserNeeded, noSuchToken, noSuchSession, inputInvalid, inputMissing, internalError,
		)},
	}
}

const cidPattern = "^[0-9a-f]{24}$"

func properties() map[string]describe.Property {
	return map[string]describe.Property{
		"*.cid":                  {Pattern: cidPattern, Text: "The call's id."},
		"Reply.status":           describe.Only(ok),
		"SignedUp.status":        describe.Only(ok),
		"SignedUp.confirm_token": {Pattern: "^[A-Za-z0-9_-]{32}$", Text: "Confirms the sign-up, once. Missing where we mail it."},
		"SignedUp.user_id":       {Pattern: userIDPattern, Text: "Who signed up, for trusted callers."},
		"LoggedIn.status":        describe.Only(ok),
		"LoggedIn.ust":           {Pattern: "^" + sessionPrefix, Text: "The session's token; it lives `sso.session_life`."},
		"Refused.status":         describe.Only("error"),
		"Refused.sub_status":     {Text: "One code."},
		"Failure.result":         describe.Only("Error"),
		"Failure.details":        {Text: "For a person; it may change."},
		"Failure.field":          {Text: "The field that is wrong or missing."},
	}
}

const userIDPattern = "^" + userPrefix + "[0-7][0-9a-hjkmnp-tv-z]{25}$"

// asTold are the sub-statuses by which a problem is told, which depend on its field and
// on what the settings let be told. The one that comes with 200 is an answer.
func asTold(p *problem.Problem) []error {
	var all []error
	add := func(why *refusal) {
		hidden := *why
		hidden.told = notAllowed
		all = append(all, why, &hidden)
	}
	for _, param := range []string{"username", "email_address", "email", "password"} {
		if why := refusalOf(p.On(param)); why != nil {
			add(why)
		}
	}
	for c, cause := range map[code]*problem.Problem{
		usernameWhitespace: problem.UsernameCharacter, usernameInvalid: problem.ParamMissing, emailWhitespace: problem.ParamFormatInvalid,
		emailMissing: problem.ParamMissing, passwordSimple: problem.PasswordPwned, appUnknown: problem.ParamValueInvalid, appClosed: problem.NotAllowed,
	} {
		if cause == p {
			add(refuse(c, p.New()))
		}
	}
	if p == problem.UserHeld {
		add(refuse(notConfirmed, p.New()))
	}
	if refusalOf(p.New()) == nil && p != problem.IdentifierExists { // which is always about a field
		all = append(all, p.New())
	}
	return all
}

func signUpDescription() describe.Operation {
	return describe.Operation{
		Operation: SignUp, ID: "ssoSignUp", Caller: mayTrust,
		Text: "The order of the checks is the documented one; whether a name or an address is taken comes last. The user can log in once the sign-up is " +
			"confirmed and, with `sso.approval_needed`, approved of.",
		Body: append([]describe.Field{
			usernameField(), passwordField(),
			{Name: "email", Text: "E-mail address.", Property: describe.Property{Format: "email", Nullable: true}, Example: "my.username@example.com"},
			currentAppField(),
			{Name: "app_list", Text: "Applications to sign up to; one name stands for a list of it.", Required: true, Property: describe.Property{Type: "array"}},
		}, trustFields()...),
		Answers: answers("Signed up.", reflect.TypeFor[signedUp]()),
		Problems: slices.Concat(fieldProblems(), []*problem.Problem{
			problem.ParamMissing, problem.UsernameLength, problem.UsernameCharacter, problem.UsernamePhone, problem.UsernameReserved,
			problem.PasswordTooShort, problem.PasswordTooLong, problem.PasswordPwned, problem.PasswordContext, problem.PasswordUnchecked,
			problem.NotAllowed, problem.IdentifierExists, problem.SignUpRateLimit, problem.MailRateLimit, problem.Unavailable,
		}),
	}
}

func confirmDescription() describe.Operation {
	return describe.Operation{
		Operation: Confirm, ID: "ssoConfirm", Caller: mayTrust,
		Body: append([]describe.Field{
			{Name: "confirm_token", Text: "The sign-up's token.", Required: true, Example: "oPpzMWjXFN35rvzPxN2AvcG2WEyBX71f"}, currentAppField(),
		}, trustFields()...),
		Answers: answers("Confirmed.", reflect.TypeFor[reply]()),
		Problems: append(fieldProblems(), problem.ParamMissing, problem.ActionCodeInvalid, problem.IdentifierExists, problem.CredentialsInvalid,
			problem.AttemptRateLimit, problem.TooManyChanges, problem.Unavailable),
	}
}

func approveDescription() describe.Operation {
	return describe.Operation{
		Operation: Approve, ID: "ssoApprove", Caller: mayTrust, Body: decisionFields(),
		Text:    "It is no error to approve again.",
		Answers: answers("Approved.", reflect.TypeFor[reply]()), Problems: decisionProblems(),
	}
}

func rejectDescription() describe.Operation {
	return describe.Operation{
		Operation: Reject, ID: "ssoReject", Caller: mayTrust, Body: decisionFields(),
		Text:    "It is no error to reject again. Approving lets the user log in again.",
		Answers: answers("Rejected.", reflect.TypeFor[reply]()), Problems: decisionProblems(),
	}
}

func logInDescription() describe.Operation {
	return describe.Operation{
		Operation: LogIn, ID: "ssoLogIn", Caller: mayTrust,
		Text:    "By username only. `totp_code`, `new_password` and `user_agent` are taken and ignored.",
		Body:    append([]describe.Field{usernameField(), passwordField(), currentAppField()}, trustFields()...),
		Answers: answers("Logged in.", reflect.TypeFor[loggedIn]()),
		Problems: append(fieldProblems(), problem.ParamMissing, problem.CredentialsInvalid, problem.UserHeld, problem.NotAllowed,
			problem.AttemptRateLimit, problem.SignInRateLimit, problem.Unavailable),
	}
}

// answers are the end that goes well, and the refusal that comes with 200.
func answers(text string, body reflect.Type) []describe.Answer {
	return []describe.Answer{
		{Status: http.StatusOK, Text: text, Body: body},
		{Status: http.StatusOK, Text: "Or `current_app` is unknown: `status` is error.", Body: reflect.TypeFor[refused]()},
	}
}
