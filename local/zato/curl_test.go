// Package zato_test drives the sso family over HTTP against the whole stack: with the calls that Zato's documentation prints, with curl and as they stand, and
// with the published Python client.
package zato_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/stack"
)

// printed are the documented calls, in an order in which each finds what it needs. <…> stands for what can't be known beforehand: tokens and ids, and the
// passwords of the sign-ups, which must be those of the log-in.
var printed = []struct{ page, command string }{
	{"sso/api/rest/user/signup", `curl -XPOST "localhost:17010/zato/sso/user/signup" -d '
{
  "username":"my.username",
  "password":"<password>",
  "email":"my.username@example.com",
  "current_app":"CRM",
  "app_list":["CRM"]
}'`},
	{"sso/topic/user/signup", `curl -XPOST localhost:11223/zato/sso/user/signup -d '
{
"username": "user1",
"password": "<password>",
"email": "user1@example.com",
"current_app": "CRM",
"app_list": ["CRM", "ERP"]
}
'`},
	{"sso/api/rest/user/confirm-signup", `curl -XPOST "localhost:17010/zato/sso/user/signup/confirm" -d '
{
  "confirm_token":"<confirm_token>",
  "current_app":"CRM"
}'`},
	{"sso/api/rest/user/login", `curl -XPOST localhost:17010/zato/sso/user/login -d '
  {
  "username":     "user1",
  "password":     "SD:n25a9-?Z8e-49bQ  D%",
  "current_app":  "CRM"
  }'`},
	{"sso/api/rest/user/login, as a super-user", `curl -XPOST localhost:17010/zato/sso/user/login -d '
  {
  "username":     "chief",
  "password":     "SD:n25a9-?Z8e-49bQ  D%",
  "current_app":  "CRM"
  }'`},
	{"sso/api/rest/user/approve", `curl -XPOST localhost:17010/zato/sso/user/approve -d '
  {
    "ust": "<ust>",
    "user_id": "<user_id>",
    "current_app": "CRM"
  }
  '`},
	{"sso/api/rest/user/reject", `curl -XPOST localhost:17010/zato/sso/user/reject -d '
  {
    "ust": "<ust>",
    "user_id": "<user_id>",
    "current_app": "CRM"
  }
  '`},
}

const password = "SD:n25a9-?Z8e-49bQ  D%"

// TestPrintedCalls runs them under the profile that is the documented behaviour.
func TestPrintedCalls(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("needs curl")
	}
	s, err := stack.Start(t.Context(), stack.Options{Data: t.TempDir(), Settings: "zato"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	if _, err := s.Once(t.Context(), "sso/operator", []byte(`{"username": "chief", "password": "`+password+`"}`)); err != nil {
		t.Fatal(err)
	}
	known := map[string]string{"password": password}
	for _, call := range printed {
		answer := run(t, s, call.command, known)
		if answer["status"] != "ok" || len(answer["cid"]) != 24 {
			t.Fatalf("%s: %v", call.page, answer)
		}
		for name, value := range answer {
			known[name] = value
		}
		known["user_id"] = signedUp(t, s)
	}
}

// signedUp is the id of a user who signed up, as the records of the attempts have it.
func signedUp(t *testing.T, s *stack.Stack) string {
	t.Helper()
	out, err := engine.Client(s.DynamoDBEndpoint).Scan(t.Context(), &dynamodb.ScanInput{
		TableName: aws.String(engine.TableName), FilterExpression: aws.String("op = :op"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":op": &types.AttributeValueMemberS{Value: "sso/signup"}},
	})
	if err != nil || len(out.Items) == 0 {
		t.Fatalf("%d records of sign-ups, %v", len(out.Items), err)
	}
	user, _ := out.Items[0]["us"].(*types.AttributeValueMemberS)
	if user == nil {
		t.Fatalf("the record names nobody: %v", out.Items[0])
	}
	return user.Value
}

// run sends a printed call to the stack.
func run(t *testing.T, s *stack.Stack, command string, known map[string]string) map[string]string {
	t.Helper()
	api := strings.TrimPrefix(s.APIURL, "http://")
	command = strings.NewReplacer("localhost:17010", api, "localhost:11223", api).Replace(command)
	for name, value := range known {
		command = strings.ReplaceAll(command, "<"+name+">", value)
	}
	shell := exec.CommandContext(t.Context(), "sh", "-c", "curl() { command curl --silent --show-error \"$@\"; }\n"+command)
	out, err := shell.Output()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	var answer map[string]string
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("%s answered %s", command, out)
	}
	return answer
}
