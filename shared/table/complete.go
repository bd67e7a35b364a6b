package table

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// Conditions and updates of the completion.
const (
	exists    = "attribute_exists(pk)"
	isYielded = "ow = :owner AND #state = :unverified"
	// disown takes identifiers, password and keys from a user whose unverified
	// claims gave way, and ends its sessions.
	disown = "SET cv = cv + :one, rv = rv + :one REMOVE fa.pw, ak"
)

// transactionTries bounds how often a transaction that others were in the way of is sent.
const transactionTries = 8

// Complete implements signup.Store.
func (t *Table) Complete(ctx context.Context, done signup.Completion) error {
	writes, firstClaim, err := t.completion(done)
	if err != nil {
		return err
	}
	err = t.transact(ctx, writes)
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) || passing(err) {
		if err == nil {
			done.User.Revision++
			if done.Client != nil {
				done.Client.Revision++
			}
		}
		return failed("complete", err)
	}
	return refusal(cancelled.CancellationReasons, firstClaim, done.Claims)
}

// completion is the transaction: client, user, session and key as far as there are
// any, the claims, then the users who lose one. firstClaim is the position of the
// first claim.
func (t *Table) completion(done signup.Completion) (writes []types.TransactWriteItem, firstClaim int, err error) {
	if done.Client != nil {
		client, err := t.putClient(done.Client, newWrite())
		if err != nil {
			return nil, 0, err
		}
		client.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureNone
		writes = append(writes, types.TransactWriteItem{Put: client})
	}
	user, err := t.put(newUser(done.User), isNew, nil, nil)
	if err != nil {
		return nil, 0, err
	}
	writes = append(writes, user)
	beside, err := t.putBeside(done.Session, done.Key, done.Ticket)
	if err != nil {
		return nil, 0, err
	}
	writes = append(writes, beside...)
	firstClaim = len(writes)
	for _, claim := range done.Claims {
		put, err := t.putClaim(claim, done.Replaced)
		if err != nil {
			return nil, 0, err
		}
		writes = append(writes, put)
	}
	writes = append(writes, t.disownAll(done.Replaced)...)
	return append(writes, t.deleteSessions(done.Ended)...), firstClaim, nil
}

// putBeside are the puts of a new session, API key and ticket, as far as there are any.
func (t *Table) putBeside(session *signup.Session, key *signup.APIKey, ticket *signup.Ticket) (writes []types.TransactWriteItem, err error) {
	var items []any
	if session != nil {
		items = append(items, newSession(session))
	}
	if key != nil {
		items = append(items, newAPIKey(key))
	}
	if ticket != nil {
		items = append(items, newTicket(ticket))
	}
	for _, item := range items {
		put, err := t.put(item, isNew, nil, nil)
		if err != nil {
			return nil, err
		}
		writes = append(writes, put)
	}
	return writes, nil
}

func (t *Table) put(item any, condition string, names map[string]string, v values) (types.TransactWriteItem, error) {
	attributes, err := marshal(item)
	return types.TransactWriteItem{Put: &types.Put{
		TableName: &t.name, Item: attributes, ConditionExpression: &condition,
		ExpressionAttributeNames: names, ExpressionAttributeValues: v,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}, err
}

// putClaim takes a free identifier, or one whose claim is still as it was read.
func (t *Table) putClaim(claim signup.Claim, replaced []signup.Claim) (types.TransactWriteItem, error) {
	for _, old := range replaced {
		if claimKey(old.Identifier) != claimKey(claim.Identifier) {
			continue
		}
		return t.put(newClaim(claim), isYielded, map[string]string{"#state": "st"}, values{
			":owner": raw(old.Owner[:]), ":unverified": &types.AttributeValueMemberS{Value: string(signup.UnverifiedClaim)},
		})
	}
	return t.put(newClaim(claim), isNew, nil, nil)
}

// disownAll is one update for each user who loses claims.
func (t *Table) disownAll(replaced []signup.Claim) []types.TransactWriteItem {
	lost := map[signup.ID][]identifier.Kind{}
	var owners []signup.ID
	for _, old := range replaced {
		if lost[old.Owner] == nil {
			owners = append(owners, old.Owner)
		}
		lost[old.Owner] = append(lost[old.Owner], old.Identifier.Kind)
	}
	var writes []types.TransactWriteItem
	for _, owner := range owners {
		expression := disown
		for _, kind := range lost[owner] {
			expression += ", fa." + identifierAttribute(kind)
		}
		writes = append(writes, types.TransactWriteItem{Update: &types.Update{
			TableName: &t.name, Key: userKey(owner).attributes(), UpdateExpression: &expression,
			ConditionExpression: text(exists), ExpressionAttributeValues: values{":one": number(1)},
		}})
	}
	return writes
}

// refusal says why claims couldn't be put. If anything ahead of them failed, nothing
// else counts: it moved.
func refusal(reasons []types.CancellationReason, firstClaim int, claims []signup.Claim) error {
	var taken signup.Taken
	for i, reason := range reasons {
		if reason.Code == nil || *reason.Code != "ConditionalCheckFailed" {
			continue
		}
		claim := i - firstClaim
		if claim < 0 || claim >= len(claims) {
			return signup.ErrConflict
		}
		held, err := decodeClaim(reason.Item, claims[claim].Identifier)
		if err != nil {
			return err
		}
		taken.Held = append(taken.Held, held)
	}
	if taken.Held == nil {
		return fmt.Errorf("table: completion cancelled without a failed condition")
	}
	return &taken
}

// DeleteClient implements signup.Store.
func (t *Table) DeleteClient(ctx context.Context, c *signup.Client) error {
	condition, v := unchanged(c)
	writes := []types.TransactWriteItem{{Delete: &types.Delete{
		TableName: &t.name, Key: clientKey(c.ID).attributes(), ConditionExpression: condition, ExpressionAttributeValues: v,
	}}}
	return t.change(ctx, "delete client", append(writes, t.deleteSessions(c.Sessions)...))
}

// change sends writes of which only the client's has a condition.
func (t *Table) change(ctx context.Context, doing string, writes []types.TransactWriteItem) error {
	err := t.transact(ctx, writes)
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) && !passing(err) {
		return signup.ErrConflict
	}
	return failed(doing, err)
}

// transact sends writes until no other transaction or limit is in the way. The
// token makes a repetition by the SDK, after a lost answer, have no second effect.
func (t *Table) transact(ctx context.Context, writes []types.TransactWriteItem) error {
	for n := 0; ; n++ {
		token := signup.ID(append(newWrite(), newWrite()[:4]...)).String()
		_, err := t.api.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes, ClientRequestToken: &token})
		if err == nil || n == transactionTries || !passing(err) || !pause(ctx, n) {
			return err
		}
	}
}

// passing reports a cancellation that says nothing of the conditions: the same
// transaction may succeed in a moment.
func passing(err error) bool {
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return false
	}
	for _, reason := range cancelled.CancellationReasons {
		if reason.Code == nil {
			continue
		}
		switch *reason.Code {
		case "ConditionalCheckFailed", "ItemCollectionSizeLimitExceeded", "ValidationError":
			return false
		}
	}
	return true
}
