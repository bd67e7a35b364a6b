package replay

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/local/engine"
)

// DueMail finds the item with a due mail that changed last, and returns its key and its image in DynamoDB's JSON; no image if there is none. It looks through the whole table, which only a local one is small enough for. docs/data-model.md names the attributes.
func DueMail(ctx context.Context, endpoint, table string) (pk, sk string, image []byte, err error) {
	pages := dynamodb.NewScanPaginator(engine.Client(endpoint), &dynamodb.ScanInput{
		TableName: aws.String(table), ConsistentRead: aws.Bool(true),
		FilterExpression: aws.String("attribute_exists(mid)"),
	})
	var newest map[string]types.AttributeValue
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", "", nil, fmt.Errorf("the table %s at %s: %w", table, endpoint, err)
		}
		for _, item := range page.Items {
			if newest == nil || changed(item) > changed(newest) {
				newest = item
			}
		}
	}
	if newest == nil {
		return "", "", nil, nil
	}
	pk, sk = textOf(newest["pk"]), textOf(newest["sk"])
	image, err = attributevalue.MarshalMapJSON(newest)
	return pk, sk, image, err
}

func textOf(value types.AttributeValue) string {
	if s, ok := value.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// changed is when the item changed, in Unix milliseconds.
func changed(item map[string]types.AttributeValue) int64 {
	at, ok := item["ua"].(*types.AttributeValueMemberN)
	if !ok {
		return 0
	}
	ms, _ := strconv.ParseInt(at.Value, 10, 64) // 0 for what is no number
	return ms
}
