package pump

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// A shard is a part of the stream with the place where the pump reads it.
type shard struct {
	id       string
	iterator *string // nil: to be made from the checkpoint
	closed   bool    // read to its end
}

// discover adds the stream's shards that the pump doesn't know yet. A parent comes before its children, so records of one item stay in order.
func (p *Pump) discover(ctx context.Context) error {
	known := map[string]bool{}
	for _, s := range p.shards {
		known[s.id] = true
	}
	input := &dynamodbstreams.DescribeStreamInput{StreamArn: aws.String(p.arn)}
	for {
		answer, err := p.streams.DescribeStream(ctx, input)
		if err != nil {
			return err
		}
		for _, described := range answer.StreamDescription.Shards {
			id := aws.ToString(described.ShardId)
			if known[id] {
				continue
			}
			p.shards = append(p.shards, &shard{id: id})
		}
		input.ExclusiveStartShardId = answer.StreamDescription.LastEvaluatedShardId
		if input.ExclusiveStartShardId == nil {
			return nil
		}
	}
}

// drain hands over all records that the shard has now.
func (p *Pump) drain(ctx context.Context, s *shard) error {
	for !s.closed {
		if err := p.position(ctx, s); err != nil {
			return err
		}
		page, err := p.streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: s.iterator})
		if err != nil {
			s.iterator = nil
			return p.recover(s, err)
		}
		if err := p.handOver(ctx, s, page.Records); err != nil {
			s.iterator = nil // read again from the checkpoint
			return err
		}
		s.iterator = page.NextShardIterator
		s.closed = s.iterator == nil
		if len(page.Records) == 0 {
			return nil
		}
	}
	return nil
}

// recover says which errors of reading only mean that the place has to be looked up again.
func (p *Pump) recover(s *shard, err error) error {
	var expired *types.ExpiredIteratorException
	if errors.As(err, &expired) {
		return nil
	}
	var trimmed *types.TrimmedDataAccessException
	if errors.As(err, &trimmed) {
		delete(p.mark.Shards, s.id)
		return nil
	}
	return err
}

// position makes the shard's iterator: after the checkpoint or, without one, at the oldest record.
func (p *Pump) position(ctx context.Context, s *shard) error {
	if s.iterator != nil {
		return nil
	}
	input := &dynamodbstreams.GetShardIteratorInput{
		StreamArn: aws.String(p.arn), ShardId: aws.String(s.id), ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	}
	if reached, ok := p.mark.Shards[s.id]; ok {
		input.ShardIteratorType, input.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, aws.String(reached)
	}
	answer, err := p.streams.GetShardIterator(ctx, input)
	if err != nil {
		return p.recover(s, err)
	}
	s.iterator = answer.ShardIterator
	return nil
}

// handOver filters the records of a page, hands them over in batches, and notes each batch that is done.
func (p *Pump) handOver(ctx context.Context, s *shard, page []types.Record) error {
	var batch []record
	for _, source := range page {
		r := p.newRecord(source)
		if !p.filter.passes(r.event) {
			continue
		}
		batch = append(batch, r)
		if len(batch) == p.options.Stream.BatchSize {
			if err := p.deliver(ctx, s, batch); err != nil {
				return err
			}
			batch = nil
		}
	}
	if err := p.deliver(ctx, s, batch); err != nil {
		return err
	}
	if len(page) == 0 {
		return nil
	}
	return p.note(s, aws.ToString(page[len(page)-1].Dynamodb.SequenceNumber))
}

// note writes down that the shard is done up to the sequence number.
func (p *Pump) note(s *shard, number string) error {
	if p.mark.Shards[s.id] == number {
		return nil
	}
	p.mark.Shards[s.id] = number
	return p.mark.write(p.options.Checkpoint)
}
