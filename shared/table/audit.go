package table

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/shared/signup"
)

// auditItem is the record of a call. It is put and never written again.
type auditItem struct {
	head
	CID         string `dynamodbav:"ci"`
	Operation   string `dynamodbav:"op"`
	Application string `dynamodbav:"ap,omitempty"`
	Source      string `dynamodbav:"so"`
	Claimed     string `dynamodbav:"cl,omitempty"`
	Outcome     string `dynamodbav:"oc"`
	Told        string `dynamodbav:"to,omitempty"`
	User        string `dynamodbav:"us,omitempty"`
	At          int64  `dynamodbav:"at"`
	Write       []byte `dynamodbav:"wr"`
	TTL         int64  `dynamodbav:"ttl"`
}

// NoteAttempt implements signup.Store.
func (t *Table) NoteAttempt(ctx context.Context, a signup.Attempt) error {
	write := newWrite()
	item, err := marshal(auditItem{
		head: auditKey(a).head("audit"), CID: a.CID, Operation: a.Operation, Application: a.Application,
		Source: a.Source, Claimed: a.Claimed, Outcome: a.Outcome, Told: a.Told, User: a.User,
		At: millis(a.At), Write: write, TTL: ttl(a.KeepUntil),
	})
	if err != nil {
		return err
	}
	_, err = t.api.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &t.name, Item: item, ConditionExpression: text(isNew),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if current, unmet := conditionFailed(err); unmet {
		if wroteBy(current, write) {
			return nil
		}
		return signup.ErrConflict
	}
	return failed("note attempt", err)
}
