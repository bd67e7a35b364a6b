package deskree

import (
	"reflect"
	"slices"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

const introduction = `**Who calls.** Who has signed in sends the ` + "`idToken`" + ` in ` + "`Authorization: Bearer`" + `, and gets another with the refresh token.
Each refresh token is good for one refresh; who uses an older one ends the session. An operator sends the key that ` + "`keys/operator`" + ` shows in
` + "`deskree-admin`" + `.

**Bodies.** A JSON object, ` + "`null`" + ` or nothing, whatever the content type says; null and the empty string mean "not supplied", unknown
fields are ignored. Every answer without a problem is 200, with all in ` + "`data`" + `, or JSON's empty text for nothing.

**Problems.** ` + "`errors.errors`" + ` has each fault; programs show the ` + "`detail`" + ` of the first, and ` + "`type`" + ` is the code in docs/errors.md.
What is wrong with the input is 422, an identity token that has ended 403.`

// Kinds of callers.
const (
	holder   = describe.Anybody + 1 + iota // who has an identity token
	operator                               // who has the operator key
	inviter                                // an operator, or by settings anybody
)

// Description describes the wire.
func Description() describe.Wire {
	refused := []*problem.Problem{problem.AuthenticationInvalid}
	return describe.Wire{
		Name: "deskree", Title: "Deskree's accounts", Text: introduction,
		SDKs: "`@deskree/deskree-js`", Prefix: "Deskree",
		Declared: Operations(),
		Families: []describe.Family{{
			Name: "passwords",
			Text: "Accounts with an e-mail address and a password: confirmed, invited and given a new password by mailed links. Served if `passwords.enabled` is set.",
		}},
		Operations: slices.Concat(signInDescriptions(), actionDescriptions(), userDescriptions()),
		Schemes: []describe.Scheme{
			{Name: "identityToken", Bearer: true, Text: "An account's identity token, a JWT, as a sign-in answered it."},
			{Name: "deskreeAdmin", In: "header", Key: operatorHeader, Text: "The operator key."},
		},
		Callers: map[describe.Caller]describe.Credentials{
			holder:   {Schemes: []string{"identityToken"}, Problems: append(refused, problem.SignedOut)},
			operator: {Schemes: []string{"deskreeAdmin"}, Problems: refused},
			inviter:  {Schemes: []string{"deskreeAdmin"}, Optional: true, Problems: refused},
		},
		MediaTypes: []string{"application/json"},
		Problems:   describe.Problems{Wire: Wire{}, List: []string{"errors", "errors"}, Member: "type"},
		Properties: properties(),
	}
}

const uidPattern = "^[0-9A-Za-z]{28}$"

func properties() map[string]describe.Property {
	return map[string]describe.Property{
		"Account.uid":             {Pattern: uidPattern},
		"Account.email":           {Text: "The address, in lower case."},
		"Account.disabled":        {Text: "Whether the account can't sign in: its mailed link hasn't been opened. It has no tokens then."},
		"Account.idToken":         {Text: "A JWT that lives `passwords.token_life`, to be verified with the keys of getKeySet."},
		"Account.refreshToken":    {Text: "For one refresh."},
		"Account.expiresIn":       {Pattern: "^[0-9]+$", Text: "Seconds for which the identity token lives."},
		"Refreshed.expires_in":    {Pattern: "^[0-9]+$", Text: "Seconds for which the identity token lives."},
		"Refreshed.refresh_token": {Text: "The next one; the one before is good for `passwords.refresh_grace` more."},
		"Refreshed.user_id":       {Pattern: uidPattern},
		"Providers.allProviders":  {Text: "Always empty where addresses aren't disclosed."},
		"Providers.registered":    {Text: "Always false where addresses aren't disclosed."},
		"Roles.roles":             {Text: "`passwords.roles`."},
		"Object.uid":              {Pattern: uidPattern},
		"Object.attributes":       {Text: "email, emailVerified, disabled, roles, createdAt, updatedAt, and what the user has put in."},
		"Failure.data":            {Text: "Always null."},
		"Fault.code":              {Text: "The status."},
		"Fault.title":             {Text: "The status in words."},
		"Fault.detail":            {Text: "For a person, or a text that programs know."},
		"Fault.type":              {Text: "Public contract: docs/errors.md."},
		"Fault.field":             {Text: "The field that it is about."},
	}
}

func signInDescriptions() []describe.Operation {
	return []describe.Operation{
		{
			Operation: SignUp, ID: "signUpEmailAndPassword", Body: []describe.Field{emailField(), passwordField("password")},
			Text: "With `passwords.confirm_address` the account is disabled and has no tokens until its mailed link is opened, and the answer is " +
				"the same for an address that is somebody's.",
			Answers: []describe.Answer{{Status: 200, Text: "The account.", Body: reflect.TypeFor[accountAnswer]()}},
			Problems: stored(slices.Concat(fieldProblems(), passwordProblems(), []*problem.Problem{
				problem.ParamFormatInvalid, problem.NotAllowed, problem.IdentifierExists, problem.SignUpRateLimit, problem.MailRateLimit,
			})...),
		},
		{
			Operation: SignIn, ID: "signInEmailAndPassword", Body: []describe.Field{emailField(), passwordField("password")},
			Answers: []describe.Answer{{Status: 200, Text: "The account and its tokens.", Body: reflect.TypeFor[accountAnswer]()}},
			Problems: stored(append(fieldProblems(), problem.ParamFormatInvalid, problem.CredentialsInvalid, problem.PasswordIncorrect, problem.UserHeld,
				problem.AttemptRateLimit, problem.SignInRateLimit)...),
		},
		{
			Operation: Refresh, ID: "refreshTokens", Body: []describe.Field{{
				Name: "refresh_token", Text: "The newest refresh token.", Required: true,
				Example: "1ggVnkh3F2bfUnS8TgCjzGS0mVxjjieVS_LfdwjLK4EAAAAAAAAAAKw8ljKnkNRrN8l9f59SuoZ71SHy4PIxYwLTtiMvRN4c.EzG2CPmx",
			}},
			Text:     "A token that has been used before ends the session.",
			Answers:  []describe.Answer{{Status: 200, Text: "The next tokens.", Body: reflect.TypeFor[refreshedAnswer]()}},
			Problems: written(append(fieldProblems(), problem.RefreshTokenInvalid, problem.UserHeld)...),
		},
	}
}

func actionDescriptions() []describe.Operation {
	spent := append(fieldProblems(), problem.AccountUnknown, problem.ActionCodeInvalid, problem.AttemptRateLimit, problem.IdentifierExists)
	set := append(slices.Concat(spent, passwordProblems()), problem.CredentialsInvalid)
	return []describe.Operation{
		{
			Operation: VerifyEmail, ID: "confirmAddress", Body: []describe.Field{codeField(), uidField(true)},
			Answers: done(), Problems: written(append(spent, problem.CredentialsInvalid)...),
		},
		{
			Operation: Invite, ID: "inviteAddress", Caller: inviter, Body: []describe.Field{emailField()},
			Text:    "Who may invite is `passwords.invitations`. Inviting again mails again.",
			Answers: done(),
			Problems: written(append(fieldProblems(), problem.ParamFormatInvalid, problem.ParamValueDisabled, problem.NotAllowed, problem.IdentifierExists,
				problem.SignUpRateLimit, problem.MailRateLimit, problem.CredentialsInvalid)...),
		},
		{
			Operation: VerifyInvite, ID: "acceptInvitation", Body: []describe.Field{codeField(), passwordField("newPassword"), uidField(true)},
			Answers: done(), Problems: written(set...),
		},
		{
			Operation: ResetPassword, ID: "resetPassword", Body: []describe.Field{emailField()},
			Text:    "The answer is the same for every address, unless `passwords.disclose_addresses` is set.",
			Answers: done(),
			Problems: written(append(fieldProblems(), problem.ParamFormatInvalid, problem.AccountUnknown, problem.AttemptRateLimit, problem.MailRateLimit,
				problem.CredentialsInvalid)...),
		},
		{
			Operation: VerifyReset, ID: "setPasswordByMail", Body: []describe.Field{codeField(), passwordField("newPassword"), uidField(false)},
			Text:    "Every session, refresh token and API key from before is over.",
			Answers: done(), Problems: written(set...),
		},
		{
			Operation: GetProviders, ID: "getProviders", Body: []describe.Field{emailField()},
			Answers:  []describe.Answer{{Status: 200, Text: "How the holder of the address signs in.", Body: reflect.TypeFor[providersAnswer]()}},
			Problems: stored(append(fieldProblems(), problem.ParamFormatInvalid, problem.AttemptRateLimit)...),
		},
		{
			Operation: GetRoles, ID: "getRoles", Caller: operator,
			Answers: []describe.Answer{{Status: 200, Text: "The roles.", Body: reflect.TypeFor[rolesAnswer]()}},
		},
	}
}

func userDescriptions() []describe.Operation {
	uid := []describe.Field{{Name: "uid", Text: "The caller's own.", Required: true, Property: describe.Property{Pattern: uidPattern}, Example: exampleUID}}
	return []describe.Operation{
		{
			Operation: DeleteAccount, ID: "deleteAccount", Caller: holder,
			Text:    "Its address and name are free then.",
			Answers: done(), Problems: written(),
		},
		{
			Operation: GetUser, ID: "getUserObject", Caller: holder, Path: uid,
			Answers:  []describe.Answer{{Status: 200, Text: "The object.", Body: reflect.TypeFor[objectAnswer]()}},
			Problems: stored(problem.ResourceNotFound),
		},
		{
			Operation: UpdateUser, ID: "updateUserObject", Caller: holder, Path: uid,
			Text:     "What is fixed can't be set: uid, email, emailVerified, disabled, roles, createdAt, updatedAt; nor can a password be kept here.",
			Members:  "Each takes the place of the one of its name, null removes it; all together have at most 8192 bytes.",
			Answers:  []describe.Answer{{Status: 200, Text: "The object, whose attributes are its own members here.", Body: reflect.TypeFor[attributesAnswer]()}},
			Problems: written(problem.ResourceNotFound, problem.ParamDuplicate, problem.ParamValueInvalid, problem.ParamTooLarge),
		},
		{Operation: CreateUser, ID: "createUserObject", Problems: []*problem.Problem{problem.UserNotCreated}},
		{Operation: DeleteUser, ID: "deleteUserObject", Path: uid, Problems: []*problem.Problem{problem.UserNotCreated}},
	}
}
