package norman

import (
	"reflect"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

func accountAnswers() []describe.Answer {
	return []describe.Answer{{Status: 200, Text: "The account. It has no tokens: sign in.", Body: reflect.TypeFor[account]()}}
}

func logInAnswers() []describe.Answer {
	return []describe.Answer{{Status: 200, Text: "The account and its tokens.", Body: reflect.TypeFor[logIn]()}}
}

func done() []describe.Answer { return []describe.Answer{{Status: 200, Text: "Done.", Null: true}} }

func accountPath() []describe.Field {
	return []describe.Field{{
		Name: "account_id", Text: "The account's id.", Required: true, Property: describe.Property{Pattern: accountIDPattern},
		Example: "23846818392186611174803470025142422015",
	}}
}

// ownFields are those of a call about the caller's own account.
func ownFields(more ...describe.Field) []describe.Field {
	id := accountPath()[0]
	id.Text = "The caller's account."
	return append([]describe.Field{id}, more...)
}

func nameField(required bool) describe.Field {
	return describe.Field{
		Name: "name", Text: "The account's name, unique with usernames.", Required: required, Property: describe.Property{Nullable: !required},
		Example: "key-9567be0784a5",
	}
}

func passwordField(required bool) describe.Field {
	return describe.Field{
		Name: "password", Text: "Password.", Required: required, Property: describe.Property{Format: "password", Nullable: !required},
		Example: "correct horse battery staple",
	}
}

func emailField(required bool) describe.Field {
	return describe.Field{
		Name: "email", Text: "E-mail address.", Required: required, Property: describe.Property{Format: "email", Nullable: !required}, Example: "ada@example.com",
	}
}

func deviceField() describe.Field {
	return describe.Field{
		Name: "device_id", Text: "A name for the device, which is kept beside the account; at most 256 bytes.", Property: describe.Property{Nullable: true},
	}
}

// stored are the problems of whatever reads or writes the table.
func stored(own ...*problem.Problem) []*problem.Problem { return append(own, problem.Unavailable) }

// written are the problems of whatever changes what others may be changing.
func written(own ...*problem.Problem) []*problem.Problem {
	return append(stored(own...), problem.TooManyChanges)
}

// textProblems are those of any field.
func textProblems() []*problem.Problem {
	return []*problem.Problem{problem.ParamTypeInvalid, problem.ParamDuplicate, problem.ParamTooLong, problem.ParamValueInvalid}
}

func nameProblems() []*problem.Problem {
	return []*problem.Problem{problem.UsernameLength, problem.UsernameCharacter, problem.UsernamePhone, problem.UsernameReserved}
}

func passwordProblems() []*problem.Problem {
	return []*problem.Problem{
		problem.PasswordTooShort, problem.PasswordTooLong, problem.PasswordPwned, problem.PasswordContext, problem.PasswordUnchecked,
	}
}

// addressProblems are those of an address that is mailed to.
func addressProblems() []*problem.Problem {
	return []*problem.Problem{problem.ParamFormatInvalid, problem.NotAllowed, problem.MailRateLimit}
}

func signUpProblems() []*problem.Problem {
	return []*problem.Problem{problem.ParamMissing, problem.IdentifierExists, problem.SignUpRateLimit}
}

// codeProblems are those of judging a mailed code.
func codeProblems() []*problem.Problem {
	return []*problem.Problem{
		problem.ParamFormatInvalid, problem.CodeIncorrect, problem.VerificationNotSent, problem.VerificationExpired, problem.VerificationFailed,
		problem.VerificationAlreadyVerified, problem.IdentifierExists,
	}
}
