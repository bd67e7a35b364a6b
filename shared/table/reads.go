package table

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// Client implements signup.Store.
func (t *Table) Client(ctx context.Context, proof signup.Proof) (*signup.Client, error) {
	c, err := t.client(ctx, proof.ClientID)
	if err != nil {
		return nil, err
	}
	if c == nil || !c.Token.Accepts(proof.Hash, proof.Now) {
		return nil, signup.ErrNoClient
	}
	return c, nil
}

// LinkedClient implements signup.Store.
func (t *Table) LinkedClient(ctx context.Context, id signup.ID) (*signup.Client, error) {
	c, err := t.client(ctx, id)
	if err == nil && c == nil {
		err = signup.ErrNoClient
	}
	return c, err
}

func (t *Table) client(ctx context.Context, id signup.ID) (*signup.Client, error) {
	out, err := t.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &t.name, Key: clientKey(id).attributes(), ConsistentRead: aws.Bool(true),
	})
	if err != nil || out.Item == nil {
		return nil, failed("read client", err)
	}
	return decodeClient(out.Item, id)
}

func decodeClient(attributes map[string]types.AttributeValue, id signup.ID) (*signup.Client, error) {
	var item clientItem
	if err := unmarshal(attributes, &item, &item.head, "client"); err != nil {
		return nil, err
	}
	return item.client(id), nil
}

// Claims implements signup.Store.
func (t *Table) Claims(ctx context.Context, ids []identifier.Identifier) ([]signup.Claim, error) {
	if len(ids) == 1 {
		return t.claim(ctx, ids[0])
	}
	keys := make([]key, len(ids))
	for i, id := range ids {
		keys[i] = claimKey(id)
	}
	found, err := t.batchGet(ctx, keys, false)
	if err != nil {
		return nil, failed("read claims", err)
	}
	var claims []signup.Claim
	for i, id := range ids {
		attributes, held := found[keys[i]]
		if !held {
			continue
		}
		claim, err := decodeClaim(attributes, id)
		if err != nil {
			return nil, err
		}
		claims = append(claims, claim)
	}
	return claims, nil
}

func (t *Table) claim(ctx context.Context, id identifier.Identifier) ([]signup.Claim, error) {
	out, err := t.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &t.name, Key: claimKey(id).attributes(),
	})
	if err != nil || out.Item == nil {
		return nil, failed("read claim", err)
	}
	claim, err := decodeClaim(out.Item, id)
	return []signup.Claim{claim}, err
}

func decodeClaim(attributes map[string]types.AttributeValue, id identifier.Identifier) (signup.Claim, error) {
	var item claimItem
	err := unmarshal(attributes, &item, &item.head, "claim")
	return item.claim(id), err
}

// Sessions implements signup.Store.
func (t *Table) Sessions(ctx context.Context, refs []signup.SessionRef) ([]*signup.Session, error) {
	var keys []key
	seen := map[signup.ID]bool{}
	for _, ref := range refs {
		keys = append(keys, sessionKey(ref.UserID, ref.ID))
		if !seen[ref.UserID] {
			keys = append(keys, userKey(ref.UserID))
			seen[ref.UserID] = true
		}
	}
	found, err := t.batchGet(ctx, keys, true)
	if err != nil {
		return nil, failed("read sessions", err)
	}
	var sessions []*signup.Session
	for _, ref := range refs {
		session, err := decodeSession(found[sessionKey(ref.UserID, ref.ID)], found[userKey(ref.UserID)], ref)
		if err != nil {
			return nil, err
		}
		if session != nil {
			sessions = append(sessions, session)
		}
	}
	return sessions, nil
}

func decodeSession(session, user map[string]types.AttributeValue, ref signup.SessionRef) (*signup.Session, error) {
	if session == nil || user == nil {
		return nil, nil
	}
	var s sessionItem
	if err := unmarshal(session, &s, &s.head, "session"); err != nil {
		return nil, err
	}
	var u userItem
	if err := unmarshal(user, &u, &u.head, "user"); err != nil {
		return nil, err
	}
	return s.session(ref.ID, u.user(ref.UserID)), nil
}

// batchGet reads keys in one request, and what DynamoDB left unprocessed in further ones.
func (t *Table) batchGet(ctx context.Context, keys []key, consistent bool) (map[key]map[string]types.AttributeValue, error) {
	request := types.KeysAndAttributes{ConsistentRead: &consistent}
	for _, k := range keys {
		request.Keys = append(request.Keys, k.attributes())
	}
	found := map[key]map[string]types.AttributeValue{}
	for n := 0; len(request.Keys) > 0; n++ {
		if n > 0 && !pause(ctx, n) {
			return nil, ctx.Err()
		}
		out, err := t.api.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{t.name: request},
		})
		if err != nil {
			return nil, err
		}
		for _, item := range out.Responses[t.name] {
			found[keyOf(item)] = item
		}
		request.Keys = out.UnprocessedKeys[t.name].Keys
	}
	return found, nil
}

func keyOf(item map[string]types.AttributeValue) key {
	pk, _ := item["pk"].(*types.AttributeValueMemberS)
	sk, _ := item["sk"].(*types.AttributeValueMemberS)
	if pk == nil || sk == nil {
		return key{}
	}
	return key{pk.Value, sk.Value}
}

// Metadata implements signup.Store.
func (t *Table) Metadata(ctx context.Context, ref signup.ID) (json.RawMessage, error) {
	out, err := t.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &t.name, Key: metadataKey(ref).attributes(), ConsistentRead: aws.Bool(true),
	})
	if err != nil || out.Item == nil {
		return nil, failed("read metadata", err)
	}
	var item metadataItem
	err = unmarshal(out.Item, &item, &item.head, "metadata")
	return json.RawMessage(item.JSON), err
}
