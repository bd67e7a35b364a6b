// Command note prints the key of each item that is written, and when its schedule invokes it.
package main

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() { lambda.Start(handle) }

func handle(event json.RawMessage) (events.DynamoDBEventResponse, error) {
	var batch events.DynamoDBEvent
	var scheduled events.EventBridgeEvent
	if json.Unmarshal(event, &batch) == nil && batch.Records != nil {
		for _, r := range batch.Records {
			fmt.Println("noted", r.Change.Keys["pk"].String())
		}
		return events.DynamoDBEventResponse{}, nil
	}
	err := json.Unmarshal(event, &scheduled)
	fmt.Println("scheduled by", scheduled.Source, scheduled.Resources[0])
	return events.DynamoDBEventResponse{}, err
}
