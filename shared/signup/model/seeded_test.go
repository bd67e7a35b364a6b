package model_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/signup/model"
)

// bug is something wrong with the service under test or with the reference; the zero
// bug is nothing.
type bug struct {
	name      string
	about     int                             // what the scripts are about that find it
	rewrite   func(request any)               // spoils a request to DynamoDB
	store     func(signup.Store) signup.Store // spoils the store
	reference func(*model.Rules)
}

// foundWithin is how soon each bug has to be noticed.
const foundWithin = time.Minute

// bugs are seeded one at a time: in what the service asks of the table, in its store, and in the reference.
var bugs = []bug{
	{name: "a claim is put over another's", rewrite: unclaimed},
	{name: "an attempt isn't counted", rewrite: spoilt("su.vs.#kind.#attempts + :one", "su.vs.#kind.#attempts")},
	{name: "a code is tried once too often", rewrite: spoilt("#attempts < :limit", "#attempts <= :limit")},
	{name: "an expired code is accepted", rewrite: spoilt("#attempts < :limit AND su.vs.#kind.ex > :now", "#attempts < :limit")},
	{name: "a used code is judged", rewrite: spoilt("attribute_not_exists(su.vs.#kind.vd) AND su.vs.#kind.#attempts", "su.vs.#kind.#attempts")},
	{name: "a repeated code is counted", rewrite: spoilt(" AND (attribute_not_exists(su.vs.#kind.tr) OR su.vs.#kind.tr <> :tried)", "")},
	{name: "a mail needn't be waited for", rewrite: spoilt("sn <= :sentBefore", "sn <> :sentBefore")},
	{name: "a second mail isn't due", rewrite: spoilt("mid = :mail", "mid = if_not_exists(mid, :mail)")},
	{name: "a loser keeps what was taken over", rewrite: without("USER", updates)},
	{name: "a completed sign-up has no session", rewrite: without("SESSION", puts)},
	{name: "completion is two writes", store: func(s signup.Store) signup.Store { return tornStore{s} }},
	{name: "completion leaves the client's token", store: func(s signup.Store) signup.Store { return &staleStore{Store: s} }},
	{name: "mails aren't limited", about: limited, rewrite: spoilt("<= :since", "<> :since")},
	{name: "an ended session stays", about: signedIn, rewrite: without("SESSION", deletes)},
	{name: "use doesn't move the idle limit", about: signedIn, rewrite: spoilt("id = :idle", "id = if_not_exists(id, :idle)")},
	{name: "a session stays where it was revoked", about: signedIn, store: func(s signup.Store) signup.Store { return deafStore{s} }},
	{name: "signing out isn't dated", about: signedIn, store: func(s signup.Store) signup.Store { return undatedStore{s} }},
	{name: string(model.RevokesAnybodys), about: signedIn, reference: mistaken(model.RevokesAnybodys)},
	{name: string(model.OutlivesItself), about: signedIn, reference: mistaken(model.OutlivesItself)},
	{name: string(model.StaysActive), about: signedIn, reference: mistaken(model.StaysActive)},
	{name: "a use is noted a millisecond early", about: signedIn, reference: func(r *model.Rules) { r.UseNotedEvery -= time.Millisecond }},
	{name: "a client holds nineteen sessions", about: signedIn, reference: func(r *model.Rules) { r.MaxSessions-- }},
	{name: "a taken address is told at once", reference: func(r *model.Rules) { r.KeepsQuiet = false }},
	{name: string(model.KeepsProof), reference: mistaken(model.KeepsProof)},
	{name: string(model.KeepsSessions), reference: mistaken(model.KeepsSessions)},
	{name: string(model.CountsRepeats), reference: mistaken(model.CountsRepeats)},
	{name: string(model.SpendsForeigner), reference: mistaken(model.SpendsForeigner)},
	{name: "a mail may follow a millisecond early", reference: func(r *model.Rules) { r.ResendAfter -= time.Millisecond }},
	{name: "the token before a change of privilege is worth nothing", reference: func(r *model.Rules) { r.TokenGrace = 0 }},

	{name: "a door takes what is somebody's", about: throughDoors, rewrite: unclaimed},
	{name: "a key isn't stored", about: throughDoors, rewrite: without("KEY", puts)},
	{name: "a confirm token leads nowhere", about: throughDoors, rewrite: without("TICKET", puts)},
	{name: "a user who is deleted keeps the identifiers", about: throughDoors, rewrite: without("CLAIM", deletes)},
	{name: "a user who is deleted keeps the keys", about: throughDoors, rewrite: without("KEY", deletes)},
	{name: "a user who is deleted keeps the sessions", about: throughDoors, rewrite: without("SESSION", deletes)},
	{name: "a loser keeps the keys", about: throughDoors, rewrite: spoiltBeside("REMOVE fa.pw, ak", "REMOVE fa.pw")},
	{name: "a change of a user overwrites another", about: throughDoors, rewrite: heedless},
	{name: "the use of a key isn't noted", about: throughDoors, rewrite: spoilt("SET la = :now", "SET lb = :now")},
	{name: "ended keys open sessions", about: byMail, store: func(s signup.Store) signup.Store { return lenientStore{s} }},
	{name: "ended sessions open", about: throughDoors, store: func(s signup.Store) signup.Store { return timelessStore{s} }},
	{name: "a proof by mail is two writes", about: byMail, store: func(s signup.Store) signup.Store { return splitStore{s} }},
	{name: "a mailed link works twice", about: byMail, store: func(s signup.Store) signup.Store { return unspentStore{s} }},
	{name: "an attempt of a user isn't counted", about: byMail, rewrite: spoilt("ch.#attempts + :one", "ch.#attempts")},
	{name: "a user's code is tried once too often", about: byMail, rewrite: spoilt("ch.#attempts < :limit", "ch.#attempts <= :limit")},
	{name: "an expired code of a user is accepted", about: byMail, rewrite: spoilt("ch.ex > :now", "ch.ex <> :now")},
	{name: "a user's used code is judged", about: byMail, rewrite: spoilt("attribute_not_exists(ch.vd) AND ", "")},
	{name: "a refresh leaves the idle limit", about: refreshing, rewrite: spoilt("gu = :grace, la = :active, id = :idle", "gu = :grace, la = :active, id = if_not_exists(id, :idle)")},
	{name: "the grace of the first refresh stays", about: refreshing, rewrite: spoilt("gu = :grace", "gu = if_not_exists(gu, :grace)")},
	{name: string(model.TakesOld), about: refreshing, reference: mistaken(model.TakesOld)},
	{name: string(model.SharesSessions), about: refreshing, reference: mistaken(model.SharesSessions)},
	{name: "a refresh token is taken a millisecond longer", about: refreshing, reference: func(r *model.Rules) { r.RefreshGrace += time.Millisecond }},
	{name: string(model.KeepsHijacked), about: byMail, reference: mistaken(model.KeepsHijacked)},
	{name: string(model.KeepsBare), about: throughDoors, reference: mistaken(model.KeepsBare)},
	{name: string(model.RemindsNobody), about: throughDoors, reference: mistaken(model.RemindsNobody)},
	{name: string(model.SpendsElsewhere), about: byMail, reference: mistaken(model.SpendsElsewhere)},
	{name: string(model.DecidesOnSelf), about: throughDoors, reference: mistaken(model.DecidesOnSelf)},
	{name: "who has no account is told otherwise", about: throughDoors, reference: func(r *model.Rules) { r.Tells = !r.Tells }},
	{name: "a door tells of an address at once", about: throughDoors, reference: func(r *model.Rules) { r.KeepsQuiet = false }},
	{name: "an account takes six sign-ins", about: limitedDoors, reference: func(r *model.Rules) { r.SignInsPerHour += 2 }},
	{name: "a source tries four codes", about: limited, reference: func(r *model.Rules) { r.AttemptsPerSource++ }},
}

// TestModelFindsSeededBugs lets the same scripts find each bug.
func TestModelFindsSeededBugs(t *testing.T) {
	for _, wrong := range bugs {
		t.Run(strings.ReplaceAll(wrong.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			e, drawn, begun := startEngine(t), scripts(wrong.about), time.Now()
			for n := 1; ; n++ {
				if err := e.play(drawn.Example(n), wrong); err != nil {
					text, _, _ := strings.Cut(err.Error(), "\n\nunder")
					t.Logf("found by script %d after %v: %s", n, time.Since(begun).Round(time.Millisecond), text)
					return
				}
				if time.Since(begun) > foundWithin {
					t.Fatalf("not found by %d scripts", n)
				}
			}
		})
	}
}

func mistaken(m model.Mistake) func(*model.Rules) { return func(r *model.Rules) { r.Mistake = m } }

// spoilt replaces parts of what updates ask for, each by what follows it.
func spoilt(parts ...string) func(any) {
	spoil := strings.NewReplacer(parts...)
	return func(request any) {
		in, isUpdate := request.(*dynamodb.UpdateItemInput)
		if !isUpdate {
			return
		}
		for _, expression := range []**string{&in.ConditionExpression, &in.UpdateExpression} {
			if *expression != nil {
				*expression = new(spoil.Replace(**expression))
			}
		}
	}
}

// unclaimed takes the condition from the claims of a transaction.
func unclaimed(request any) {
	in, isTransaction := request.(*dynamodb.TransactWriteItemsInput)
	if !isTransaction {
		return
	}
	for _, item := range in.TransactItems {
		if item.Put != nil && strings.HasPrefix(part(item.Put.Item, "pk"), "CLAIM#") {
			item.Put.ConditionExpression, item.Put.ExpressionAttributeNames, item.Put.ExpressionAttributeValues = nil, nil, nil
		}
	}
}

// What a transaction does to an item.
const (
	puts = iota
	updates
	deletes
)

// spoiltBeside is spoilt for the updates of transactions.
func spoiltBeside(parts ...string) func(any) {
	spoil := strings.NewReplacer(parts...)
	return func(request any) {
		in, isTransaction := request.(*dynamodb.TransactWriteItemsInput)
		if !isTransaction {
			return
		}
		for _, item := range in.TransactItems {
			if item.Update != nil {
				item.Update.UpdateExpression = new(spoil.Replace(*item.Update.UpdateExpression))
			}
		}
	}
}

// heedless takes the condition from what is put in a user's place.
func heedless(request any) {
	switch in := request.(type) {
	case *dynamodb.PutItemInput:
		if part(in.Item, "ty") == "user" && in.ConditionExpression != nil && *in.ConditionExpression == "rv = :revision" {
			in.ConditionExpression = new("attribute_exists(pk) OR rv = :revision")
		}
	case *dynamodb.TransactWriteItemsInput:
		for _, item := range in.TransactItems {
			if item.Put != nil && part(item.Put.Item, "ty") == "user" && *item.Put.ConditionExpression == "rv = :revision" {
				item.Put.ConditionExpression = new("attribute_exists(pk) OR rv = :revision")
			}
		}
	}
}

// without leaves what is done to one type of item out of transactions.
func without(itemType string, what int) func(any) {
	return func(request any) {
		in, isTransaction := request.(*dynamodb.TransactWriteItemsInput)
		if !isTransaction {
			return
		}
		var kept []types.TransactWriteItem
		for _, item := range in.TransactItems {
			switch {
			case what == updates && item.Update != nil && strings.HasPrefix(part(item.Update.Key, "sk"), itemType):
			case what == puts && item.Put != nil && strings.HasPrefix(part(item.Put.Item, "sk"), itemType):
			case what == deletes && item.Delete != nil && strings.HasPrefix(part(item.Delete.Key, "sk"), itemType):
			default:
				kept = append(kept, item)
			}
		}
		in.TransactItems = kept
	}
}

// unheeding takes the condition from the client of a transaction.
func unheeding(request any) {
	in, isTransaction := request.(*dynamodb.TransactWriteItemsInput)
	if !isTransaction {
		return
	}
	for _, item := range in.TransactItems {
		if item.Put != nil && strings.HasPrefix(part(item.Put.Item, "pk"), "CLIENT#") {
			item.Put.ConditionExpression, item.Put.ExpressionAttributeValues = nil, nil
		}
	}
}

func part(item map[string]types.AttributeValue, name string) string {
	value, _ := item[name].(*types.AttributeValueMemberS)
	if value == nil {
		return ""
	}
	return value.Value
}

// tornStore saves the client ahead of what it says there is. Only a crash between the two shows it.
type tornStore struct{ signup.Store }

func (s tornStore) Complete(ctx context.Context, done signup.Completion) error {
	if done.Client.Revision == 0 || len(done.Replaced) > 0 {
		return s.Store.Complete(ctx, done)
	}
	claims, err := s.Claims(ctx, done.User.Identifiers())
	if err != nil || len(claims) > 0 {
		return s.Store.Complete(ctx, done)
	}
	if err := s.SaveClient(ctx, done.Client); err != nil {
		return err
	}
	return s.Store.Complete(ctx, done)
}

// staleStore forgets that completion gave the client another token.
type staleStore struct {
	signup.Store
	tokens tokens
}

func (s *staleStore) Client(ctx context.Context, proof signup.Proof) (*signup.Client, error) {
	c, err := s.Store.Client(ctx, proof)
	s.tokens.see(c)
	return c, err
}

func (s *staleStore) SaveClient(ctx context.Context, c *signup.Client) error {
	s.tokens.see(c)
	return s.Store.SaveClient(ctx, c)
}

func (s *staleStore) Complete(ctx context.Context, done signup.Completion) error {
	s.tokens.restore(done.Client)
	return s.Store.Complete(ctx, done)
}

// deafStore doesn't revoke.
type deafStore struct{ signup.Store }

func (deafStore) RevokeSession(context.Context, signup.SessionRef) error { return nil }

// undatedStore ends sessions without noting when.
type undatedStore struct{ signup.Store }

func (s undatedStore) EndSessions(ctx context.Context, c *signup.Client, ended []signup.SessionRef) error {
	before, err := s.LinkedClient(ctx, c.ID)
	if err != nil {
		return err
	}
	c.AuthChangedAt = before.AuthChangedAt
	return s.Store.EndSessions(ctx, c, ended)
}

// lenientStore takes every key for one of the user's newest.
type lenientStore struct{ signup.Store }

func (s lenientStore) APIKey(ctx context.Context, user signup.ID, hash string) (*signup.APIKey, *signup.User, error) {
	key, u, err := s.Store.APIKey(ctx, user, hash)
	if err == nil {
		key.CredentialVersion = u.CredentialVersion
	}
	return key, u, err
}

// timelessStore takes every session for one of the user's newest.
type timelessStore struct{ signup.Store }

func (s timelessStore) Sessions(ctx context.Context, refs []signup.SessionRef) ([]*signup.Session, error) {
	sessions, err := s.Store.Sessions(ctx, refs)
	for _, session := range sessions {
		session.CredentialVersion = session.User.CredentialVersion
	}
	return sessions, err
}

// splitStore saves the session after the user that signs in. Only a crash between the two shows it.
type splitStore struct{ signup.Store }

func (s splitStore) SaveUser(ctx context.Context, change signup.UserChange) error {
	session := change.Session
	change.Session = nil
	err := s.Store.SaveUser(ctx, change)
	if err == nil && session != nil {
		return s.SaveSession(ctx, session)
	}
	return err
}

// unspentStore forgets that a link was used.
type unspentStore struct{ signup.Store }

func (s unspentStore) SaveUser(ctx context.Context, change signup.UserChange) error {
	if ch := change.User.Challenge; ch != nil && ch.Purpose.Linked() {
		ch.VerifiedAt = time.Time{}
	}
	return s.Store.SaveUser(ctx, change)
}
