package clerk

import (
	"context"
	"net/http"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// GetSession serves GetSession (§3.8).
func (a API) GetSession(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.liveSession(r, func(caller signup.Caller) (*signup.Answer, error) {
		return a.SignUps.Session(ctx, caller, sessionID(r))
	})
}

// TouchSession serves TouchSession (§3.8). Whatever the intent, the session is in use and active.
func (a API) TouchSession(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.liveSession(r, func(caller signup.Caller) (*signup.Answer, error) {
		if err := refuseOrganization(r, "active_organization_id"); err != nil {
			return &signup.Answer{}, err
		}
		return a.SignUps.TouchSession(ctx, caller, sessionID(r))
	})
}

func (a API) liveSession(r *gateway.Request, run func(signup.Caller) (*signup.Answer, error)) (*gateway.Response, error) {
	return a.answer(r, run, func(v *view) (any, error) { return v.session(v.answer.Session) })
}

// EndSession serves EndSession (§3.8).
func (a API) EndSession(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.overSession(r, sessionEnded, func(caller signup.Caller) (*signup.Answer, error) {
		return a.SignUps.EndSession(ctx, caller, sessionID(r))
	})
}

// RemoveSession serves RemoveSession (§3.8).
func (a API) RemoveSession(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.overSession(r, sessionRemoved, func(caller signup.Caller) (*signup.Answer, error) {
		return a.SignUps.EndSession(ctx, caller, sessionID(r))
	})
}

// RevokeSession serves RevokeSession (§3.8).
func (a API) RevokeSession(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.overSession(r, sessionRevoked, func(caller signup.Caller) (*signup.Answer, error) {
		return asUser(r, func(as signup.ID) (*signup.Answer, error) {
			return a.SignUps.RevokeSession(ctx, caller, as, sessionID(r))
		})
	})
}

func (a API) overSession(r *gateway.Request, status sessionStatus, run func(signup.Caller) (*signup.Answer, error)) (*gateway.Response, error) {
	return a.answer(r, run, func(v *view) (any, error) {
		return newSession(v.answer.Session, status, v.answer.Now), nil
	})
}

// RemoveSessions serves RemoveSessions (§3.2): the client stays, as the response.
func (a API) RemoveSessions(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.clientAnswer(ctx, r, a.SignUps.EndSessions)
}

// GetMe serves GetMe (§3.9).
func (a API) GetMe(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.answer(r, func(caller signup.Caller) (*signup.Answer, error) {
		return asUser(r, func(as signup.ID) (*signup.Answer, error) { return a.SignUps.Me(ctx, caller, as) })
	}, func(v *view) (any, error) {
		return newUser(v.answer.Session.User, v.answer.Session.LastActiveAt), nil
	})
}

// ListMySessions serves ListMySessions: a bare list (§2.1).
func (a API) ListMySessions(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	sessions := []*session{}
	return a.bare(r, func(caller signup.Caller) (*signup.Answer, error) {
		return asUser(r, func(as signup.ID) (*signup.Answer, error) {
			all, answer, err := a.SignUps.UserSessions(ctx, caller, as)
			for _, s := range all {
				sessions = append(sessions, newSession(s, sessionActive, answer.Now))
			}
			return answer, err
		})
	}, func(*view) (any, error) { return sessions, nil })
}

// CreateSessionToken serves CreateSessionToken: a bare token (§2.1, §3.8).
func (a API) CreateSessionToken(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.bare(r, func(caller signup.Caller) (*signup.Answer, error) {
		if err := refuseOrganization(r, "organization_id"); err != nil {
			return &signup.Answer{}, err
		}
		return a.SignUps.UseSession(ctx, caller, sessionID(r))
	}, func(v *view) (any, error) { return v.token(v.answer.Session) })
}

// bare is answer without the envelope: neither success nor error carries the client,
// of which the operation may have loaded a part only.
func (a API) bare(r *gateway.Request, run func(signup.Caller) (*signup.Answer, error), about func(*view) (any, error)) (*gateway.Response, error) {
	caller, err := callerOf(a.SignUps.Settings, r)
	if err != nil {
		return nil, err
	}
	answer, err := run(caller)
	if err != nil {
		return nil, err
	}
	note(r, answer)
	body, err := about(a.view(r, answer))
	if err != nil {
		return nil, err
	}
	resp := issue(a.SignUps.Settings, r, answer)
	resp.Status, resp.Body = http.StatusOK, body
	return &resp, nil
}

// sessionID is the session that the path names; the zero ID, which is nobody's, if it names none.
func sessionID(r *gateway.Request) signup.ID { return parseID(sessionPrefix, r.Params["id"]) }

// asUser runs an operation on what is a user's own, as whom the query's session acts
// (§1.3); the zero ID is the active one.
func asUser(r *gateway.Request, run func(as signup.ID) (*signup.Answer, error)) (*signup.Answer, error) {
	text := r.Query.Get("_clerk_session_id")
	as := parseID(sessionPrefix, text)
	if text != "" && as.IsZero() {
		return &signup.Answer{}, problem.AuthenticationInvalid.New()
	}
	return run(as)
}

// refuseOrganization refuses an organization; SDKs name an empty one for the personal account.
func refuseOrganization(r *gateway.Request, field string) error {
	fields := r.Fields()
	if fields.Text(field, maxText) != "" {
		fields.Faults = append(fields.Faults, problem.ParamValueInvalid.On(field).Detailed("There are no organizations here."))
	}
	return fields.Faults.Err()
}
