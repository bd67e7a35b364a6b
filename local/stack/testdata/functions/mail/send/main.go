// Command send mails the key of each item that is written.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() { lambda.Start(handle) }

func handle(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	var answer events.DynamoDBEventResponse
	for _, r := range e.Records {
		if err := send(ctx, r.Change.Keys["pk"].String()); err != nil {
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: r.Change.SequenceNumber})
		}
	}
	return answer, nil
}

func send(ctx context.Context, text string) error {
	content := map[string]any{"Data": text}
	mail, err := json.Marshal(map[string]any{
		"FromEmailAddress": os.Getenv("MAIL_FROM"), "Destination": map[string]any{"ToAddresses": []string{"a@example.com"}},
		"Content": map[string]any{"Simple": map[string]any{"Subject": content, "Body": map[string]any{"Text": content}}},
	})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, os.Getenv("SES_ENDPOINT")+"/v2/email/outbound-emails", strings.NewReader(string(mail)))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 local")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s", response.Status)
	}
	return nil
}
