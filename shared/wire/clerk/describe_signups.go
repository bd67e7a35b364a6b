package clerk

import (
	"reflect"
	"slices"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

func signUpDescriptions() []describe.Operation {
	return []describe.Operation{
		{
			Operation: CreateSignUp, ID: "createSignUp", Caller: anyCaller,
			Text:   "A caller without a client gets one. `strategy` mails a code and link in the same step.",
			Header: []describe.Field{proxyURL()}, Body: signUpFields(), Answers: signUpAnswers("The sign-up."),
			Problems: written(append(inputProblems(), problem.SessionExists, problem.SignUpRateLimit, problem.VerificationMissing)...), Next: onSignUp(),
		},
		{
			Operation: GetSignUp, ID: "getSignUp", Caller: onlyOwner, Path: signUpPath(),
			Text:     "Another client's sign-up, an earlier one and one that never was look alike: 404.",
			Answers:  signUpAnswers("The sign-up."),
			Problems: stored(problem.ResourceNotFound), Next: onSignUp(),
		},
		{
			Operation: UpdateSignUp, ID: "updateSignUp", Caller: onlyOwner, Path: signUpPath(),
			Header: []describe.Field{proxyURL()}, Body: signUpFields(), Answers: signUpAnswers("The sign-up, perhaps complete."),
			Problems: written(append(inputProblems(), signUpProblems()...)...), Next: onSignUp(),
		},
		{
			Operation: PrepareVerification, ID: "prepareVerification", Caller: onlyOwner, Path: signUpPath(),
			Text:   "The mail carries all that the instance offers and that can work: a code, a link, or both. The newest mail alone counts.",
			Header: []describe.Field{proxyURL()}, Body: append([]describe.Field{strategyField()}, linkFields()...),
			Answers:  signUpAnswers("The sign-up; its verification waits for the code or the link."),
			Problems: written(prepareProblems()...), Next: onSignUp(),
		},
		{
			Operation: AttemptVerification, ID: "attemptVerification", Caller: onlyOwner, Path: signUpPath(),
			Text: "Each try counts before it is judged. After five wrong ones the code and its link are dead.",
			Body: []describe.Field{strategyField(), {
				Name: "code", Text: "The six digits of the newest mail.", Required: true, Property: describe.Property{Pattern: "^[0-9]{6}$"}, Example: "424242",
			}},
			Answers:  signUpAnswers("The address is verified; the sign-up is perhaps complete."),
			Problems: written(attemptProblems()...), Next: onCompletion(),
		},
		openLinkDescription(), confirmLinkDescription(), completeLinkDescription(),
	}
}

func signUpAnswers(text string) []describe.Answer {
	return []describe.Answer{{Status: 200, Text: text, Body: reflect.TypeFor[envelopeOf[signUp]]()}}
}

func signUpPath() []describe.Field {
	return []describe.Field{{
		Name: "id", Text: "The sign-up's id.", Required: true, Property: describe.Property{Pattern: idPattern(signUpPrefix)}, Example: "sua_4Vb9Zc1dQxYmR7nKfT2s0A",
	}}
}

// onCompletion are the operations that take the session's id of a complete sign-up.
func onCompletion() []describe.Next { return onSession("/response/created_session_id") }

// onSignUp are the operations that take a sign-up's id.
func onSignUp() []describe.Next {
	var all []describe.Next
	for _, id := range []string{"getSignUp", "updateSignUp", "prepareVerification", "attemptVerification"} {
		all = append(all, describe.Next{ID: id, Parameter: "id", Pointer: "/response/id"})
	}
	return all
}

func proxyURL() describe.Field {
	return describe.Field{
		Name: "Clerk-Proxy-Url", Property: describe.Property{Format: "uri"},
		Text: "Where an application's own server forwards to this API from. Mailed links begin with it if it is among the setting `proxy_urls`; " +
			"otherwise it is ignored.",
	}
}

func strategyField() describe.Field {
	return describe.Field{
		Name: "strategy", Text: "The way to prove the address.", Required: true,
		Property: describe.Property{Enum: []string{settings.EmailCode, settings.EmailLink}}, Example: settings.EmailCode,
	}
}

// signUpFields are those of create and update. What is off in the settings is refused.
func signUpFields() []describe.Field {
	return append([]describe.Field{
		{Name: "email_address", Text: "E-mail address.", Property: describe.Property{Format: "email"}, Example: "ada@example.com"},
		{Name: "phone_number", Text: "Phone number in E.164.", Example: "+12015550123"},
		{Name: "email_address_or_phone_number", Text: "Either of them.", Example: "ada@example.com"},
		{Name: "username", Text: "Username.", Example: "ada"},
		{Name: "web3_wallet", Text: "Wallet address (EIP-55).", Example: "0x52908400098527886E0F7030069857D2E4169EE7"},
		{Name: "password", Text: "Password.", Property: describe.Property{Format: "password"}, Example: "correct horse battery staple"},
		{Name: "first_name", Text: "First name.", Example: "Ada"},
		{Name: "last_name", Text: "Last name.", Example: "Lovelace"},
		{Name: "birthday", Text: "Birthday.", Property: describe.Property{Format: "date"}, Example: "1815-12-10"},
		{Name: "gender", Text: "Gender, as the person words it."},
		{Name: "locale", Text: "Language of the mails, as a BCP 47 tag.", Example: "en-GB"},
		{
			Name: "unsafe_metadata", Example: `{"plan":"free"}`,
			Text: "Text of a JSON object that the application keeps with the user. It is replaced whole. A JSON body may hold the object itself.",
		},
		{Name: "legal_accepted", Text: "Whether the person accepts the terms.", Property: describe.Property{Type: "boolean"}},
		{
			Name: "strategy", Text: "Begins this verification in the same step; `password` stands for none.",
			Property: describe.Property{Enum: []string{settings.EmailCode, settings.EmailLink, "password"}},
		},
		{Name: "transfer", Text: "Not offered: true is refused.", Property: describe.Property{Type: "boolean"}},
		{Name: "ticket", Text: "Not offered: refused."},
	}, linkFields()...)
}

func linkFields() []describe.Field {
	return []describe.Field{
		{
			Name: "redirect_url", Text: "Where a browser goes after the mailed link; among the setting `redirect_urls`.",
			Property: describe.Property{Format: "uri"}, Example: "http://localhost:3000/verified",
		},
		{
			Name: "redirect_uri", Text: "The same of a native app, which takes the last step itself (completeLink).",
			Property: describe.Property{Format: "uri"}, Example: "com.example.app:/verified",
		},
		{
			Name: "code_challenge", Text: "A native app's PKCE challenge (RFC 7636).",
			Property: describe.Property{Pattern: "^[0-9A-Za-z_-]{43}$"}, Example: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
		},
		{Name: "code_challenge_method", Text: "Only S256 is accepted.", Property: describe.Property{Enum: []string{"S256"}}},
	}
}

func faultyField() []*problem.Problem {
	return []*problem.Problem{
		problem.ParamMissing, problem.ParamDuplicate, problem.ParamFormatInvalid, problem.ParamValueInvalid, problem.ParamTooLong,
	}
}

// linkProblems are those of a mail that carries a link.
func linkProblems() []*problem.Problem {
	return []*problem.Problem{problem.RedirectInvalid, problem.RedirectProhibited}
}

func inputProblems() []*problem.Problem {
	return slices.Concat(faultyField(), linkProblems(), mailProblems(), []*problem.Problem{
		problem.ParamTypeInvalid, problem.ParamValueDisabled, problem.ParamTooLarge, problem.IdentifierExists,
		problem.UsernameLength, problem.UsernameCharacter, problem.UsernameNumeric, problem.UsernamePhone, problem.UsernameReserved,
		problem.PasswordTooShort, problem.PasswordTooLong, problem.PasswordPwned, problem.PasswordContext, problem.PasswordUnchecked,
		problem.NotAllowed,
	})
}

// mailProblems are those of asking for a mail.
func mailProblems() []*problem.Problem {
	return []*problem.Problem{problem.VerificationAlreadyVerified, problem.VerificationTooSoon, problem.MailRateLimit}
}

// signUpProblems are those of any change of an open sign-up.
func signUpProblems() []*problem.Problem {
	return []*problem.Problem{problem.ResourceNotFound, problem.SignUpNotUpdatable, problem.VerificationMissing}
}

func prepareProblems() []*problem.Problem {
	return slices.Concat(faultyField(), linkProblems(), mailProblems(), signUpProblems())
}

func attemptProblems() []*problem.Problem {
	return slices.Concat(faultyField(), signUpProblems(), []*problem.Problem{
		problem.VerificationNotSent, problem.VerificationStrategyInvalid, problem.VerificationExpired, problem.VerificationFailed,
		problem.VerificationAlreadyVerified, problem.CodeIncorrect, problem.AttemptRateLimit, problem.IdentifierExists,
	})
}

func linkTokenQuery() []describe.Field {
	return []describe.Field{{
		Name: "token", Text: "The link's token, once.", Required: true,
		Example: "ICEiIyQlJicoKSorLC0uLxAREhMUFRYXGBkaGxwdHh-5JcLsQC_NTPZNCxDc9XG6rH01LXH1L2eA437bXSoGXg.abcDEF12",
	}}
}

func acceptLanguage() describe.Field {
	return describe.Field{Name: "Accept-Language", Text: "Languages of the page (RFC 9110 §12.5.4).", Example: "de, en;q=0.5"}
}

func openLinkDescription() describe.Operation {
	return describe.Operation{
		Operation: OpenLink, ID: "openLink", Query: linkTokenQuery(), Header: []describe.Field{acceptLanguage()},
		Text:     "The page is the same for every link. Whether the link works shows when its button is pressed.",
		Answers:  []describe.Answer{{Status: 200, Text: "The page.", HTML: true}},
		Problems: []*problem.Problem{problem.LinkTokenInvalid},
	}
}

func confirmLinkDescription() describe.Operation {
	return describe.Operation{
		Operation: ConfirmLink, ID: "confirmLink", Caller: anyBrowser, Query: linkTokenQuery(), Header: []describe.Field{acceptLanguage()},
		Text: "A browser that holds the client's cookie shows that it is where the sign-up began. The redirect carries `__clerk_status` " +
			"(`verified`, `expired`, `failed`, `client_mismatch`) and `__clerk_created_session`, or for a native app `flow_id` and `approval_token`.",
		Answers: []describe.Answer{
			{Status: 200, Text: "A page that says that the address is verified, where there is no redirect URL.", HTML: true},
			{Status: 303, Text: "To the redirect URL.", Location: true},
		},
		Pages: []int{400}, Problems: written(problem.LinkTokenInvalid),
	}
}

func completeLinkDescription() describe.Operation {
	return describe.Operation{
		Operation: CompleteLink, ID: "completeLink", Caller: onlyOwner,
		Body: []describe.Field{
			{
				Name: flowParam, Text: "`flow_id` of the redirect: the sign-up's id.", Required: true,
				Property: describe.Property{Pattern: idPattern(signUpPrefix)}, Example: "sua_4Vb9Zc1dQxYmR7nKfT2s0A",
			},
			{
				Name: approvalParam, Text: "`approval_token` of the redirect.", Required: true,
				Example: "ICEiIyQlJicoKSorLC0uLxAREhMUFRYXGBkaGxwdHh9oIUW2F8RmBwuqtrMCHCeSpY7beEt-YlQMmUxLGciSpQ.abcDEF12",
			},
			{
				Name: "code_verifier", Text: "The PKCE verifier whose challenge the sign-up began with.", Required: true,
				Property: describe.Property{Pattern: `^[0-9A-Za-z._~-]{43,128}$`},
			},
		},
		Answers: signUpAnswers("The address is verified; the sign-up is perhaps complete."),
		Problems: written(slices.Concat(faultyField(), []*problem.Problem{
			problem.ApprovalTokenInvalid, problem.ApprovalTokenExpired, problem.ApprovalTokenConsumed, problem.PKCEFailed,
			problem.VerificationFailed, problem.SignUpNotUpdatable, problem.IdentifierExists,
		})...), Next: onCompletion(),
	}
}
