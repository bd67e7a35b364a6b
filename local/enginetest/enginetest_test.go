package enginetest_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/enginetest"
)

// Many tests start engines at once: each must get one of its own.
func TestStartDynamoDBIsFreshForEachTest(t *testing.T) {
	for range 8 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			client := engine.Client(enginetest.StartDynamoDB(t))
			item := map[string]types.AttributeValue{
				"pk": &types.AttributeValueMemberS{Value: "a"}, "sk": &types.AttributeValueMemberS{Value: "b"},
			}
			_, err := client.PutItem(context.Background(), &dynamodb.PutItemInput{
				TableName: aws.String(enginetest.TableName), Item: item, ConditionExpression: aws.String("attribute_not_exists(pk)"),
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestStartDynamoDBMakesTheTableOfTheTemplate(t *testing.T) {
	client := engine.Client(enginetest.StartDynamoDB(t))
	table, err := client.DescribeTable(context.Background(), &dynamodb.DescribeTableInput{TableName: aws.String(enginetest.TableName)})
	if err != nil {
		t.Fatal(err)
	}
	if got := table.Table.StreamSpecification.StreamViewType; got != types.StreamViewTypeNewAndOldImages {
		t.Errorf("the stream has %s", got)
	}
	ttl, err := client.DescribeTimeToLive(context.Background(), &dynamodb.DescribeTimeToLiveInput{TableName: aws.String(enginetest.TableName)})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(ttl.TimeToLiveDescription.AttributeName); got != "ttl" {
		t.Errorf("TTL is on %q", got)
	}
}

func TestStartSESHasAStore(t *testing.T) {
	answer, err := http.Get(enginetest.StartSES(t) + "/store")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("the store answers %s", answer.Status)
	}
}
