package table

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/shared/signup"
)

const (
	touchSession = "SET la = :active, id = :idle"
	// isGeneration holds for a session whose refresh token is still the one that was shown.
	isGeneration  = "ge = :from"
	isFirst       = "attribute_exists(pk) AND attribute_not_exists(ge)"
	rotateSession = "SET ge = :next, gu = :grace, la = :active, id = :idle"
	ofUser        = "pk = :user" // the user and its sessions: one partition
)

// TouchSession implements signup.Store.
func (t *Table) TouchSession(ctx context.Context, s *signup.Session) error {
	_, err := t.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: sessionKey(s.User.ID, s.ID).attributes(),
		UpdateExpression: text(touchSession), ConditionExpression: text(exists),
		ExpressionAttributeValues: values{":active": number(millis(s.LastActiveAt)), ":idle": number(millis(s.IdleUntil))},
	})
	if _, unmet := conditionFailed(err); unmet {
		return signup.ErrNoSession
	}
	return failed("touch session", err)
}

// RotateSession implements signup.Store.
func (t *Table) RotateSession(ctx context.Context, s *signup.Session) error {
	v := values{
		":next": number(s.Generation), ":grace": number(millis(s.GraceUntil)),
		":active": number(millis(s.LastActiveAt)), ":idle": number(millis(s.IdleUntil)),
	}
	condition := isFirst
	if s.Generation > 1 {
		condition, v[":from"] = isGeneration, number(s.Generation-1)
	}
	_, err := t.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: sessionKey(s.User.ID, s.ID).attributes(),
		UpdateExpression: text(rotateSession), ConditionExpression: &condition, ExpressionAttributeValues: v,
	})
	if _, unmet := conditionFailed(err); unmet {
		return signup.ErrConflict
	}
	return failed("rotate session", err)
}

// EndSessions implements signup.Store.
func (t *Table) EndSessions(ctx context.Context, c *signup.Client, ended []signup.SessionRef) error {
	put, err := t.putClient(c, newWrite())
	if err != nil {
		return err
	}
	err = t.change(ctx, "end sessions", append([]types.TransactWriteItem{{Put: put}}, t.deleteSessions(ended)...))
	if err == nil {
		c.Revision++
	}
	return err
}

func (t *Table) deleteSessions(refs []signup.SessionRef) []types.TransactWriteItem {
	var writes []types.TransactWriteItem
	for _, ref := range refs {
		writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{
			TableName: &t.name, Key: sessionKey(ref.UserID, ref.ID).attributes(),
		}})
	}
	return writes
}

// RevokeSession implements signup.Store.
func (t *Table) RevokeSession(ctx context.Context, ref signup.SessionRef) error {
	_, err := t.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &t.name, Key: sessionKey(ref.UserID, ref.ID).attributes(),
	})
	return failed("revoke session", err)
}

// UserSessions implements signup.Store.
func (t *Table) UserSessions(ctx context.Context, user signup.ID) ([]*signup.Session, error) {
	items, err := t.partition(ctx, userKey(user))
	if err != nil {
		return nil, failed("list sessions", err)
	}
	owner := items[userKey(user)]
	delete(items, userKey(user))
	var sessions []*signup.Session
	for at, item := range items {
		if !isSessionKey(at) { // an API key
			continue
		}
		id, err := sessionIDOf(at)
		if err != nil {
			return nil, err
		}
		session, err := decodeSession(item, owner, signup.SessionRef{ID: id, UserID: user})
		if err != nil {
			return nil, err
		}
		if session != nil {
			sessions = append(sessions, session)
		}
	}
	return sessions, nil
}

// partition reads everything that shares k's partition key.
func (t *Table) partition(ctx context.Context, k key) (map[key]map[string]types.AttributeValue, error) {
	in := &dynamodb.QueryInput{
		TableName: &t.name, KeyConditionExpression: text(ofUser), ConsistentRead: aws.Bool(true),
		ExpressionAttributeValues: values{":user": &types.AttributeValueMemberS{Value: k.pk}},
	}
	found := map[key]map[string]types.AttributeValue{}
	for {
		out, err := t.api.Query(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, item := range out.Items {
			found[keyOf(item)] = item
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; len(out.LastEvaluatedKey) == 0 {
			return found, nil
		}
	}
}

// sessionIDOf is the session that a key of a user's partition names.
func sessionIDOf(k key) (signup.ID, error) {
	id, err := signup.ParseID(lastPart(k.sk))
	if err != nil {
		return id, fmt.Errorf("table: %q is not a session of a user", k.sk)
	}
	return id, nil
}
