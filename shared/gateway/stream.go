package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Change is one record of the table's stream. Before and After are the item's
// images in DynamoDB's JSON; Before is empty for a new item, After for a removed one.
type Change struct {
	Sequence string // names the record in StreamFunction's answer
	Before   []byte
	After    []byte
	StoredAt time.Time
}

// StreamFunction is what a Lambda function on the table's stream runs. Handle
// returns the sequence numbers of the changes that must come again.
type StreamFunction struct {
	Handle func(context.Context, []Change) (again []string, err error)
}

// streamEvent is the part of a DynamoDB stream event that is used. The images
// stay as they came: only package table knows their layout.
type streamEvent struct {
	Records []struct {
		Change struct {
			Stored         float64         `json:"ApproximateCreationDateTime"`
			SequenceNumber string          `json:"SequenceNumber"`
			OldImage       json.RawMessage `json:"OldImage"`
			NewImage       json.RawMessage `json:"NewImage"`
		} `json:"dynamodb"`
	} `json:"Records"`
}

type batchFailure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

// Invoke handles one batch and answers which of its records failed (partial batch response).
func (f *StreamFunction) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var event streamEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, fmt.Errorf("gateway: not a stream event: %w", err)
	}
	changes := make([]Change, len(event.Records))
	for i, record := range event.Records {
		changes[i] = Change{
			Sequence: record.Change.SequenceNumber, Before: record.Change.OldImage, After: record.Change.NewImage,
			StoredAt: time.UnixMilli(int64(record.Change.Stored * 1000)),
		}
	}
	again, err := f.Handle(ctx, changes)
	if err != nil {
		return nil, err
	}
	answer := struct {
		Failures []batchFailure `json:"batchItemFailures"`
	}{Failures: []batchFailure{}}
	for _, sequence := range again {
		answer.Failures = append(answer.Failures, batchFailure{sequence})
	}
	return json.Marshal(answer)
}
