package gateway

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const streamBatch = `{"Records":[
 {"eventID":"1","eventName":"INSERT","dynamodb":{"ApproximateCreationDateTime":1772366400,"SequenceNumber":"101","NewImage":{"pk":{"S":"a"}}}},
 {"eventID":"2","eventName":"MODIFY","dynamodb":{"ApproximateCreationDateTime":1772366401.5,"SequenceNumber":"102","OldImage":{"pk":{"S":"a"}},"NewImage":{"pk":{"S":"b"}}}},
 {"eventID":"3","eventName":"REMOVE","dynamodb":{"SequenceNumber":"103","OldImage":{"pk":{"S":"b"}}}}]}`

func TestStreamFunctionTellsWhatFailed(t *testing.T) {
	for name, c := range map[string]struct {
		again []string
		want  string
	}{
		"all done":    {nil, `{"batchItemFailures":[]}`},
		"one":         {[]string{"102"}, `{"batchItemFailures":[{"itemIdentifier":"102"}]}`},
		"several":     {[]string{"101", "103"}, `{"batchItemFailures":[{"itemIdentifier":"101"},{"itemIdentifier":"103"}]}`},
		"none at all": {[]string{}, `{"batchItemFailures":[]}`},
	} {
		var got []Change
		f := &StreamFunction{Handle: func(_ context.Context, changes []Change) ([]string, error) {
			got = changes
			return c.again, nil
		}}
		out, err := f.Invoke(context.Background(), []byte(streamBatch))
		if err != nil || string(out) != c.want {
			t.Errorf("%s: %s (%v), want %s", name, out, err, c.want)
		}
		want := []Change{
			{Sequence: "101", After: []byte(`{"pk":{"S":"a"}}`), StoredAt: time.Unix(1772366400, 0)},
			{Sequence: "102", Before: []byte(`{"pk":{"S":"a"}}`), After: []byte(`{"pk":{"S":"b"}}`), StoredAt: time.UnixMilli(1772366401500)},
			{Sequence: "103", Before: []byte(`{"pk":{"S":"b"}}`), StoredAt: time.Unix(0, 0)},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: changes (-want +got):\n%s", name, diff)
		}
	}
}

// A batch that can't be handled at all is not answered, so that Lambda sends all of it again.
func TestStreamFunctionFailsAsAWhole(t *testing.T) {
	broken := errors.New("no keys")
	f := &StreamFunction{Handle: func(context.Context, []Change) ([]string, error) { return nil, broken }}
	if out, err := f.Invoke(context.Background(), []byte(streamBatch)); !errors.Is(err, broken) || out != nil {
		t.Errorf("%s, %v", out, err)
	}
	for _, payload := range []string{"", "x", "[]", `{"Records":5}`} {
		if out, err := f.Invoke(context.Background(), []byte(payload)); err == nil {
			t.Errorf("%q was answered %s", payload, out)
		}
	}
	called := 0
	empty := &StreamFunction{Handle: func(_ context.Context, changes []Change) ([]string, error) {
		called += 1 + len(changes)
		return nil, nil
	}}
	if out, err := empty.Invoke(context.Background(), []byte(`{"Records":[]}`)); err != nil || string(out) != `{"batchItemFailures":[]}` || called != 1 {
		t.Errorf("an empty batch: %s, %v", out, err)
	}
}
