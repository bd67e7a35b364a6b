package clerk

import (
	"reflect"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

func sessionDescriptions() []Description {
	return []Description{
		{
			Operation: GetSession, ID: "getSession", Caller: OnlyOwner, Path: sessionIDs(),
			Answers: sessionAnswers("The session."), Problems: written(sessionProblems()...), Next: onSession("/response/id"),
		},
		{
			Operation: TouchSession, ID: "touchSession", Caller: OnlyOwner, Path: sessionIDs(),
			Body: []Field{
				{Name: "active_organization_id", Text: "There are no organizations: must be empty."},
			},
			Answers:  sessionAnswers("The session."),
			Problems: written(append(organizationProblems(), sessionProblems()...)...), Next: onSession("/response/id"),
		},
		{
			Operation: CreateSessionToken, ID: "createSessionToken", Caller: OnlyOwner, Path: sessionIDs(),
			Body:     []Field{{Name: "organization_id", Text: "There are no organizations: must be empty."}},
			Answers:  []Answer{{Status: 200, Text: "A token, without an envelope.", Body: reflect.TypeFor[sessionToken]()}},
			Problems: written(append(organizationProblems(), sessionProblems()...)...),
		},
		{
			Operation: EndSession, ID: "endSession", Caller: OnlyOwner, Path: sessionIDs(),
			Answers: sessionAnswers("The session, ended."), Problems: written(sessionProblems()...),
		},
		{
			Operation: RemoveSession, ID: "removeSession", Caller: OnlyOwner, Path: sessionIDs(),
			Answers: sessionAnswers("The session, removed."), Problems: written(sessionProblems()...),
		},
		{
			Operation: RemoveSessions, ID: "removeSessions", Caller: AnyCaller,
			Answers:  []Answer{{Status: 200, Text: "The client without sessions, or null.", Body: reflect.TypeFor[envelopeOf[*client]]()}},
			Problems: written(),
		},
		{
			Operation: GetMe, ID: "getMe", Caller: OnlyOwner, Query: actingSession(),
			Answers:  []Answer{{Status: 200, Text: "The user.", Body: reflect.TypeFor[envelopeOf[user]]()}},
			Problems: written(problem.AuthenticationInvalid),
		},
		{
			Operation: ListMySessions, ID: "listMySessions", Caller: OnlyOwner, Query: actingSession(),
			Answers:  []Answer{{Status: 200, Text: "The sessions, the newest first, without an envelope.", Body: reflect.TypeFor[[]session]()}},
			Problems: written(problem.AuthenticationInvalid),
		},
		{
			Operation: RevokeSession, ID: "revokeSession", Caller: OnlyOwner, Path: sessionIDs(), Query: actingSession(),
			Answers: sessionAnswers("The session, revoked."), Problems: written(problem.AuthenticationInvalid, problem.ResourceNotFound),
		},
	}
}

func sessionAnswers(text string) []Answer {
	return []Answer{{Status: 200, Text: text, Body: reflect.TypeFor[envelopeOf[session]]()}}
}

func sessionIDs() []Field {
	return []Field{{
		Name: "id", Text: "The session's id.", Required: true,
		Property: Property{Pattern: idPattern(sessionPrefix)}, Example: "sess_4Vb9Zc1dQxYmR7nKfT2s0A",
	}}
}

func actingSession() []Field {
	return []Field{{
		Name: "_clerk_session_id", Text: "The session of the client as whose user it acts; the active one if it is missing.",
		Property: Property{Pattern: idPattern(sessionPrefix)},
	}}
}

// onSession are the operations that take the session's id which an answer holds at pointer.
func onSession(pointer string) []Next {
	var all []Next
	for _, id := range []string{"getSession", "touchSession", "createSessionToken", "endSession", "removeSession", "revokeSession"} {
		all = append(all, Next{ID: id, Parameter: "id", Pointer: pointer})
	}
	return all
}

func sessionProblems() []*problem.Problem {
	return []*problem.Problem{problem.AuthenticationInvalid, problem.SignedOut, problem.ResourceNotFound}
}

func organizationProblems() []*problem.Problem {
	return []*problem.Problem{problem.ParamValueInvalid, problem.ParamDuplicate, problem.ParamTooLong}
}
