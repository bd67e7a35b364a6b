package pump

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// A verdict is what came of one invocation.
type verdict struct {
	failed  int  // index of the first record that is still to be done; the batch's length if there is none
	partial bool // the function named the failed records itself
	err     error
}

// deliver invokes the function until each record is done or given up. The error is ctx's, or that of writing the checkpoint.
func (p *Pump) deliver(ctx context.Context, s *shard, batch []record) error {
	for attempt := 1; len(batch) > 0; attempt++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		v, report := p.invoke(ctx, batch)
		if v.failed > 0 {
			if err := p.note(s, batch[v.failed-1].number); err != nil {
				return err
			}
			batch, attempt = batch[v.failed:], 1
		}
		lost := p.hopeless(batch, v, attempt)
		report.GivenUp = lost
		p.options.OnBatch(report)
		switch {
		case len(batch) == 0:
		case lost > 0:
			if err := p.giveUp(s, batch[:lost], attempt, v.err); err != nil {
				return err
			}
			batch, attempt = batch[lost:], 0
		case p.options.Stream.BisectBatchOnFunctionError && !v.partial && len(batch) > 1:
			half := len(batch) / 2
			if err := p.deliver(ctx, s, batch[:half]); err != nil {
				return err
			}
			batch, attempt = batch[half:], 0
		default:
			p.backOff(ctx, attempt)
		}
	}
	return nil
}

func (p *Pump) invoke(ctx context.Context, batch []record) (verdict, Batch) {
	events := make([]map[string]any, len(batch))
	for i := range batch {
		events[i] = batch[i].event
	}
	began := time.Now()
	payload, err := json.Marshal(map[string]any{"Records": events})
	v := verdict{err: err}
	if err == nil {
		// A batch in work is finished even when the pump is being stopped.
		result, err := p.options.Invoker.Invoke(context.WithoutCancel(ctx), payload, "")
		v = p.judge(batch, result.Payload, err)
	}
	return v, Batch{
		Function: p.options.Function, Records: len(batch), Failed: len(batch) - v.failed, Duration: time.Since(began),
		Age: began.Sub(batch[0].created), Err: v.err,
	}
}

// hopeless says how many records at the head of a failed batch are given up. With a way to tell the failed record from the rest that is one.
func (p *Pump) hopeless(batch []record, v verdict, attempt int) int {
	switch {
	case len(batch) == 0 || !p.exhausted(batch[0], attempt):
		return 0
	case v.partial || p.options.Stream.BisectBatchOnFunctionError:
		return 1
	}
	return len(batch)
}

// judge reads the function's answer. With ReportBatchItemFailures it names the records that failed; all from the first of them on are done again.
func (p *Pump) judge(batch []record, answer []byte, err error) verdict {
	if err != nil {
		return verdict{err: err}
	}
	if !p.options.Stream.ReportBatchItemFailures {
		return verdict{failed: len(batch)}
	}
	var body struct {
		Failures []struct {
			Item string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(answer, &body); err != nil {
		return verdict{err: errors.New("the answer isn't a batch response")}
	}
	v := verdict{failed: len(batch)}
	for _, failure := range body.Failures {
		index := indexOf(batch, failure.Item)
		if index < 0 {
			return verdict{err: fmt.Errorf("the answer names no record of the batch: %q", failure.Item)}
		}
		v.failed, v.partial = min(v.failed, index), true
	}
	return v
}

func indexOf(batch []record, number string) int {
	for i := range batch {
		if batch[i].number == number {
			return i
		}
	}
	return -1
}

// exhausted says whether a record that failed is not to be tried again.
func (p *Pump) exhausted(r record, attempt int) bool {
	o := p.options.Stream
	if o.MaximumRecordAge > 0 && time.Since(r.created) > o.MaximumRecordAge {
		return true
	}
	return o.MaximumRetryAttempts >= 0 && attempt > o.MaximumRetryAttempts
}

func (p *Pump) backOff(ctx context.Context, attempt int) {
	wait := p.options.Backoff << min(attempt-1, 10)
	select {
	case <-time.After(min(wait, 100*p.options.Backoff)):
	case <-ctx.Done():
	}
}

// giveUp names the records in the dead-letter file, in the shape of Lambda's own failure destinations: it has no item, so no address either.
func (p *Pump) giveUp(s *shard, batch []record, attempts int, cause error) error {
	last := batch[len(batch)-1]
	if p.options.DeadLetters != "" {
		condition := "RetryAttemptsExhausted"
		if attempts <= p.options.Stream.MaximumRetryAttempts || p.options.Stream.MaximumRetryAttempts < 0 {
			condition = "EventAgeExceeded"
		}
		letter := map[string]any{
			"version": "1.0", "timestamp": time.Now().UTC().Format(time.RFC3339Nano),
			"requestContext": map[string]any{"functionName": p.options.Function, "condition": condition, "approximateInvokeCount": attempts},
			"DDBStreamBatchInfo": map[string]any{
				"shardId": s.id, "startSequenceNumber": batch[0].number, "endSequenceNumber": last.number, "batchSize": len(batch), "streamArn": p.arn,
			},
		}
		if cause != nil {
			letter["error"] = cause.Error()
		}
		if err := appendLine(p.options.DeadLetters, letter); err != nil {
			return err
		}
	}
	return p.note(s, last.number)
}

func appendLine(path string, value any) error {
	line, err := json.Marshal(value)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}
