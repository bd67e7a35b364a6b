package deskree

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// object is a user object as reading it answers: what is fixed, and beside it the
// fields of the user's own.
type object struct {
	UID        string         `json:"uid"`
	Attributes map[string]any `json:"attributes"`
}

type objectAnswer struct {
	Data object `json:"data"`
}

type attributesAnswer struct {
	Data map[string]any `json:"data"`
}

// fixed are the attributes of a user object that aren't the user's to set, and what
// must not be kept as one.
var fixed = []string{
	"uid", "email", "emailVerified", "email_verified", "disabled", "roles", "createdAt", "updatedAt", "password", "newPassword",
}

// DeleteAccount serves DeleteAccount, of the caller's own.
func (a API) DeleteAccount(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	session, err := a.bearer(ctx, r)
	if err != nil {
		return nil, err
	}
	return nothing(), a.Accounts.DeleteAccount(ctx, session)
}

// GetUser serves GetUser.
func (a API) GetUser(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	session, err := a.own(ctx, r)
	if err != nil {
		return nil, err
	}
	profile, err := a.Accounts.Profile(ctx, session)
	return ok(objectAnswer{object{session.User.ID.Checked(), attributes(session.User, profile)}}), err
}

// UpdateUser serves UpdateUser: the members of the body take the place of those of the
// same name, null removes one. The answer has no attributes member: they are the object's own.
func (a API) UpdateUser(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	session, err := a.own(ctx, r)
	if err != nil {
		return nil, err
	}
	f := r.Fields()
	members := f.Members()
	for _, name := range fixed {
		if _, given := members[name]; given {
			f.Faults = append(f.Faults, problem.ParamValueInvalid.On(name).Detailed("It can't be set by its user."))
		}
	}
	if err := f.Faults.Err(); err != nil {
		return nil, err
	}
	profile, err := a.Accounts.ChangeProfile(ctx, session, members)
	if err != nil {
		return nil, err
	}
	changed := attributes(session.User, profile)
	changed["uid"] = session.User.ID.Checked()
	return ok(attributesAnswer{changed}), nil
}

// CreateUser serves CreateUser (§2.5): users come through sign-ups only.
func (a API) CreateUser(context.Context, *gateway.Request) (*gateway.Response, error) {
	return nil, problem.UserNotCreated.New()
}

// DeleteUser serves DeleteUser, with the same refusal.
func (a API) DeleteUser(context.Context, *gateway.Request) (*gateway.Response, error) {
	return nil, problem.UserNotCreated.New()
}

// own is the caller's session, if the path names the caller's own user. Anybody else's
// looks like one that never was.
func (a API) own(ctx context.Context, r *gateway.Request) (*signup.Session, error) {
	session, err := a.bearer(ctx, r)
	if err != nil {
		return nil, err
	}
	if user, err := signup.ParseChecked(r.Params["uid"]); err != nil || user != session.User.ID {
		return nil, problem.ResourceNotFound.New().Detailed("Requested object is not found")
	}
	return session, nil
}

// attributes are those of a user object: what is fixed wins over what the user, or
// another door, has put in.
func attributes(u *signup.User, profile map[string]json.RawMessage) map[string]any {
	all := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(profile)) {
		if !slices.Contains(fixed, name) {
			all[name] = profile[name]
		}
	}
	all["email"], all["emailVerified"], all["disabled"], all["roles"] = addressOf(u), verified(u), u.Hold() != "", []string{}
	all["createdAt"], all["updatedAt"] = stamp(u.CreatedAt), stamp(u.UpdatedAt)
	return all
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
