package pump

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// A record is a stream record as Lambda hands it to a function.
type record struct {
	event   map[string]any
	number  string // its sequence number
	created time.Time
}

func (p *Pump) newRecord(source types.Record) record {
	data := source.Dynamodb
	r := record{number: aws.ToString(data.SequenceNumber), created: aws.ToTime(data.ApproximateCreationDateTime)}
	change := map[string]any{
		"ApproximateCreationDateTime": r.created.Unix(),
		"Keys":                        image(data.Keys),
		"SequenceNumber":              r.number,
		"SizeBytes":                   aws.ToInt64(data.SizeBytes),
		"StreamViewType":              data.StreamViewType,
	}
	if data.NewImage != nil {
		change["NewImage"] = image(data.NewImage)
	}
	if data.OldImage != nil {
		change["OldImage"] = image(data.OldImage)
	}
	r.event = map[string]any{
		"eventID": aws.ToString(source.EventID), "eventName": string(source.EventName), "eventVersion": aws.ToString(source.EventVersion),
		"eventSource": "aws:dynamodb", "awsRegion": p.options.Config.Region, "eventSourceARN": p.arn, "dynamodb": change,
	}
	if who := source.UserIdentity; who != nil {
		r.event["userIdentity"] = map[string]any{"type": aws.ToString(who.Type), "principalId": aws.ToString(who.PrincipalId)}
	}
	return r
}

func image(item map[string]types.AttributeValue) map[string]any {
	out := make(map[string]any, len(item))
	for name, value := range item {
		out[name] = attribute(value)
	}
	return out
}

// attribute is DynamoDB's JSON form of a value: a map of its type and itself. Bytes become base64 when it is marshalled.
func attribute(value types.AttributeValue) map[string]any {
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": value.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": value.Value}
	case *types.AttributeValueMemberB:
		return map[string]any{"B": value.Value}
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": value.Value}
	case *types.AttributeValueMemberNULL:
		return map[string]any{"NULL": value.Value}
	case *types.AttributeValueMemberSS:
		return map[string]any{"SS": value.Value}
	case *types.AttributeValueMemberNS:
		return map[string]any{"NS": value.Value}
	case *types.AttributeValueMemberBS:
		return map[string]any{"BS": value.Value}
	case *types.AttributeValueMemberM:
		return map[string]any{"M": image(value.Value)}
	case *types.AttributeValueMemberL:
		list := make([]map[string]any, len(value.Value))
		for i, item := range value.Value {
			list[i] = attribute(item)
		}
		return map[string]any{"L": list}
	}
	return nil
}
