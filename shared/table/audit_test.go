package table

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/shared/signup"
)

func sampleAttempt() signup.Attempt {
	return signup.Attempt{
		CID: "fc7c23028b15b35d72b8dffb", Operation: "sso/login", Application: "CRM", Source: "192.0.2.7", Claimed: "198.51.100.9",
		Outcome: "E005003", Told: "E005001", User: "zusr73fzk8ncns8vd98dhpt0zjbese", At: moment, KeepUntil: moment.Add(24 * time.Hour),
	}
}

func init() {
	runs["NoteAttempt"] = func(t *Table) { _ = t.NoteAttempt(context.Background(), sampleAttempt()) }
}

// TestR58AttemptsAreAppended: a record that is there is never written again, whatever says so.
func TestR58AttemptsAreAppended(t *testing.T) {
	f := newFixture(t, nil)
	first, second := sampleAttempt(), sampleAttempt()
	second.Outcome = "ok"
	if err := f.table.NoteAttempt(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if err := f.table.NoteAttempt(t.Context(), second); !errors.Is(err, signup.ErrConflict) {
		t.Errorf("a second record of the same call: %v", err)
	}
	out, err := f.raw().GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &f.table.name, Key: auditKey(first).attributes()})
	if err != nil {
		t.Fatal(err)
	}
	var stored auditItem
	if err := unmarshal(out.Item, &stored, &stored.head, "audit"); err != nil {
		t.Fatal(err)
	}
	if stored.Outcome != first.Outcome || stored.TTL != first.KeepUntil.Unix()+1 || stored.At != moment.UnixMilli() {
		t.Errorf("stored %+v", stored)
	}
}

// TestAttemptWhoseAnswerWasLost is the same record when it is sent again.
func TestAttemptWhoseAnswerWasLost(t *testing.T) {
	f := newFixture(t, nil)
	f.table.api = twice{f.table.api}
	if err := f.table.NoteAttempt(t.Context(), sampleAttempt()); err != nil {
		t.Error(err)
	}
}

// twice sends each put a second time, as the SDK does when it hears nothing.
type twice struct{ API }

func (a twice) PutItem(ctx context.Context, in *dynamodb.PutItemInput, options ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if _, err := a.API.PutItem(ctx, in, options...); err != nil {
		return nil, err
	}
	return a.API.PutItem(ctx, in, options...)
}

// TestAttemptsAreSpread: an hour's records are in 16 partitions, in the order of their times.
func TestAttemptsAreSpread(t *testing.T) {
	partitions := map[string]bool{}
	for _, digit := range "0123456789abcdef" {
		a := sampleAttempt()
		a.CID = string(digit) + a.CID[1:]
		k := auditKey(a)
		partitions[k.pk] = true
		if k.pk != "AUDIT#2026-03-01T12#"+string(digit) || !strings.HasPrefix(k.sk, "1772366400000#") {
			t.Errorf("%+v", k)
		}
	}
	if len(partitions) != 16 {
		t.Errorf("%d partitions", len(partitions))
	}
	east := sampleAttempt()
	east.At = moment.In(time.FixedZone("", 5*60*60))
	if auditKey(east) != auditKey(sampleAttempt()) {
		t.Error("the hour depends on the time zone")
	}
	if _, isText := auditKey(east).attributes()["sk"].(*types.AttributeValueMemberS); !isText {
		t.Error("the sort key isn't text")
	}
}
