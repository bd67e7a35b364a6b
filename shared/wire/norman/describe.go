package norman

import (
	"reflect"
	"slices"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

const introduction = `**Who calls.** Who has signed in sends the ` + "`access_token`" + ` in ` + "`Authorization: Bearer`" + `. There is no token to refresh: sign in again.

**Bodies.** A JSON object, ` + "`null`" + ` or nothing, whatever the content type says; null and the empty string mean "not supplied", unknown
fields are ignored. Every answer without a problem is 200 with JSON, ` + "`null`" + ` for nothing.

**Problems.** One exception for all; ` + "`errors`" + ` beside it has each fault. Every status of a bad request (409, 413, 415, 422) is told as 400.`

// holder is who has an access token.
const holder = describe.Anybody + 1

// Description describes the wire.
func Description() describe.Wire {
	return describe.Wire{
		Name: "norman", Title: "Norman's accounts", Text: introduction,
		SDKs: "`norman-core` (Python), Norman's C++ client", Prefix: "Norman",
		Declared: Operations(),
		Families: []describe.Family{
			{Name: "accounts", Text: "Accounts in one call: anonymous, with an API key, a name and password, or an e-mail address. Served if `accounts.enabled` is set."},
		},
		Operations: slices.Concat(signUpDescriptions(), logInDescriptions(), factorDescriptions()),
		Schemes:    []describe.Scheme{{Name: "accessToken", Bearer: true, Text: "An account's access token, a JWT, as a log-in answered it."}},
		Callers: map[describe.Caller]describe.Credentials{
			holder: {Schemes: []string{"accessToken"}, Problems: []*problem.Problem{problem.AuthenticationInvalid}},
		},
		MediaTypes: []string{"application/json"},
		Problems:   describe.Problems{Wire: Wire{}, List: []string{"errors"}, Member: "code"},
		Properties: properties(),
	}
}

const accountIDPattern = "^[0-9]{1,39}$"

func properties() map[string]describe.Property {
	return map[string]describe.Property{
		"Account.id":            {Pattern: accountIDPattern, Text: "128 bits in decimal. It signs in to the account as long as that has no factor: keep it secret until then."},
		"Account.creation_time": {Format: "date-time"},
		"Account.name":          {Text: "The account's name, else its proved address, else its id."},
		"ApiKey.id":             {Text: "The hash of the key's random bits: it lets nobody in."},
		"ApiKey.creation_time":  {Format: "date-time"},
		"ApiKey.last_used_time": {Format: "date-time", Nullable: true, Text: "To within a day; null before the first use."},
		"ApiKeyList.api_keys":   {Text: "The keys, the newest first."},
		"KeyAccount.api_key":    {Pattern: apiKeyPattern, Text: "Shown this once."},
		"LogIn.access_token":    {Text: "A JWT that lives `accounts.token_life`, to be verified with the keys of getKeySet."},
		"LogIn.id_token":        {Text: "A JWT that tells an application who signed in."},
		"Exception.timestamp":   {Format: "date-time"},
		"Exception.status_code": {Text: "The status, as older clients read it."},
		"Exception.http_code":   {Text: "The status, as newer clients read it."},
		"Exception.error_type": {Enum: []string{
			"validation", "authentication", "authorization", "not_found", "rate_limit", "capacity", "server",
		}},
		"Exception.message":     {Text: "For a person; it may change."},
		"Exception.cause":       {Text: "The request's id, also in the logs."},
		"Exception.suggestions": {Text: "Always empty."},
		"Exception.errors":      {Text: "What is wrong, fault by fault."},
		"Fault.code":            {Text: "Public contract: docs/errors.md."},
		"Fault.field":           {Text: "The field that it is about."},
		"Fault.message":         {Text: "For a person; it may change."},
	}
}

const apiKeyPattern = "^" + keyPrefix + "[0-9A-Za-z]{50}$"

func signUpDescriptions() []describe.Operation {
	return []describe.Operation{
		{
			Operation: SignUpDefault, ID: "signUpDefault",
			Text:     "Whoever knows the account's id can sign in to it until it has a factor, which ends all tokens so far.",
			Answers:  []describe.Answer{{Status: 200, Text: "The account and its tokens.", Body: reflect.TypeFor[logIn]()}},
			Next:     onAccount(true),
			Problems: written(problem.SignUpRateLimit),
		},
		{
			Operation: SignUpKey, ID: "signUpKey", Body: []describe.Field{nameField(true), deviceField()},
			Answers:  []describe.Answer{{Status: 200, Text: "The account and its key.", Body: reflect.TypeFor[keyAccount]()}},
			Problems: written(slices.Concat(textProblems(), nameProblems(), signUpProblems())...),
		},
		{
			Operation: SignUpPassword, ID: "signUpPassword",
			Text:     "With an e-mail address in place of the password it is signUpEmail, as one client sends it.",
			Body:     []describe.Field{nameField(false), passwordField(false), emailField(false), deviceField()},
			Answers:  accountAnswers(),
			Problems: written(slices.Concat(textProblems(), nameProblems(), passwordProblems(), addressProblems(), signUpProblems())...),
		},
		{
			Operation: SignUpEmail, ID: "signUpEmail",
			Text: "The address is the account's once the mailed code is given back, by verifyLogInEmail. With a password in place of the address it is " +
				"signUpPassword, as one client sends it.",
			Body:     []describe.Field{nameField(false), emailField(false), passwordField(false), deviceField()},
			Answers:  accountAnswers(),
			Problems: written(slices.Concat(textProblems(), nameProblems(), passwordProblems(), addressProblems(), signUpProblems())...),
		},
	}
}

func logInDescriptions() []describe.Operation {
	return []describe.Operation{
		{
			Operation: LogInDefault, ID: "logInDefault", Path: accountPath(), Answers: logInAnswers(),
			Problems: stored(problem.CredentialsInvalid),
			Next:     onAccount(true),
		},
		{
			Operation: LogInKey, ID: "logInKey",
			Body:     []describe.Field{{Name: "api_key", Text: "The key.", Required: true, Example: "nrm_sk_4Vb9Zc1dQxYmR7nKfT2s0A4Vb9Zc1dQxYmR7nKfT2s0A1a2b3c"}},
			Answers:  logInAnswers(),
			Problems: stored(append(textProblems(), problem.ParamMissing, problem.CredentialsInvalid, problem.UserHeld)...),
			Next:     onAccount(false),
		},
		{
			Operation: LogInPassword, ID: "logInPassword",
			Path: []describe.Field{{
				Name: "by", Text: "By what: the field of the body that is read.", Required: true,
				Property: describe.Property{Enum: []string{"account_id", "name", "email"}}, Example: "name",
			}},
			Body: []describe.Field{
				{Name: "account_id", Text: "The account's id.", Property: describe.Property{Nullable: true}},
				nameField(false), emailField(false), passwordField(true),
			},
			Answers: logInAnswers(),
			Problems: stored(append(textProblems(), problem.ParamMissing, problem.CredentialsInvalid, problem.UserHeld, problem.SignInRateLimit,
				problem.AttemptRateLimit, problem.ResourceNotFound)...),
			Next: onAccount(false),
		},
		{
			Operation: LogInEmail, ID: "logInEmail", Body: []describe.Field{emailField(true)},
			Text:    "The answer is the same for every address.",
			Answers: done(),
			Problems: written(append(textProblems(), problem.ParamFormatInvalid, problem.AttemptRateLimit, problem.MailRateLimit,
				problem.CredentialsInvalid)...),
		},
		{
			Operation: VerifyLogInEmail, ID: "verifyLogInEmail", Body: []describe.Field{emailField(true), {
				Name: "code", Text: "The six digits of the newest mail.", Required: true, Property: describe.Property{Pattern: "^[0-9]{6}$"}, Example: "424242",
			}},
			Text:    "Who hadn't proved the address before gets the account without the password, keys and sessions that others may have put in.",
			Answers: logInAnswers(),
			Problems: written(slices.Concat(textProblems(), codeProblems(), []*problem.Problem{
				problem.ParamMissing, problem.AttemptRateLimit, problem.CredentialsInvalid, problem.UserHeld,
			})...),
			Next: onAccount(false),
		},
	}
}

func factorDescriptions() []describe.Operation {
	return []describe.Operation{
		{
			Operation: GetFactors, ID: "getFactors", Caller: holder, Path: accountPath(),
			Answers:  []describe.Answer{{Status: 200, Text: "How many of each kind.", Body: reflect.TypeFor[factors]()}},
			Problems: stored(problem.ResourceNotFound),
		},
		{
			Operation: GenerateKey, ID: "generateKey", Caller: holder, Body: ownFields(),
			Answers:  []describe.Answer{{Status: 200, Text: "The key.", Body: reflect.TypeFor[string]()}},
			Problems: written(append(textProblems(), problem.ResourceNotFound)...),
		},
		{
			Operation: ListKeys, ID: "listKeys", Caller: holder,
			Answers:  []describe.Answer{{Status: 200, Text: "The newest first.", Body: reflect.TypeFor[apiKeyList]()}},
			Problems: stored(),
		},
		{
			Operation: RevokeKey, ID: "revokeKey", Caller: holder, Answers: done(),
			Text:     "The last factor of an account stays: without any, its id would let in.",
			Path:     []describe.Field{{Name: "key_id", Text: "The key's id, as listKeys has it.", Required: true, Example: "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}},
			Problems: written(problem.ResourceNotFound, problem.LastFactor),
		},
		{
			Operation: RegisterPassword, ID: "registerPassword", Caller: holder, Body: ownFields(passwordField(true)), Answers: done(),
			Problems: written(slices.Concat(textProblems(), passwordProblems(), []*problem.Problem{problem.ParamMissing, problem.ResourceNotFound})...),
		},
		{
			Operation: RegisterEmail, ID: "registerEmail", Caller: holder, Body: ownFields(emailField(true)),
			Text: "A proved address stays: another can't take its place.", Answers: done(),
			Problems: written(append(textProblems(), problem.ParamMissing, problem.ParamFormatInvalid, problem.NotAllowed, problem.ResourceNotFound, problem.MailRateLimit,
				problem.VerificationAlreadyVerified, problem.VerificationTooSoon)...),
		},
		{
			Operation: VerifyEmail, ID: "verifyEmail", Caller: holder, Answers: done(),
			Path: []describe.Field{
				{Name: "email", Text: "The address that the code was mailed to.", Required: true, Example: "ada@example.com"},
				{Name: "code", Text: "The six digits of the newest mail.", Required: true, Example: "424242"},
			},
			Problems: written(append(codeProblems(), problem.ParamTooLong, problem.ParamValueInvalid)...),
		},
	}
}

// onAccount are the operations that take the id of the account which an answer shows;
// only one without a factor is signed in to by it.
func onAccount(anonymous bool) []describe.Next {
	next := []describe.Next{{ID: "getFactors", Parameter: "account_id", Pointer: "/account/id"}}
	if anonymous {
		next = append(next, describe.Next{ID: "logInDefault", Parameter: "account_id", Pointer: "/account/id"})
	}
	return next
}
