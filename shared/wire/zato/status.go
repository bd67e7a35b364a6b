package zato

import (
	"errors"
	"net/http"
	"slices"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// code is a sub-status (§4.4).
type code string

// The sub-statuses that are told or recorded here.
const (
	usernameInvalid    code = "E001001"
	usernameExists     code = "E001002"
	usernameTooLong    code = "E001003"
	usernameWhitespace code = "E001004"
	userIDInvalid      code = "E001100"
	emailInvalid       code = "E002001"
	emailExists        code = "E002002"
	emailTooLong       code = "E002003"
	emailWhitespace    code = "E002004"
	emailMissing       code = "E002005"
	passwordInvalid    code = "E003001"
	passwordTooShort   code = "E003002"
	passwordTooLong    code = "E003003"
	passwordSimple     code = "E003008"
	appUnknown         code = "E004001"
	appClosed          code = "E004002"
	notAllowed         code = "E005001"
	notConfirmed       code = "E005003"
	notApproved        code = "E005004"
	superUserNeeded    code = "E005005"
	noSuchToken        code = "E005006"
	noSuchSession      code = "E007001"
	inputInvalid       code = "E008002" // recorded; the caller is told 400
	inputMissing       code = "E008003" // recorded; the caller is told 400
	internalError      code = "E008004" // recorded; the caller is told 500
)

// ok is the status of what went well, and the outcome in its record.
const ok = "ok"

// refusal is a call that was refused: why, and what the caller is told.
type refusal struct {
	code, told code
	status     int
	cause      *problem.Error // for the log
}

// Error names the code and the cause for logs.
func (r *refusal) Error() string { return string(r.code) + " " + r.cause.Error() }

// Unwrap is the problem that it is.
func (r *refusal) Unwrap() error { return r.cause }

// refuse is a refusal for c that tells so.
func refuse(c code, cause *problem.Error) *refusal {
	return &refusal{code: c, told: c, status: http.StatusForbidden, cause: cause}
}

// refusalOf is the sub-status that stands for an error, or nil if it is told without one:
// what isn't a sub-status is a bad request, a limit or a fault of ours.
func refusalOf(err error) *refusal {
	var own *refusal
	if errors.As(err, &own) {
		return own
	}
	var first *refusal
	for _, p := range problem.List(err) {
		c := codeOf(p)
		if c == "" {
			return nil
		}
		if first == nil || rank(c) < rank(first.code) {
			first = refuse(c, p)
		}
	}
	return first
}

// rank orders refusals of one request. What is taken comes last, so that what is told of
// a password doesn't depend on whether the name is free.
func rank(c code) int { return slices.Index([]code{usernameExists, emailExists}, c) }

// codeOf is the sub-status of a problem, or empty if it has none.
func codeOf(p *problem.Error) code {
	switch p.Problem {
	case problem.UsernameLength:
		return usernameTooLong
	case problem.UsernameCharacter, problem.UsernameNumeric, problem.UsernamePhone, problem.UsernameReserved:
		return usernameInvalid
	case problem.NotAllowed:
		return emailInvalid
	case problem.PasswordTooShort:
		return passwordTooShort
	case problem.PasswordTooLong:
		return passwordTooLong
	case problem.PasswordPwned, problem.PasswordContext, problem.PasswordUnchecked:
		return passwordInvalid
	case problem.CredentialsInvalid:
		return notAllowed
	case problem.UserHeld:
		return holdCode(p.Detail)
	case problem.ActionCodeInvalid:
		return noSuchToken
	case problem.AuthenticationInvalid:
		return noSuchSession
	case problem.SuperUserRequired:
		return superUserNeeded
	case problem.AccountUnknown:
		return userIDInvalid
	}
	return codeOfField(p)
}

// codeOfField is codeOf for problems that mean different things in different fields.
func codeOfField(p *problem.Error) code {
	codes := map[string]map[*problem.Problem]code{
		"username":      {problem.IdentifierExists: usernameExists, problem.ParamTooLong: usernameTooLong, problem.ParamValueInvalid: usernameInvalid},
		"email_address": {problem.IdentifierExists: emailExists, problem.ParamTooLong: emailTooLong, problem.ParamFormatInvalid: emailInvalid, problem.ParamValueInvalid: emailInvalid},
		"email":         {problem.ParamTooLong: emailTooLong},
		"super_user":    {problem.IdentifierExists: notAllowed},
		"password":      {problem.ParamTooLong: passwordTooLong, problem.ParamValueInvalid: passwordInvalid},
	}
	return codes[p.Param][p.Problem]
}

// holdCode is why a user who gave the right password may not log in (§4.3).
func holdCode(hold string) code {
	if hold == "unconfirmed" {
		return notConfirmed
	}
	return notApproved
}

// disclosed is r with what the settings let the caller be told (§4.4): E005001 stands for the rest.
func (r *refusal) disclosed(s settings.SSO) *refusal {
	hidden := false
	switch r.code {
	case usernameExists:
		hidden = !s.InformIfUserExists
	case emailExists:
		hidden = !s.InformIfEmailExists
	case usernameInvalid, usernameTooLong, usernameWhitespace:
		hidden = !s.InformIfUserInvalid && r.cause.Problem != problem.ParamMissing
	case emailInvalid, emailTooLong, emailWhitespace, emailMissing:
		hidden = !s.InformIfEmailInvalid
	case passwordInvalid, passwordTooShort, passwordTooLong, passwordSimple:
		hidden = !s.InformIfPassword
	case appUnknown, appClosed:
		hidden = !s.InformIfApp
	case notConfirmed:
		hidden = !s.InformIfNotConfirmed
	case notApproved, noSuchToken:
		hidden = true
	}
	own := *r
	if hidden {
		own.told = notAllowed
	}
	return &own
}
