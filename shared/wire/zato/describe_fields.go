package zato

import (
	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

func usernameField() describe.Field {
	return describe.Field{Name: "username", Text: "Username, unique whatever its case.", Required: true, Example: "my.username"}
}

func passwordField() describe.Field {
	return describe.Field{
		Name: "password", Text: "Password.", Required: true, Property: describe.Property{Format: "password"}, Example: "correct horse battery staple",
	}
}

func currentAppField() describe.Field {
	return describe.Field{Name: "current_app", Text: "Application that the call comes from.", Required: true, Example: "CRM"}
}

// trustFields are those of callers with the operator key.
func trustFields() []describe.Field {
	return []describe.Field{
		{Name: "cid", Text: "The call's id, from a trusted caller.", Property: describe.Property{Pattern: cidPattern, Nullable: true}, Example: "fc7c23028b15b35d72b8dffb"},
		{Name: "remote_addr", Text: "IP address of the end user, from a trusted caller.", Property: describe.Property{Nullable: true}, Example: "198.51.100.9"},
	}
}

func decisionFields() []describe.Field {
	return append([]describe.Field{
		{Name: "ust", Text: "Session of a super-user.", Required: true, Example: "zustAAAA"}, currentAppField(),
		{
			Name: "user_id", Text: "Whom it is about, as a sign-up answers it or a callback names it.", Required: true, Example: "zusr73fzk8ncns8vd98dhpt0zjbese",
		},
	}, trustFields()...)
}

// fieldProblems are those of any field.
func fieldProblems() []*problem.Problem {
	return []*problem.Problem{
		problem.ParamTypeInvalid, problem.ParamDuplicate, problem.ParamTooLong, problem.ParamValueInvalid, problem.ParamFormatInvalid,
	}
}

func decisionProblems() []*problem.Problem {
	return append(fieldProblems(), problem.ParamMissing, problem.AuthenticationInvalid, problem.SuperUserRequired, problem.AccountUnknown,
		problem.CredentialsInvalid, problem.TooManyChanges, problem.Unavailable)
}
