package pump_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/enginetest"
	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/pump"
	"github.com/doorstep-auth/doorstep/local/template"
)

type streamRecord struct {
	EventName string `json:"eventName"`
	DynamoDB  struct {
		Keys           map[string]map[string]string
		NewImage       map[string]map[string]string
		OldImage       map[string]map[string]string
		SequenceNumber string
	} `json:"dynamodb"`
}

func (r streamRecord) key() string { return r.DynamoDB.Keys["pk"]["S"] }

// consumer is a function that keeps what it gets and answers what its test says.
type consumer struct {
	answer func(keys []string, records []streamRecord) (string, error)

	mu      sync.Mutex
	batches [][]string // the keys of each invocation
	raw     [][]byte
}

func (c *consumer) Invoke(ctx context.Context, payload []byte, _ string) (lambdahost.Result, error) {
	var event struct{ Records []streamRecord }
	if err := json.Unmarshal(payload, &event); err != nil {
		return lambdahost.Result{}, err
	}
	var keys []string
	for _, r := range event.Records {
		keys = append(keys, r.key())
	}
	answer, err := `{"batchItemFailures":[]}`, error(nil)
	if c.answer != nil {
		answer, err = c.answer(keys, event.Records)
	}
	c.mu.Lock()
	c.batches, c.raw = append(c.batches, keys), append(c.raw, payload)
	c.mu.Unlock()
	if ctx.Err() != nil {
		return lambdahost.Result{}, ctx.Err()
	}
	return lambdahost.Result{Payload: []byte(answer)}, err
}

func (c *consumer) seen() [][]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.batches)
}

// keys are all that came, in order.
func (c *consumer) keys() []string { return slices.Concat(c.seen()...) }

type bench struct {
	endpoint, dir string
	options       pump.Options
}

func newBench(t *testing.T, c *consumer, change func(*template.Stream)) *bench {
	t.Helper()
	b := &bench{endpoint: enginetest.StartDynamoDB(t), dir: t.TempDir()}
	stream := template.Stream{
		Event: "TableStream", StartingPosition: "TRIM_HORIZON", BatchSize: 10, MaximumRetryAttempts: -1, ReportBatchItemFailures: true,
		Filters: []string{`{"dynamodb":{"NewImage":{"mid":{"S":[{"exists":true}]}}}}`},
	}
	if change != nil {
		change(&stream)
	}
	b.options = pump.Options{
		Config: engine.Config(), Endpoint: b.endpoint, Table: enginetest.TableName, Function: "mail/send", Invoker: c, Stream: stream,
		Checkpoint: filepath.Join(b.dir, "checkpoint.json"), DeadLetters: filepath.Join(b.dir, "dead-letters.jsonl"),
		Interval: 10 * time.Millisecond, Backoff: time.Millisecond,
		OnTrouble: func(err error) { t.Log(err) },
	}
	return b
}

func (b *bench) start(t *testing.T) *pump.Pump {
	t.Helper()
	p, err := pump.Start(context.Background(), b.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(context.Background()) })
	return p
}

func (b *bench) put(t *testing.T, key string, mid ...string) {
	t.Helper()
	item := map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: key}, "sk": &types.AttributeValueMemberS{Value: "-"},
	}
	if len(mid) > 0 {
		item["mid"] = &types.AttributeValueMemberS{Value: mid[0]}
	}
	_, err := engine.Client(b.endpoint).PutItem(context.Background(), &dynamodb.PutItemInput{TableName: aws.String(enginetest.TableName), Item: item})
	if err != nil {
		t.Fatal(err)
	}
}

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for limit := time.Now().Add(10 * time.Second); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("it didn't happen: %s", what)
		}
	}
}

func TestEventIsWhatLambdaSends(t *testing.T) {
	c := &consumer{}
	b := newBench(t, c, nil)
	b.put(t, "a", "m1")
	b.put(t, "a", "m2")
	b.start(t)
	await(t, "two records", func() bool { return len(c.keys()) == 2 })
	var event struct{ Records []map[string]any }
	if err := json.Unmarshal(c.raw[0], &event); err != nil {
		t.Fatal(err)
	}
	got := event.Records[1]
	change := got["dynamodb"].(map[string]any)
	if seconds, _ := change["ApproximateCreationDateTime"].(float64); time.Since(time.Unix(int64(seconds), 0)) > time.Minute {
		t.Errorf("created at %v", change["ApproximateCreationDateTime"])
	}
	if arn, _ := got["eventSourceARN"].(string); !strings.Contains(arn, "table/"+enginetest.TableName+"/stream/") {
		t.Errorf("eventSourceARN %q", arn)
	}
	for _, member := range []string{"eventID", "eventSourceARN"} {
		delete(got, member)
	}
	for _, member := range []string{"ApproximateCreationDateTime", "SizeBytes", "SequenceNumber"} {
		delete(change, member)
	}
	item := func(mid string) map[string]any {
		return map[string]any{"pk": map[string]any{"S": "a"}, "sk": map[string]any{"S": "-"}, "mid": map[string]any{"S": mid}}
	}
	want := map[string]any{
		"eventName": "MODIFY", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
		"dynamodb": map[string]any{
			"Keys":     map[string]any{"pk": map[string]any{"S": "a"}, "sk": map[string]any{"S": "-"}},
			"NewImage": item("m2"), "OldImage": item("m1"), "StreamViewType": "NEW_AND_OLD_IMAGES",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFilteredInBatchesInOrder(t *testing.T) {
	c := &consumer{}
	b := newBench(t, c, func(s *template.Stream) { s.BatchSize = 5 })
	var want []string
	for i := range 24 {
		key := fmt.Sprintf("k%02d", i)
		if i%2 == 0 {
			b.put(t, key, "m")
			want = append(want, key)
			continue
		}
		b.put(t, key)
	}
	b.start(t)
	await(t, "all records", func() bool { return len(c.keys()) >= len(want) })
	if diff := cmp.Diff([][]string{want[:5], want[5:10], want[10:]}, c.seen()); diff != "" {
		t.Error(diff)
	}
}

func TestARecordComesSoon(t *testing.T) {
	c := &consumer{}
	b := newBench(t, c, nil)
	b.options.Interval = time.Minute
	p := b.start(t)
	time.Sleep(50 * time.Millisecond)
	b.put(t, "a", "m")
	began := time.Now()
	p.Wake()
	await(t, "the record", func() bool { return len(c.keys()) == 1 })
	if took := time.Since(began); took > 250*time.Millisecond {
		t.Errorf("it took %s", took)
	}
}

func TestARestartNeitherSendsAgainNorLoses(t *testing.T) {
	c := &consumer{}
	b := newBench(t, c, nil)
	var want []string
	for round := range 4 {
		p := b.start(t)
		for i := range 9 {
			key := fmt.Sprintf("r%dk%d", round, i)
			want = append(want, key)
			b.put(t, key, "m")
			if i == 4 {
				p.Stop(context.Background()) // the rest is written while no pump runs
			}
		}
	}
	b.start(t)
	await(t, "all records", func() bool { return len(c.keys()) >= len(want) })
	time.Sleep(50 * time.Millisecond)
	if diff := cmp.Diff(want, c.keys()); diff != "" {
		t.Error(diff)
	}
}

func TestAStopWaitsForTheBatchInWork(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	c := &consumer{answer: func([]string, []streamRecord) (string, error) {
		close(entered)
		<-leave
		return `{}`, nil
	}}
	b := newBench(t, c, nil)
	p := b.start(t)
	b.put(t, "a", "m")
	<-entered
	time.AfterFunc(50*time.Millisecond, func() { close(leave) })
	p.Stop(context.Background())
	c.answer = nil
	b.put(t, "b", "m")
	b.start(t)
	await(t, "the second record", func() bool { return slices.Contains(c.keys(), "b") })
	if diff := cmp.Diff([]string{"a", "b"}, c.keys()); diff != "" {
		t.Error(diff)
	}
}

// After a partial failure only the records from the first failed one on come again.
func TestPartialFailure(t *testing.T) {
	failures := 0
	c := &consumer{answer: func(keys []string, records []streamRecord) (string, error) {
		index := slices.Index(keys, "c")
		if index < 0 || failures == 2 {
			return `{"batchItemFailures":[]}`, nil
		}
		failures++
		return fmt.Sprintf(`{"batchItemFailures":[{"itemIdentifier":%q}]}`, records[index].DynamoDB.SequenceNumber), nil
	}}
	b := newBench(t, c, nil)
	for _, key := range []string{"a", "b", "c", "d"} {
		b.put(t, key, "m")
	}
	b.start(t)
	await(t, "three invocations", func() bool { return len(c.seen()) == 3 })
	if diff := cmp.Diff([][]string{{"a", "b", "c", "d"}, {"c", "d"}, {"c", "d"}}, c.seen()); diff != "" {
		t.Error(diff)
	}
}

func TestWhatStaysBroken(t *testing.T) {
	broken := func(keys []string, _ []streamRecord) (string, error) {
		if slices.Contains(keys, "b") {
			return "", errors.New("broken")
		}
		return `{}`, nil
	}
	for _, test := range []struct {
		name   string
		change func(*template.Stream)
		want   [][]string
		size   float64 // of the dead letter
	}{
		{"without bisection the batch is given up", nil, [][]string{{"a", "b", "c"}, {"a", "b", "c"}, {"d"}}, 3},
		{"with bisection the record is", func(s *template.Stream) { s.BisectBatchOnFunctionError = true },
			[][]string{{"a", "b", "c"}, {"a"}, {"b", "c"}, {"b"}, {"b"}, {"c"}, {"d"}}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &consumer{answer: broken}
			b := newBench(t, c, func(s *template.Stream) {
				s.BatchSize, s.MaximumRetryAttempts = 3, 1
				if test.change != nil {
					test.change(s)
				}
			})
			for _, key := range []string{"a", "b", "c", "d"} {
				b.put(t, key, "m")
			}
			b.start(t)
			await(t, "the record after it", func() bool { return slices.Contains(c.keys(), "d") })
			if diff := cmp.Diff(test.want, c.seen()); diff != "" {
				t.Error(diff)
			}
			letters, err := os.ReadFile(b.options.DeadLetters)
			if err != nil {
				t.Fatal(err)
			}
			var letter struct{ DDBStreamBatchInfo map[string]any }
			if err := json.Unmarshal(letters, &letter); err != nil {
				t.Fatalf("%v: %s", err, letters)
			}
			if got := letter.DDBStreamBatchInfo["batchSize"]; got != test.size {
				t.Errorf("%v records were given up", got)
			}
		})
	}
}

func TestARecordThatIsTooOldIsGivenUp(t *testing.T) {
	c := &consumer{answer: func(keys []string, _ []streamRecord) (string, error) {
		if slices.Contains(keys, "a") {
			return "", errors.New("broken")
		}
		return `{}`, nil
	}}
	b := newBench(t, c, func(s *template.Stream) { s.BatchSize, s.MaximumRecordAge = 1, time.Second })
	b.put(t, "a", "m")
	b.put(t, "b", "m")
	b.start(t)
	await(t, "the next record", func() bool { return slices.Contains(c.keys(), "b") })
}

func TestAnAnswerThatIsNoBatchResponseFailsTheBatch(t *testing.T) {
	answers := []string{`[]`, `{"batchItemFailures":[{"itemIdentifier":"nothing"}]}`, `{"batchItemFailures":[{"itemIdentifier":""}]}`, `null`}
	calls := 0
	c := &consumer{answer: func([]string, []streamRecord) (string, error) {
		calls++
		return answers[calls-1], nil
	}}
	b := newBench(t, c, nil)
	b.put(t, "a", "m")
	b.start(t)
	await(t, "four invocations", func() bool { return len(c.seen()) == len(answers) })
}

func TestNoStream(t *testing.T) {
	b := newBench(t, &consumer{}, nil)
	_, err := engine.Client(b.endpoint).UpdateTable(context.Background(), &dynamodb.UpdateTableInput{
		TableName: aws.String(enginetest.TableName), StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(false)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pump.Start(context.Background(), b.options); !errors.Is(err, pump.ErrNoStream) {
		t.Error(err)
	}
}

func TestADamagedCheckpoint(t *testing.T) {
	b := newBench(t, &consumer{}, nil)
	if err := os.WriteFile(b.options.Checkpoint, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pump.Start(context.Background(), b.options); err == nil || !strings.Contains(err.Error(), "make clean") {
		t.Error(err)
	}
}

// A new database has new numbers: the checkpoint of the old one would hide its records.
func TestACheckpointOfAnotherStream(t *testing.T) {
	c := &consumer{}
	b := newBench(t, c, nil)
	mark := `{"stream":"arn:of:another","shards":{"shardId-00000001-` + enginetest.TableName + `":"1000"}}`
	if err := os.WriteFile(b.options.Checkpoint, []byte(mark), 0o600); err != nil {
		t.Fatal(err)
	}
	b.put(t, "a", "m")
	b.start(t)
	await(t, "the record", func() bool { return len(c.keys()) == 1 })
}
