// Package table keeps Doorstep's state in one DynamoDB table. keys.go has every
// key, one file each the items of an entity, and Patterns every request that is
// ever sent; docs/data-model.md is made from it.
//
// Uniqueness is a claim item that is put if it doesn't exist, in the same
// transaction as its user. A write that depends on a read carries the item's
// revision as its condition. Each write names itself, so that one whose answer
// was lost recognises its own effect when it is sent again.
package table

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/doorstep-auth/doorstep/shared/signup"
)

// API is what of DynamoDB is used. There is no Scan.
type API interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Table is a signup.Store in DynamoDB.
type Table struct {
	api  API
	name string
}

var _ signup.Store = (*Table)(nil)

// New is the table called name, reached as cfg says; endpoint, if not empty,
// is where DynamoDB's API is found instead of at AWS.
func New(cfg aws.Config, endpoint, name string) *Table {
	return &Table{name: name, api: dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
		o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxAttempts = 6
			r.MaxBackoff = 400 * time.Millisecond
			r.Retryables = append(r.Retryables, retry.RetryableErrorCode{Codes: conflictCodes})
		})
	})}
}

// conflictCodes are errors that a single write gets while a transaction holds its item.
var conflictCodes = map[string]struct{}{"TransactionConflictException": {}}

// newWrite names a write.
func newWrite() []byte {
	name := make([]byte, 12)
	rand.Read(name) // never fails (Go 1.24)
	return name
}

func marshal(item any) (map[string]types.AttributeValue, error) {
	attributes, err := attributevalue.MarshalMap(item)
	if err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	return attributes, nil
}

// unmarshal reads an item into out, whose head says what it is.
func unmarshal(attributes map[string]types.AttributeValue, out any, h *head, itemType string) error {
	if err := attributevalue.UnmarshalMap(attributes, out); err != nil {
		return fmt.Errorf("table: %w", err)
	}
	if h.Type != itemType || h.Version > itemVersion {
		return fmt.Errorf("table: expected a %s of version %d or less, found a %q of version %d", itemType, itemVersion, h.Type, h.Version)
	}
	return nil
}

func failed(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case overloaded(err):
		return fmt.Errorf("table: %s: %w: %w", doing, signup.ErrBusy, err)
	}
	return fmt.Errorf("table: %s: %w", doing, err)
}

// overloaded reports that DynamoDB refuses for its load: the table's, the
// account's, or other transactions' on the same items.
func overloaded(err error) bool {
	if passing(err) {
		return true
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	_, throttled := retry.DefaultThrottleErrorCodes[api.ErrorCode()]
	_, conflict := conflictCodes[api.ErrorCode()]
	return throttled || conflict
}

// conditionFailed returns the item as it is if err says that a condition wasn't met.
func conditionFailed(err error) (map[string]types.AttributeValue, bool) {
	var unmet *types.ConditionalCheckFailedException
	if !errors.As(err, &unmet) {
		return nil, false
	}
	return unmet.Item, true
}

// pause waits before try number n (from 0), with full jitter; false if ctx ends first.
func pause(ctx context.Context, n int) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(mathrand.N(10 * time.Millisecond << n)):
		return true
	}
}
