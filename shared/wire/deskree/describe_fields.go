package deskree

import (
	"reflect"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

const exampleUID = "3q5gZ0yU1bT8vR6mC4wXk2A1b2C3"

func done() []describe.Answer {
	return []describe.Answer{{Status: 200, Text: "Done: JSON's empty text.", Body: reflect.TypeFor[string]()}}
}

func emailField() describe.Field {
	return describe.Field{
		Name: "email", Text: "E-mail address, in whatever case.", Required: true, Property: describe.Property{Format: "email"}, Example: "ada@example.com",
	}
}

func passwordField(name string) describe.Field {
	return describe.Field{
		Name: name, Text: "Password.", Required: true, Property: describe.Property{Format: "password"}, Example: "correct horse battery staple",
	}
}

func codeField() describe.Field {
	return describe.Field{
		Name: "oobCode", Text: "The parameter of the mailed link.", Required: true, Example: "ICEiIyQlJicoKSorLC0uLxAREhMUFRYXGBkaGxwdHh-5JcLsQC_NTP",
	}
}

func uidField(required bool) describe.Field {
	return describe.Field{
		Name: "uid", Text: "The parameter of the mailed link.", Required: required, Property: describe.Property{Nullable: !required}, Example: exampleUID,
	}
}

// stored are the problems of whatever reads or writes the table.
func stored(own ...*problem.Problem) []*problem.Problem { return append(own, problem.Unavailable) }

// written are the problems of whatever changes what others may be changing.
func written(own ...*problem.Problem) []*problem.Problem {
	return append(stored(own...), problem.TooManyChanges)
}

// fieldProblems are those of any field that is needed.
func fieldProblems() []*problem.Problem {
	return []*problem.Problem{
		problem.ParamMissing, problem.ParamTypeInvalid, problem.ParamDuplicate, problem.ParamTooLong, problem.ParamValueInvalid,
	}
}

func passwordProblems() []*problem.Problem {
	return []*problem.Problem{
		problem.PasswordTooShort, problem.PasswordTooLong, problem.PasswordPwned, problem.PasswordContext, problem.PasswordUnchecked,
	}
}
