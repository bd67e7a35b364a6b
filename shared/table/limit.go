package table

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/shared/signup"
)

// limitItem is what one meter has counted: the times of its newest events, so that
// every window slides and all of them are judged in one conditional update. Beside
// it lies a list for each source that is told apart: the times of its own.
type limitItem struct {
	head
	Events []int64 `dynamodbav:"ev"` // newest first
	Write  []byte  `dynamodbav:"wr"` // names the write that made this state
	TTL    int64   `dynamodbav:"ttl"`
}

// sourceAttribute begins the names of the attributes of sources.
const sourceAttribute = "s-"

// slack is how many events more than needed an item keeps, so that it is trimmed seldom.
const slack = 20

const (
	countEvent = "SET ev = list_append(:event, if_not_exists(ev, :none)), wr = :write, #ttl = :ttl, ty = :type, iv = :version"
	seeSource  = ", #source = list_append(:event, if_not_exists(#source, :none))"
	isUnsent   = "(attribute_not_exists(wr) OR wr <> :write)"
)

// Count implements signup.Store.
func (t *Table) Count(ctx context.Context, m signup.Meter, now time.Time) error {
	write := newWrite()
	out, err := t.api.UpdateItem(ctx, t.countInput(m, now, write))
	if err == nil {
		t.trimCount(ctx, m, now, out.Attributes)
		return nil
	}
	current, unmet := conditionFailed(err)
	if !unmet {
		return failed("count", err)
	}
	if wroteBy(current, write) {
		return nil
	}
	return fullBy(current, m)
}

func (t *Table) countInput(m signup.Meter, now time.Time, write []byte) *dynamodb.UpdateItemInput {
	expression, names := countEvent, map[string]string{"#ttl": "ttl"}
	v := values{
		":event": &types.AttributeValueMemberL{Value: []types.AttributeValue{number(millis(now))}},
		":none":  &types.AttributeValueMemberL{Value: []types.AttributeValue{}},
		":write": raw(write), ":ttl": number(ttl(now.Add(m.Longest()))),
		":type": &types.AttributeValueMemberS{Value: "limit"}, ":version": number(itemVersion),
	}
	if m.Source != nil {
		expression += seeSource
		names["#source"] = sourceName(m)
	}
	for i, w := range m.Windows {
		v[since(i)] = number(millis(now.Add(-w.Per)))
	}
	return &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: limitKey(m).attributes(),
		UpdateExpression: &expression, ConditionExpression: text(hasRoom(m)),
		ExpressionAttributeNames: names, ExpressionAttributeValues: v,
		ReturnValues: types.ReturnValueAllNew, ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
}

// hasRoom is signup.Window.Wait as a condition, for every window of m.
func hasRoom(m signup.Meter) string {
	condition := isUnsent
	for i, w := range m.Windows {
		condition += " AND (" + fewer("ev", w.Most, i) + ")"
		if m.Source != nil && w.Own > 0 {
			condition += " AND (" + fewer("ev", w.Open, i) + " OR " + fewer("#source", w.Own, i) + ")"
		}
	}
	return condition
}

// fewer holds if a list has fewer than n times in the window.
func fewer(list string, n, window int) string {
	return fmt.Sprintf("attribute_not_exists(%[1]s[%[2]d]) OR %[1]s[%[2]d] <= %[3]s", list, n-1, since(window))
}

func since(window int) string { return fmt.Sprintf(":since%d", window) }

func sourceName(m signup.Meter) string {
	return sourceAttribute + base64.RawURLEncoding.EncodeToString(m.Source)
}

// fullBy says what of m's events fills it.
func fullBy(current map[string]types.AttributeValue, m signup.Meter) error {
	var item limitItem
	if err := unmarshal(current, &item, &item.head, "limit"); err != nil {
		return err
	}
	full := &signup.Full{}
	full.Events.Times = timesOf(current["ev"])
	if m.Source != nil {
		full.Events.Own = timesOf(current[sourceName(m)])
	}
	return full
}

// timesOf reads a list of times; anything else is none.
func timesOf(attribute types.AttributeValue) []time.Time {
	list, _ := attribute.(*types.AttributeValueMemberL)
	if list == nil {
		return nil
	}
	times := make([]time.Time, len(list.Value))
	for i, entry := range list.Value {
		n, _ := entry.(*types.AttributeValueMemberN)
		if n == nil {
			continue
		}
		ms, _ := strconv.ParseInt(n.Value, 10, 64)
		times[i] = fromMillis(ms)
	}
	return times
}

// trimCount drops the events that no window asks about any more, once there are many,
// and the sources that have had none since. Events only move away from the front, so
// what it drops is old whatever happened in between. If it fails, the next one does it.
func (t *Table) trimCount(ctx context.Context, m signup.Meter, now time.Time, current map[string]types.AttributeValue) {
	keeps := m.Keeps()
	if len(timesOf(current["ev"])) <= keeps+slack {
		return
	}
	removed, names := tail("ev", current["ev"], keeps), map[string]string{}
	oldest := now.Add(-m.Longest())
	for _, name := range slices.Sorted(maps.Keys(current)) {
		if !strings.HasPrefix(name, sourceAttribute) {
			continue
		}
		alias := "#s" + strconv.Itoa(len(names))
		own := tail(alias, current[name], keeps)
		if times := timesOf(current[name]); len(times) == 0 || !times[0].After(oldest) {
			own = []string{alias}
		}
		if own != nil {
			removed, names[alias] = append(removed, own...), name
		}
	}
	in := &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: limitKey(m).attributes(),
		UpdateExpression: text("REMOVE " + strings.Join(removed, ", ")), ConditionExpression: text(exists),
	}
	if len(names) > 0 {
		in.ExpressionAttributeNames = names
	}
	_, _ = t.api.UpdateItem(ctx, in)
}

// tail names the entries of a list from the n-th on.
func tail(list string, attribute types.AttributeValue, n int) []string {
	var entries []string
	for i := n; i < len(timesOf(attribute)); i++ {
		entries = append(entries, list+"["+strconv.Itoa(i)+"]")
	}
	return entries
}
