// Command create writes a thing, or misbehaves as its id says.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func main() {
	if fault := os.Getenv("INIT_FAULT"); fault != "" {
		fmt.Fprintln(os.Stderr, fault)
		os.Exit(1)
	}
	lambda.Start(handle)
}

func handle(ctx context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	id := r.PathParameters["id"]
	switch id {
	case "slow":
		time.Sleep(time.Minute)
	case "crash":
		os.Exit(1)
	case "settings":
		return events.APIGatewayV2HTTPResponse{StatusCode: 200, Body: os.Getenv("SETTINGS") + "\n" + os.Getenv("PUBLIC_URL") + "\n" + os.Getenv("MAIL_FROM")}, nil
	}
	client := dynamodb.NewFromConfig(aws.Config{
		Region:      os.Getenv("AWS_REGION"),
		Credentials: credentials.NewStaticCredentialsProvider(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), ""),
	}, func(o *dynamodb.Options) { o.BaseEndpoint = aws.String(os.Getenv("DYNAMODB_ENDPOINT")) })
	_, err := client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: aws.String(os.Getenv("TABLE_NAME")), Item: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: id}},
	})
	return events.APIGatewayV2HTTPResponse{StatusCode: 201, Body: id}, err
}
