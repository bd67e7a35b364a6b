package table

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/shared/callback"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// Conditions and updates of the queues of callbacks.
const (
	ofTarget = "pk = :target AND begins_with(sk, :part)"
	// isUnleased holds for the holder, too: the SDK may send a lease again.
	isUnleased = "(attribute_not_exists(lu) OR lu <= :now OR lh = :holder)"
	isAwaited  = "(attribute_not_exists(na) OR na <= :now) AND (attribute_not_exists(du) OR du <> :settings)"
	isHolder   = "lh = :holder"

	takeLease    = "SET lh = :holder, lu = :until, ty = :type, iv = :version"
	releaseLease = "SET fa = :failures, na = :next, du = :disabled REMOVE lh, lu"
	enable       = "SET fa = :none, na = :none, ty = :type, iv = :version REMOVE du"
)

// Callbacks are the queues of what is to be told to receivers.
func (t *Table) Callbacks() callback.Queue { return callbacks{t} }

type callbacks struct{ *Table }

// deliveryItem is a message that is due to a receiver, or was given up.
type deliveryItem struct {
	head
	Created int64 `dynamodbav:"ca"`
	Queued  int64 `dynamodbav:"qa"`
	TTL     int64 `dynamodbav:"ttl"`
}

// receiverItem is how things stand with a receiver, and who sends to it now.
type receiverItem struct {
	head
	Failures int    `dynamodbav:"fa"`
	Next     int64  `dynamodbav:"na"`
	Disabled string `dynamodbav:"du"`
	Holder   []byte `dynamodbav:"lh"`
	Until    int64  `dynamodbav:"lu"`
}

func newDelivery(target, part string, d callback.Delivery) deliveryItem {
	return deliveryItem{
		head:    deliveryKey(target, part, d.User, d.CreatedAt).head("delivery"),
		Created: millis(d.CreatedAt), Queued: millis(d.QueuedAt), TTL: ttl(d.KeepUntil),
	}
}

func (item *deliveryItem) delivery() (callback.Delivery, error) {
	user, err := signup.ParseID(lastPart(item.SK))
	if err != nil {
		return callback.Delivery{}, fmt.Errorf("table: %q names no user", item.SK)
	}
	return callback.Delivery{
		User: user, CreatedAt: fromMillis(item.Created), QueuedAt: fromMillis(item.Queued), KeepUntil: time.Unix(item.TTL, 0).UTC(),
	}, nil
}

// Enqueue implements callback.Queue.
func (t callbacks) Enqueue(ctx context.Context, target string, d callback.Delivery) error {
	attributes, err := marshal(newDelivery(target, duePart, d))
	if err != nil {
		return err
	}
	_, err = t.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &t.name, Item: attributes, ConditionExpression: text(isNew)})
	if _, queued := conditionFailed(err); queued {
		return nil
	}
	return failed("queue callback", err)
}

// Due implements callback.Queue.
func (t callbacks) Due(ctx context.Context, target string, n int) ([]callback.Delivery, error) {
	in := t.deliveries(target, duePart)
	in.Limit = aws.Int32(int32(n))
	out, err := t.api.Query(ctx, in)
	if err != nil {
		return nil, failed("read due callbacks", err)
	}
	return decodeDeliveries(out.Items)
}

// Dead implements callback.Queue.
func (t callbacks) Dead(ctx context.Context, target string) ([]callback.Delivery, error) {
	in := t.deliveries(target, deadPart)
	var dead []callback.Delivery
	for {
		out, err := t.api.Query(ctx, in)
		if err != nil {
			return nil, failed("read dead callbacks", err)
		}
		page, err := decodeDeliveries(out.Items)
		if err != nil {
			return nil, err
		}
		dead = append(dead, page...)
		if in.ExclusiveStartKey = out.LastEvaluatedKey; len(out.LastEvaluatedKey) == 0 {
			return dead, nil
		}
	}
}

func (t callbacks) deliveries(target, part string) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: &t.name, KeyConditionExpression: text(ofTarget), ConsistentRead: aws.Bool(true),
		ExpressionAttributeValues: values{
			":target": &types.AttributeValueMemberS{Value: callbackKey(target).pk},
			":part":   &types.AttributeValueMemberS{Value: deliveryPrefix(part)},
		},
	}
}

func decodeDeliveries(items []map[string]types.AttributeValue) ([]callback.Delivery, error) {
	var list []callback.Delivery
	for _, attributes := range items {
		var item deliveryItem
		if err := unmarshal(attributes, &item, &item.head, "delivery"); err != nil {
			return nil, err
		}
		d, err := item.delivery()
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}

// Lease implements callback.Queue.
func (t callbacks) Lease(ctx context.Context, l callback.Lease) (callback.State, error) {
	condition := isUnleased
	v := values{
		":holder": raw(l.Holder), ":now": number(millis(l.Now)), ":until": number(millis(l.Until)),
		":type": &types.AttributeValueMemberS{Value: "receiver"}, ":version": number(itemVersion),
	}
	if !l.Early {
		condition += " AND " + isAwaited
		v[":settings"] = &types.AttributeValueMemberS{Value: l.Settings}
	}
	out, err := t.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: callbackKey(l.Target).attributes(), UpdateExpression: text(takeLease), ConditionExpression: &condition,
		ExpressionAttributeValues: v, ReturnValues: types.ReturnValueAllNew,
	})
	if _, unmet := conditionFailed(err); unmet {
		return callback.State{}, callback.ErrLeased
	}
	if err != nil {
		return callback.State{}, failed("lease callbacks", err)
	}
	var item receiverItem
	err = unmarshal(out.Attributes, &item, &item.head, "receiver")
	return callback.State{Failures: item.Failures, NextAt: fromMillis(item.Next), DisabledUnder: item.Disabled}, err
}

// Release implements callback.Queue.
func (t callbacks) Release(ctx context.Context, l callback.Lease, s callback.State) error {
	_, err := t.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: callbackKey(l.Target).attributes(), UpdateExpression: text(releaseLease), ConditionExpression: text(isHolder),
		ExpressionAttributeValues: values{
			":holder": raw(l.Holder), ":failures": number(int64(s.Failures)), ":next": number(millis(s.NextAt)),
			":disabled": &types.AttributeValueMemberS{Value: s.DisabledUnder},
		},
	})
	if _, unmet := conditionFailed(err); unmet {
		return nil // released already, or somebody else's by now
	}
	return failed("release callbacks", err)
}

// Delivered implements callback.Queue.
func (t callbacks) Delivered(ctx context.Context, target string, d callback.Delivery) error {
	return t.removeDelivery(ctx, deliveryKey(target, duePart, d.User, d.CreatedAt))
}

// Bury implements callback.Queue.
func (t callbacks) Bury(ctx context.Context, target string, d callback.Delivery) error {
	return t.moveDelivery(ctx, target, d, duePart, deadPart)
}

// Revive implements callback.Queue.
func (t callbacks) Revive(ctx context.Context, target string, d callback.Delivery) error {
	return t.moveDelivery(ctx, target, d, deadPart, duePart)
}

// moveDelivery puts a delivery elsewhere before it removes it: in between it lies in both
// places, and is moved again.
func (t callbacks) moveDelivery(ctx context.Context, target string, d callback.Delivery, from, to string) error {
	attributes, err := marshal(newDelivery(target, to, d))
	if err != nil {
		return err
	}
	if _, err := t.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &t.name, Item: attributes}); err != nil {
		return failed("move callback", err)
	}
	return t.removeDelivery(ctx, deliveryKey(target, from, d.User, d.CreatedAt))
}

func (t callbacks) removeDelivery(ctx context.Context, at key) error {
	_, err := t.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &t.name, Key: at.attributes()})
	return failed("remove callback", err)
}

// Enable implements callback.Queue.
func (t callbacks) Enable(ctx context.Context, target string) error {
	_, err := t.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: callbackKey(target).attributes(), UpdateExpression: text(enable),
		ExpressionAttributeValues: values{
			":none": number(0), ":type": &types.AttributeValueMemberS{Value: "receiver"}, ":version": number(itemVersion),
		},
	})
	return failed("enable callbacks", err)
}

// CreatedUser reads the user that a change of an item has made. before and after are its
// images as for DueMail.
func CreatedUser(before, after []byte) (u *signup.User, isNew bool, err error) {
	if len(before) > 0 && string(before) != "null" {
		return nil, false, nil
	}
	image, err := decodeImage(after)
	item, isUser := image.(*userItem)
	if err != nil || !isUser {
		return nil, false, err
	}
	return item.user(userOf(item.PK)), true, nil
}
