package table

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/shared/signup"
)

const (
	// isFreeOrOwn lets a user take what nobody holds, or prove what is the user's own.
	isFreeOrOwn = "attribute_not_exists(pk) OR ow = :me"
	// isUserAttemptable is isAttemptable for the challenge of a user.
	isUserAttemptable = "ch.#nonce = :nonce AND attribute_not_exists(ch.vd) AND ch.#attempts < :limit AND ch.ex > :now" +
		" AND (attribute_not_exists(ch.tr) OR ch.tr <> :tried)"
	// isOwn lets a user give up what is still the user's own.
	isOwn            = "ow = :me"
	noteKeyUse       = "SET la = :now"
	countUserAttempt = "SET ch.#attempts = ch.#attempts + :one, ch.tr = :tried, rv = rv + :one, wr = :write"
)

// User implements signup.Store.
func (t *Table) User(ctx context.Context, id signup.ID) (*signup.User, error) {
	out, err := t.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &t.name, Key: userKey(id).attributes(), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, failed("read user", err)
	}
	return decodeUser(out.Item, id)
}

func decodeUser(attributes map[string]types.AttributeValue, id signup.ID) (*signup.User, error) {
	if attributes == nil {
		return nil, signup.ErrNoUser
	}
	var item userItem
	if err := unmarshal(attributes, &item, &item.head, "user"); err != nil {
		return nil, err
	}
	return item.user(id), nil
}

// SaveUser implements signup.Store.
func (t *Table) SaveUser(ctx context.Context, change signup.UserChange) error {
	write := newWrite()
	item := newUser(change.User)
	item.Write = write
	put, err := t.put(item, isUnchanged, nil, values{":revision": number(change.User.Revision)})
	if err != nil {
		return err
	}
	if change.Key == nil && change.Session == nil && change.Revoked == "" && len(change.Claims)+len(change.Released) == 0 {
		err = t.saveUserAlone(ctx, put.Put, write)
	} else {
		err = t.saveUserBeside(ctx, put, change)
	}
	if err == nil {
		change.User.Revision++
	}
	return err
}

func (t *Table) saveUserAlone(ctx context.Context, put *types.Put, write []byte) error {
	_, err := t.api.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: put.TableName, Item: put.Item, ConditionExpression: put.ConditionExpression,
		ExpressionAttributeValues:           put.ExpressionAttributeValues,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	return ownEffect(err, write)
}

// saveUserBeside is the transaction of a change that isn't the user's item alone.
func (t *Table) saveUserBeside(ctx context.Context, user types.TransactWriteItem, change signup.UserChange) error {
	user.Put.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureNone
	beside, err := t.putBeside(change.Session, change.Key, nil)
	if err != nil {
		return err
	}
	writes := append([]types.TransactWriteItem{user}, beside...)
	firstClaim := len(writes)
	for _, claim := range change.Claims {
		put, err := t.putOwnClaim(claim, change.Replaced)
		if err != nil {
			return err
		}
		writes = append(writes, put)
	}
	for _, id := range change.Released {
		writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{
			TableName: &t.name, Key: claimKey(id).attributes(), ConditionExpression: text(isOwn),
			ExpressionAttributeValues: values{":me": raw(change.User.ID[:])},
		}})
	}
	if change.Revoked != "" {
		writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{
			TableName: &t.name, Key: apiKeyKey(change.User.ID, change.Revoked).attributes(),
		}})
	}
	err = t.transact(ctx, append(writes, t.disownAll(change.Replaced)...))
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) && !passing(err) {
		return refusal(cancelled.CancellationReasons, firstClaim, change.Claims)
	}
	return failed("save user", err)
}

// putOwnClaim is putClaim for a claim that may be the user's own already.
func (t *Table) putOwnClaim(claim signup.Claim, replaced []signup.Claim) (types.TransactWriteItem, error) {
	for _, old := range replaced {
		if claimKey(old.Identifier) == claimKey(claim.Identifier) {
			return t.putClaim(claim, replaced)
		}
	}
	return t.put(newClaim(claim), isFreeOrOwn, nil, values{":me": raw(claim.Owner[:])})
}

// CountUserAttempt implements signup.Store.
func (t *Table) CountUserAttempt(ctx context.Context, id signup.ID, nonce, tried []byte, maxAttempts int, now time.Time) (*signup.User, error) {
	write := newWrite()
	out, err := t.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: userKey(id).attributes(),
		UpdateExpression: text(countUserAttempt), ConditionExpression: text(isUserAttemptable),
		ExpressionAttributeNames: map[string]string{"#nonce": "no", "#attempts": "at"},
		ExpressionAttributeValues: values{
			":nonce": raw(nonce), ":tried": raw(tried), ":limit": number(int64(maxAttempts)), ":now": number(millis(now)),
			":one": number(1), ":write": raw(write),
		},
		ReturnValues: types.ReturnValueAllNew, ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err == nil {
		return decodeUser(out.Attributes, id)
	}
	current, unmet := conditionFailed(err)
	switch {
	case !unmet:
		return nil, failed("count attempt", err)
	case current == nil:
		return nil, &signup.UnmetUser{}
	}
	user, err := decodeUser(current, id)
	if err != nil || wroteBy(current, write) {
		return user, err
	}
	return nil, &signup.UnmetUser{User: user}
}

// SaveSession implements signup.Store.
func (t *Table) SaveSession(ctx context.Context, s *signup.Session) error {
	item, err := marshal(newSession(s))
	if err != nil {
		return err
	}
	_, err = t.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &t.name, Item: item})
	return failed("save session", err)
}

// APIKey implements signup.Store.
func (t *Table) APIKey(ctx context.Context, user signup.ID, hash string) (*signup.APIKey, *signup.User, error) {
	at := apiKeyKey(user, hash)
	found, err := t.batchGet(ctx, []key{at, userKey(user)}, true)
	if err != nil {
		return nil, nil, failed("read API key", err)
	}
	if found[at] == nil {
		return nil, nil, signup.ErrNoUser
	}
	owner, err := decodeUser(found[userKey(user)], user)
	if err != nil {
		return nil, nil, err
	}
	stored, err := decodeAPIKey(found[at], user, hash)
	return stored, owner, err
}

func decodeAPIKey(attributes map[string]types.AttributeValue, user signup.ID, hash string) (*signup.APIKey, error) {
	var item apiKeyItem
	if err := unmarshal(attributes, &item, &item.head, "key"); err != nil {
		return nil, err
	}
	return &signup.APIKey{
		Hash: hash, User: user, CredentialVersion: item.Credential, CreatedAt: fromMillis(item.Created), UsedAt: fromMillis(item.Used),
	}, nil
}

// APIKeys implements signup.Store.
func (t *Table) APIKeys(ctx context.Context, user signup.ID) ([]*signup.APIKey, error) {
	items, err := t.partition(ctx, userKey(user))
	if err != nil {
		return nil, failed("list API keys", err)
	}
	var keys []*signup.APIKey
	for at, item := range items {
		if !isAPIKeyKey(at) {
			continue
		}
		stored, err := decodeAPIKey(item, user, lastPart(at.sk))
		if err != nil {
			return nil, err
		}
		keys = append(keys, stored)
	}
	return keys, nil
}

// NoteKeyUse implements signup.Store.
func (t *Table) NoteKeyUse(ctx context.Context, k *signup.APIKey) error {
	_, err := t.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: apiKeyKey(k.User, k.Hash).attributes(),
		UpdateExpression: text(noteKeyUse), ConditionExpression: text(exists),
		ExpressionAttributeValues: values{":now": number(millis(k.UsedAt))},
	})
	if _, unmet := conditionFailed(err); unmet {
		return nil
	}
	return failed("note key use", err)
}

func newAPIKey(k *signup.APIKey) apiKeyItem {
	return apiKeyItem{
		head: apiKeyKey(k.User, k.Hash).head("key"), Credential: k.CredentialVersion, Created: millis(k.CreatedAt), Used: millis(k.UsedAt),
	}
}
