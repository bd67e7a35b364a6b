package clerk

import (
	"reflect"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

func sessionDescriptions() []describe.Operation {
	return []describe.Operation{
		{
			Operation: GetSession, ID: "getSession", Caller: onlyOwner, Path: sessionIDs(),
			Answers: sessionAnswers("The session."), Problems: written(sessionProblems()...), Next: onSession("/response/id"),
		},
		{
			Operation: TouchSession, ID: "touchSession", Caller: onlyOwner, Path: sessionIDs(),
			Body: []describe.Field{
				{Name: "active_organization_id", Text: "There are no organizations: must be empty."},
			},
			Answers:  sessionAnswers("The session."),
			Problems: written(append(organizationProblems(), sessionProblems()...)...), Next: onSession("/response/id"),
		},
		{
			Operation: CreateSessionToken, ID: "createSessionToken", Caller: onlyOwner, Path: sessionIDs(),
			Body:     []describe.Field{{Name: "organization_id", Text: "There are no organizations: must be empty."}},
			Answers:  []describe.Answer{{Status: 200, Text: "A token, without an envelope.", Body: reflect.TypeFor[sessionToken]()}},
			Problems: written(append(organizationProblems(), sessionProblems()...)...),
		},
		{
			Operation: EndSession, ID: "endSession", Caller: onlyOwner, Path: sessionIDs(),
			Answers: sessionAnswers("The session, ended."), Problems: written(sessionProblems()...),
		},
		{
			Operation: RemoveSession, ID: "removeSession", Caller: onlyOwner, Path: sessionIDs(),
			Answers: sessionAnswers("The session, removed."), Problems: written(sessionProblems()...),
		},
		{
			Operation: RemoveSessions, ID: "removeSessions", Caller: anyCaller,
			Answers:  []describe.Answer{{Status: 200, Text: "The client without sessions, or null.", Body: reflect.TypeFor[envelopeOf[*client]]()}},
			Problems: written(),
		},
		{
			Operation: GetMe, ID: "getMe", Caller: onlyOwner, Query: actingSession(),
			Answers:  []describe.Answer{{Status: 200, Text: "The user.", Body: reflect.TypeFor[envelopeOf[user]]()}},
			Problems: written(problem.AuthenticationInvalid),
		},
		{
			Operation: ListMySessions, ID: "listMySessions", Caller: onlyOwner, Query: actingSession(),
			Answers:  []describe.Answer{{Status: 200, Text: "The sessions, the newest first, without an envelope.", Body: reflect.TypeFor[[]session]()}},
			Problems: written(problem.AuthenticationInvalid),
		},
		{
			Operation: RevokeSession, ID: "revokeSession", Caller: onlyOwner, Path: sessionIDs(), Query: actingSession(),
			Answers: sessionAnswers("The session, revoked."), Problems: written(problem.AuthenticationInvalid, problem.ResourceNotFound),
		},
	}
}

func sessionAnswers(text string) []describe.Answer {
	return []describe.Answer{{Status: 200, Text: text, Body: reflect.TypeFor[envelopeOf[session]]()}}
}

func sessionIDs() []describe.Field {
	return []describe.Field{{
		Name: "id", Text: "The session's id.", Required: true,
		Property: describe.Property{Pattern: idPattern(sessionPrefix)}, Example: "sess_4Vb9Zc1dQxYmR7nKfT2s0A",
	}}
}

func actingSession() []describe.Field {
	return []describe.Field{{
		Name: "_clerk_session_id", Text: "The session of the client as whose user it acts; the active one if it is missing.",
		Property: describe.Property{Pattern: idPattern(sessionPrefix)},
	}}
}

// onSession are the operations that take the session's id which an answer holds at pointer.
func onSession(pointer string) []describe.Next {
	var all []describe.Next
	for _, id := range []string{"getSession", "touchSession", "createSessionToken", "endSession", "removeSession", "revokeSession"} {
		all = append(all, describe.Next{ID: id, Parameter: "id", Pointer: pointer})
	}
	return all
}

func sessionProblems() []*problem.Problem {
	return []*problem.Problem{problem.AuthenticationInvalid, problem.SignedOut, problem.ResourceNotFound}
}

func organizationProblems() []*problem.Problem {
	return []*problem.Problem{problem.ParamValueInvalid, problem.ParamDuplicate, problem.ParamTooLong}
}
