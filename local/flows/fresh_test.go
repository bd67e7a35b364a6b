package flows_test

import (
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/stack"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// TestR28FreshInstanceHasNoAccount: whatever profile an instance starts with, after its functions have started, its keys were made and somebody has looked
// at it, there is no user, session or claim in it; and no setting makes one.
func TestR28FreshInstanceHasNoAccount(t *testing.T) {
	rotate, err := os.ReadFile("../../events/keys/rotate.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, profile := range append([]string{""}, settings.Profiles()...) {
		s, err := stack.Start(t.Context(), stack.Options{Settings: profile})
		if err != nil {
			t.Fatalf("profile %q: %v", profile, err)
		}
		t.Cleanup(s.Stop)
		if _, err := s.Once(t.Context(), "keys/rotate", rotate); err != nil {
			t.Fatal(err)
		}
		look(t, http.MethodGet, s.APIURL+"/v1/environment")
		look(t, http.MethodGet, s.APIURL+"/v1/client")
		look(t, http.MethodPost, s.APIURL+"/v1/client")
		// The one item is the client that the last call made.
		if diff := cmp.Diff(map[string]int{"client": 1}, itemTypes(t, s)); diff != "" {
			t.Errorf("profile %q: items (-want +got):\n%s", profile, diff)
		}
	}
	for _, key := range []string{"users", "accounts", "admin", "operator", "password.default", "bootstrap"} {
		if _, err := settings.Parse([]byte(`{"` + key + `":{"email_address":"admin@example.com","password":"admin"}}`)); err == nil {
			t.Errorf("the setting %s is accepted", key)
		}
	}
	about := []string{"accounts", "limits.sign_ins_per_account_hour"} // a family of operations, and a limit
	for _, key := range settings.Keys() {
		if slices.Contains(about, key.Name) {
			continue
		}
		if last := key.Name[strings.LastIndex(key.Name, ".")+1:]; strings.Contains(last, "account") || strings.Contains(last, "admin") {
			t.Errorf("does %s make an account?", key.Name)
		}
	}
}

func look(t *testing.T, method, address string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if body, _ := io.ReadAll(got.Body); got.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s %s", method, address, got.Status, body)
	}
}

// itemTypes counts the table's items by type.
func itemTypes(t *testing.T, s *stack.Stack) map[string]int {
	t.Helper()
	counts := map[string]int{}
	pages := dynamodb.NewScanPaginator(engine.Client(s.DynamoDBEndpoint), &dynamodb.ScanInput{TableName: aws.String(engine.TableName)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var items []struct {
			Type string `dynamodbav:"ty"`
		}
		if err := attributevalue.UnmarshalListOfMaps(page.Items, &items); err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			counts[item.Type]++
		}
	}
	return counts
}
