package table

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// Conditions and updates of client items. Each write raises the revision and
// names itself.
const (
	isNew       = "attribute_not_exists(pk)"
	isUnchanged = "rv = :revision"
	isProved    = "(th = :hash OR (tp = :hash AND tu > :now))"
	isSignedOut = "(attribute_not_exists(sx) OR sx <= :now)"
	isOpen      = "su.id = :signup AND attribute_not_exists(su.co) AND su.ab > :now"
	// isSendable is signup.SignUp.sendable as a condition.
	isSendable = "attribute_exists(su.fa.#identifier) AND attribute_not_exists(su.vs.#kind.vd)" +
		" AND (attribute_not_exists(su.vs.#kind.sn) OR su.vs.#kind.sn <= :sentBefore)"
	// isAttemptable is signup.SignUp.attemptable as a condition.
	isAttemptable = "attribute_exists(su.fa.#identifier) AND attribute_not_exists(su.vs.#kind.vd)" +
		" AND su.vs.#kind.#attempts < :limit AND su.vs.#kind.ex > :now" +
		" AND (attribute_not_exists(su.vs.#kind.tr) OR su.vs.#kind.tr <> :tried)"
	// isFor holds while the identifier is the one that the mail was counted for.
	isFor = "su.fa.#identifier.#display = :to"
	// isPaced holds for a challenge's first attempt, and for a client that has been quiet.
	isPaced = "(su.vs.#kind.#attempts = :zero OR ua <= :quietSince)"
	// isStillDue holds while no newer mail has taken the due one's place.
	isStillDue = "mid = :mail AND su.vs.#kind.#nonce = :nonce"

	raiseRevision     = "rv = rv + :one, wr = :write, ua = :now"
	beginSignUp       = "SET su = :su, #ttl = :ttl, " + raiseRevision
	beginVerification = "SET su.vs.#kind = :verification, mid = :mail, " + raiseRevision
	countAttempt      = "SET su.vs.#kind.#attempts = su.vs.#kind.#attempts + :one, su.vs.#kind.tr = :tried, " + raiseRevision
	recordRefusal     = "SET su.vs.#kind.re = :reason, rv = rv + :one, wr = :write"
	isUserStillDue    = "mid = :mail AND ch.#nonce = :nonce"
	recordUserRefusal = "SET ch.re = :reason, rv = rv + :one, wr = :write"
	keepMetadata      = "REMOVE #ttl"
)

// SaveClient implements signup.Store.
func (t *Table) SaveClient(ctx context.Context, c *signup.Client) error {
	write := newWrite()
	put, err := t.putClient(c, write)
	if err != nil {
		return err
	}
	_, err = t.api.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: put.TableName, Item: put.Item,
		ConditionExpression: put.ConditionExpression, ExpressionAttributeValues: put.ExpressionAttributeValues,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err = ownEffect(err, write); err != nil {
		return err
	}
	c.Revision++
	return nil
}

// ownEffect is nil if a failed condition is the effect of this very write, whose
// first answer was lost, and ErrConflict if it is another's.
func ownEffect(err error, write []byte) error {
	current, unmet := conditionFailed(err)
	switch {
	case !unmet:
		return failed("save client", err)
	case wroteBy(current, write):
		return nil
	}
	return signup.ErrConflict
}

func wroteBy(item map[string]types.AttributeValue, write []byte) bool {
	last, ok := item["wr"].(*types.AttributeValueMemberB)
	return ok && bytes.Equal(last.Value, write)
}

// putClient is the put of c, on condition that nobody has written since it was read.
func (t *Table) putClient(c *signup.Client, write []byte) (*types.Put, error) {
	item, err := marshal(newClient(c, c.Revision+1, write))
	if err != nil {
		return nil, err
	}
	put := &types.Put{TableName: &t.name, Item: item}
	put.ConditionExpression, put.ExpressionAttributeValues = unchanged(c)
	return put, nil
}

func unchanged(c *signup.Client) (*string, map[string]types.AttributeValue) {
	if c.Revision == 0 {
		return text(isNew), nil
	}
	return text(isUnchanged), map[string]types.AttributeValue{":revision": number(c.Revision)}
}

// BeginSignUp implements signup.Store.
func (t *Table) BeginSignUp(ctx context.Context, proof signup.Proof, su *signup.SignUp, keepUntil time.Time, single bool) (*signup.Client, error) {
	item, err := marshal(newSignUp(su))
	if err != nil {
		return nil, err
	}
	condition := isProved
	if single {
		condition += " AND " + isSignedOut
	}
	return t.update(ctx, proof, update{
		expression: beginSignUp, condition: condition,
		names:  map[string]string{"#ttl": "ttl"},
		values: values{":su": &types.AttributeValueMemberM{Value: item}, ":ttl": number(ttl(keepUntil))},
	})
}

// BeginVerification implements signup.Store.
func (t *Table) BeginVerification(ctx context.Context, proof signup.Proof, id signup.ID, strategy signup.Strategy, v *signup.Verification, resendAfter time.Duration, to identifier.Identifier) (*signup.Client, error) {
	item, err := marshal(newVerification(v))
	if err != nil {
		return nil, err
	}
	u := update{
		expression: beginVerification, condition: isProved + " AND " + isOpen + " AND " + isSendable,
		names: verificationNames(strategy),
		values: values{
			":signup": raw(id[:]), ":verification": &types.AttributeValueMemberM{Value: item},
			":mail":       &types.AttributeValueMemberS{Value: v.MailID()},
			":sentBefore": number(millis(proof.Now.Add(-resendAfter))),
		},
	}
	if to.Canonical != "" {
		u.condition += " AND " + isFor
		u.names["#display"], u.values[":to"] = "d", &types.AttributeValueMemberS{Value: to.Display}
	}
	return t.update(ctx, proof, u)
}

// CountAttempt implements signup.Store.
func (t *Table) CountAttempt(ctx context.Context, proof signup.Proof, id signup.ID, strategy signup.Strategy, tried []byte, maxAttempts int, quietSince time.Time) (*signup.Client, error) {
	names := verificationNames(strategy)
	names["#attempts"] = "at"
	u := update{
		expression: countAttempt, condition: isProved + " AND " + isOpen + " AND " + isAttemptable, names: names,
		values: values{
			":signup": raw(id[:]),
			":limit":  number(int64(maxAttempts)), ":tried": raw(tried),
		},
	}
	if !quietSince.IsZero() {
		u.condition += " AND " + isPaced
		u.values[":zero"], u.values[":quietSince"] = number(0), number(millis(quietSince))
	}
	return t.update(ctx, proof, u)
}

func verificationNames(strategy signup.Strategy) map[string]string {
	return map[string]string{"#kind": string(strategy.Kind), "#identifier": identifierAttribute(strategy.Kind)}
}

type values = map[string]types.AttributeValue

// update is an UpdateItem of a proved client.
type update struct {
	expression, condition string
	names                 map[string]string
	values                values
}

// update runs u on the client that proof names, and returns the client as stored
// or *signup.Unmet.
func (t *Table) update(ctx context.Context, proof signup.Proof, u update) (*signup.Client, error) {
	write := newWrite()
	u.values[":hash"], u.values[":now"] = raw(proof.Hash[:]), number(millis(proof.Now))
	u.values[":one"], u.values[":write"] = number(1), raw(write)
	in := &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: clientKey(proof.ClientID).attributes(),
		UpdateExpression: &u.expression, ConditionExpression: &u.condition, ExpressionAttributeValues: u.values,
		ReturnValues: types.ReturnValueAllNew, ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if len(u.names) > 0 {
		in.ExpressionAttributeNames = u.names
	}
	out, err := t.api.UpdateItem(ctx, in)
	if err == nil {
		return decodeClient(out.Attributes, proof.ClientID)
	}
	current, unmet := conditionFailed(err)
	if !unmet {
		return nil, failed("update client", err)
	}
	if wroteBy(current, write) {
		return decodeClient(current, proof.ClientID)
	}
	return nil, unmetBy(current, proof)
}

// unmetBy is what the caller may know of the client that didn't meet a condition.
func unmetBy(current map[string]types.AttributeValue, proof signup.Proof) error {
	if current == nil {
		return &signup.Unmet{}
	}
	c, err := decodeClient(current, proof.ClientID)
	if err != nil {
		return err
	}
	if !c.Token.Accepts(proof.Hash, proof.Now) {
		return &signup.Unmet{}
	}
	return &signup.Unmet{Client: c}
}

// SaveMetadata implements signup.Store.
func (t *Table) SaveMetadata(ctx context.Context, ref signup.ID, object json.RawMessage, expires time.Time) error {
	item, err := marshal(metadataItem{head: metadataKey(ref).head("metadata"), JSON: object, TTL: ttl(expires)})
	if err != nil {
		return err
	}
	_, err = t.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &t.name, Item: item})
	return failed("save metadata", err)
}

// KeepMetadata implements signup.Store.
func (t *Table) KeepMetadata(ctx context.Context, ref signup.ID) error {
	_, err := t.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: metadataKey(ref).attributes(),
		UpdateExpression: text(keepMetadata), ConditionExpression: text(exists),
		ExpressionAttributeNames: map[string]string{"#ttl": "ttl"},
	})
	return failed("keep metadata", err)
}

// RecordRefusal notes on the challenge that the due mail was refused for good,
// unless a newer mail has taken its place.
func (t *Table) RecordRefusal(ctx context.Context, due signup.DueMail, reason string) error {
	in := &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: holderKey(due).attributes(),
		UpdateExpression: text(recordRefusal), ConditionExpression: text(isStillDue),
		ExpressionAttributeNames: map[string]string{"#kind": string(due.Kind), "#nonce": "no"},
		ExpressionAttributeValues: values{
			":reason": &types.AttributeValueMemberS{Value: reason}, ":one": number(1), ":write": raw(newWrite()),
			":mail": &types.AttributeValueMemberS{Value: due.MailID}, ":nonce": raw(due.Nonce),
		},
	}
	if due.ClientID.IsZero() {
		in.UpdateExpression, in.ConditionExpression = text(recordUserRefusal), text(isUserStillDue)
		in.ExpressionAttributeNames = map[string]string{"#nonce": "no"}
	}
	_, err := t.api.UpdateItem(ctx, in)
	if _, unmet := conditionFailed(err); unmet {
		return nil
	}
	return failed("record refusal", err)
}

// holderKey is where the item lies that asked for a mail.
func holderKey(due signup.DueMail) key {
	if due.ClientID.IsZero() {
		return userKey(due.UserID)
	}
	return clientKey(due.ClientID)
}

// Current returns the id of the newest due mail of due's holder, or "" if there is none.
func (t *Table) Current(ctx context.Context, due signup.DueMail) (mailID string, err error) {
	out, err := t.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &t.name, Key: holderKey(due).attributes(), ProjectionExpression: text("mid"), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return "", failed("read current mail", err)
	}
	mid, _ := out.Item["mid"].(*types.AttributeValueMemberS)
	if mid == nil {
		return "", nil
	}
	return mid.Value, nil
}

func text(s string) *string { return &s }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func raw(b []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }
