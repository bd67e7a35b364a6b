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
	limits    bool                            // it shows under rate limits
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
	{name: "a loser keeps what was taken over", rewrite: without("USER", true)},
	{name: "a completed sign-up has no session", rewrite: without("SESSION", false)},
	{name: "completion is two writes", store: func(s signup.Store) signup.Store { return tornStore{s} }},
	{name: "completion leaves the client's token", store: func(s signup.Store) signup.Store { return &staleStore{Store: s} }},
	{name: "mails aren't limited", limits: true, rewrite: spoilt("<= :since", "<> :since")},
	{name: string(model.KeepsProof), reference: mistaken(model.KeepsProof)},
	{name: string(model.KeepsSessions), reference: mistaken(model.KeepsSessions)},
	{name: string(model.CountsRepeats), reference: mistaken(model.CountsRepeats)},
	{name: string(model.SpendsForeigner), reference: mistaken(model.SpendsForeigner)},
	{name: "a mail may follow a millisecond early", reference: func(r *model.Rules) { r.ResendAfter -= time.Millisecond }},
	{name: "the token before a change of privilege is worth nothing", reference: func(r *model.Rules) { r.TokenGrace = 0 }},
	{name: "a source tries four codes", limits: true, reference: func(r *model.Rules) { r.AttemptsPerSource++ }},
}

// TestModelFindsSeededBugs lets the same scripts find each bug.
func TestModelFindsSeededBugs(t *testing.T) {
	for _, wrong := range bugs {
		t.Run(strings.ReplaceAll(wrong.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			e, drawn, begun := startEngine(t), scripts(wrong.limits), time.Now()
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

// without leaves the puts, or the updates, of one type of item out of transactions.
func without(itemType string, updates bool) func(any) {
	return func(request any) {
		in, isTransaction := request.(*dynamodb.TransactWriteItemsInput)
		if !isTransaction {
			return
		}
		var kept []types.TransactWriteItem
		for _, item := range in.TransactItems {
			switch {
			case updates && item.Update != nil && strings.HasPrefix(part(item.Update.Key, "sk"), itemType):
			case !updates && item.Put != nil && strings.HasPrefix(part(item.Put.Item, "sk"), itemType):
			default:
				kept = append(kept, item)
			}
		}
		in.TransactItems = kept
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
