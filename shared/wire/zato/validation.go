package zato

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

// validate is the documented table of §4.4, in its order; the first refusal ends it.
// Whether a name or an address is taken comes last instead of first: it is the store
// that decides, once everything else has been done, so that a taken name answers like a
// free one up to there.
func (a API) validate(in request, app string) error {
	for _, check := range []func() *refusal{
		func() *refusal { return a.checkUsername(in.username) },
		func() *refusal { return a.checkPassword(in) },
		func() *refusal { return a.checkEmail(in.email) },
		func() *refusal { return a.checkApps(in.apps, app) },
	} {
		if why := check(); why != nil {
			return why
		}
	}
	if in.username == "" {
		return refuse(usernameInvalid, problem.ParamMissing.On("username"))
	}
	return nil
}

func (a API) checkUsername(name string) *refusal {
	s := a.settings()
	switch {
	case name == "":
		return nil
	case utf8.RuneCountInString(name) > s.MaxUsernameLength:
		return refuse(usernameTooLong, problem.ParamTooLong.On("username").Detailed("At most %d characters are accepted.", s.MaxUsernameLength))
	case strings.ContainsFunc(name, unicode.IsSpace):
		return refuse(usernameWhitespace, problem.UsernameCharacter.On("username").Detailed("It has white space."))
	case containsAny(name, s.RejectUsernames):
		return refuse(usernameInvalid, problem.UsernameReserved.On("username"))
	}
	_, err := identifier.ParseUsername(name, a.Accounts.Settings.Username)
	return refusalOf(err)
}

func (a API) checkPassword(in request) *refusal {
	s, policy := a.settings(), a.Accounts.Settings.Password
	text := norm.NFC.String(in.password.Reveal())
	switch length := utf8.RuneCountInString(text); {
	case length < policy.MinLength:
		return refuse(passwordTooShort, problem.PasswordTooShort.On("password").Detailed("%d", policy.MinLength))
	case length > policy.MaxLength:
		return refuse(passwordTooLong, problem.PasswordTooLong.On("password").Detailed("%d", policy.MaxLength))
	case containsAny(text, s.RejectPasswords):
		return refuse(passwordInvalid, problem.PasswordPwned.On("password"))
	case s.MinComplexity > 0 && a.Score(in.password, in.username, in.email) < s.MinComplexity:
		return refuse(passwordSimple, problem.PasswordPwned.On("password"))
	}
	return nil
}

func (a API) checkEmail(email string) *refusal {
	s := a.settings()
	switch {
	case email == "" && s.EmailRequired:
		return refuse(emailMissing, problem.ParamMissing.On("email_address"))
	case email == "":
		return nil
	case utf8.RuneCountInString(email) > s.MaxEmailLength:
		return refuse(emailTooLong, problem.ParamTooLong.On("email_address").Detailed("At most %d characters are accepted.", s.MaxEmailLength))
	case strings.ContainsFunc(email, unicode.IsSpace):
		return refuse(emailWhitespace, problem.ParamFormatInvalid.On("email_address").Detailed("It has white space."))
	case containsAny(email, s.RejectEmails):
		return refuse(emailInvalid, problem.NotAllowed.On("email_address").Detailed("Please use another one."))
	}
	_, err := identifier.ParseEmailAddress(email)
	return refusalOf(err)
}

// checkApps holds the applications against those that are known and open for sign-up.
func (a API) checkApps(apps []string, current string) *refusal {
	s := a.settings()
	if len(apps) == 0 {
		return refuse(appUnknown, problem.ParamMissing.On("app_list"))
	}
	for _, app := range apps {
		if !slices.Contains(s.Apps, app) {
			return refuse(appUnknown, problem.ParamValueInvalid.On("app_list").Detailed("It names an application that isn't known."))
		}
	}
	if !slices.Contains(s.SignupAllowed, current) {
		return refuse(appClosed, problem.NotAllowed.On("current_app").Detailed("It isn't open for sign-up."))
	}
	for _, app := range apps {
		if !slices.Contains(s.SignupAllowed, app) {
			return refuse(appClosed, problem.NotAllowed.On("app_list").Detailed("It names an application that isn't open for sign-up."))
		}
	}
	return nil
}

// containsAny reports whether text contains one of words, in whatever case and width.
func containsAny(text string, words []string) bool {
	folded := fold(text)
	for _, word := range words {
		if strings.Contains(folded, fold(word)) {
			return true
		}
	}
	return false
}

func fold(text string) string { return strings.ToLower(norm.NFKC.String(text)) }

// username is who a log-in names; nobody if it can't be a username.
func (a API) username(text string) identifier.Identifier {
	id, err := identifier.ParseUsername(text, a.Accounts.Settings.Username)
	if err != nil {
		return identifier.Identifier{}
	}
	return id
}
