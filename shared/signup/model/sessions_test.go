package model_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/signup/model"
)

// onSession says which session op is about: mostly one of the client's, also one that
// it had, one of the same user elsewhere, anybody's, or none. Who isn't signed in
// mostly does that first.
func (p *player) onSession(op *model.Op, s step) {
	state := p.world.State
	c, all := state.Clients[p.clients[s.Device]], slices.Sorted(maps.Keys(state.Sessions))
	var own, related, foreign []string
	if c != nil {
		for _, ref := range slices.Backward(c.Sessions) {
			own = append(own, ref.Session)
		}
		for _, handle := range all {
			switch user := state.Sessions[handle].User; {
			case c.Names(handle):
			case slices.ContainsFunc(c.Sessions, func(ref model.Ref) bool { return ref.User == user }):
				related = append(related, handle)
			default:
				foreign = append(foreign, handle)
			}
		}
	}
	signedIn := slices.ContainsFunc(own, func(handle string) bool {
		session := state.Sessions[handle]
		return session != nil && p.world.Now.Before(session.IdleUntil)
	})
	switch {
	case signedIn || s.Target > 0:
	case len(p.free()) > 0:
		op.Kind = model.SignIn
		return
	default:
		op.Kind, op.Token, op.Lax, op.Input = model.Create, 0, true, p.everything(s)
		return
	}
	pools := [][]string{own, own, own, p.sessions[s.Device], all}
	if op.Kind == model.RevokeSession {
		pools = [][]string{related, related, foreign, own, all}
	}
	pool := pools[s.Choice%len(pools)]
	switch {
	case s.Target == 2 && s.Choice == 1 || op.Kind == model.Me && s.Choice < 6:
	case len(pool) == 0:
		op.Session = p.signUps[s.Device]
	default:
		op.Session = pool[(s.Choice/len(pools)+s.Target)%len(pool)]
	}
	if s.Choice > 7 && len(own) > 0 {
		op.By = own[s.Choice%len(own)]
	}
	op.SignUp, op.Input, op.Lax = "", model.Input{}, false
}

// signIn says whose sessions op makes, and how many: one, or as many as the client has room for.
func (p *player) signIn(op *model.Op, s step) {
	users, c := p.free(), p.world.State.Clients[p.clients[s.Device]]
	op.Token, op.Many = 0, 1
	switch room := p.world.Rules.MaxSessions; {
	case c == nil:
		op.Kind = model.EnsureClient
		return
	case len(users) == 0, p.world.Rules.SingleSession && len(c.Sessions) > 0, len(c.Sessions) >= room:
		op.Kind = model.ReadClient
		return
	case s.Do == crowd && !p.world.Rules.SingleSession:
		op.Many = room - len(c.Sessions)
	}
	op.SignUp = users[s.Choice%len(users)]
}

// free are the users whom nothing holds.
func (p *player) free() (users []string) {
	for handle, u := range p.world.State.Users {
		if !u.Unconfirmed && (u.Approval == "" || u.Approval == string(signup.Approved)) {
			users = append(users, handle)
		}
	}
	slices.Sort(users)
	return users
}

// signIn gives the caller's client sessions of a user that there is, as signing in
// would and docs/data-model.md describes it: so far nothing of ours does.
func (s *service) signIn(op model.Op, caller signup.Caller) (*signup.Answer, error) {
	ctx := context.Background()
	a, err := s.strict.Client(ctx, caller)
	if err != nil || a.Client == nil {
		return a, err
	}
	var made []signup.ID
	for n := range op.Many {
		id, err := signup.NewID(s.strict.Entropy)
		if err != nil {
			return nil, err
		}
		handle := fmt.Sprintf("p%d.%d", op.Serial, n)
		s.names.signUps[id], s.names.opened[handle], s.names.owners[handle] = handle, id, op.SignUp
		made = append(made, id)
	}
	if err := s.view.open(ctx, a.Client.ID, s.names.users[op.SignUp], made, a.Now, s.strict.Settings.Session.IdleLife.Std(),
		s.strict.Settings.Session.AbsoluteLife.Std()); err != nil {
		return nil, err
	}
	return s.strict.Client(ctx, caller)
}

// open writes sessions of user, and their client with them.
func (v *view) open(ctx context.Context, client, user signup.ID, sessions []signup.ID, now time.Time, idle, life time.Duration) error {
	of := "USER#" + user.String()
	owner, err := v.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &v.table, ConsistentRead: aws.Bool(true), Key: keyOf(of, "USER")})
	if err != nil {
		return err
	}
	until := now.Add(life).UnixMilli()
	var refs []refRow
	var writes []types.TransactWriteItem
	for _, id := range sessions {
		item, err := attributevalue.MarshalMap(map[string]any{
			"pk": of, "sk": "SESSION#" + id.String(), "ty": "session", "iv": 1, "cl": client[:], "ca": now.UnixMilli(), "la": now.UnixMilli(),
			"id": now.Add(idle).UnixMilli(), "ex": until, "ttl": until/1000 + 1,
		})
		if err != nil {
			return err
		}
		item["cv"] = owner.Item["cv"]
		writes = append(writes, types.TransactWriteItem{Put: &types.Put{TableName: &v.table, Item: item}})
		refs = append(refs, refRow{ID: id[:], User: user[:], Until: until})
	}
	values, err := attributevalue.MarshalMap(map[string]any{
		":refs": refs, ":none": []refRow{}, ":until": until, ":active": refs[len(refs)-1].ID, ":now": now.UnixMilli(), ":one": 1,
	})
	if err != nil {
		return err
	}
	writes = append(writes, types.TransactWriteItem{Update: &types.Update{
		TableName: &v.table, Key: keyOf("CLIENT#"+client.String(), "CLIENT"), ExpressionAttributeValues: values,
		UpdateExpression: aws.String("SET ss = list_append(if_not_exists(ss, :none), :refs), sx = :until, sa = :active, " +
			"au = :now, ua = :now, rv = rv + :one"),
	}})
	_, err = v.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	return err
}

func keyOf(pk, sk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk}}
}
