package stack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/enginetest"
	"github.com/doorstep-auth/doorstep/local/httpapi"
	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/stack"
	"github.com/doorstep-auth/doorstep/local/tryit"
)

// play are the options of a small template with functions of its own, in testdata.
func play(t *testing.T) stack.Options {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return stack.Options{
		Template: filepath.Join(dir, "testdata", "template.yaml"), Functions: "local/stack/testdata/functions",
		Build: filepath.Join(dir, "..", "..", ".local", "build-test"), OnLog: func(l lambdahost.Line) { t.Log(l.Function, l.Text) },
	}
}

func start(t *testing.T, o stack.Options) *stack.Stack {
	t.Helper()
	s, err := stack.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func post(t *testing.T, url string) (int, string) {
	t.Helper()
	answer, err := http.Post(url, "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// mails are the texts in the inbox, in order.
func mails(t *testing.T, s *stack.Stack) []string {
	t.Helper()
	answer, err := http.Get(s.InboxURL + "/store")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var store struct {
		Emails []struct{ Body struct{ Text string } }
	}
	if err := json.NewDecoder(answer.Body).Decode(&store); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, mail := range store.Emails {
		texts = append(texts, mail.Body.Text)
	}
	slices.Sort(texts)
	return texts
}

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for limit := time.Now().Add(5 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("it didn't happen: %s", what)
		}
	}
}

// What is written is mailed once, over restarts of the pump and of everything.
func TestARestartSendsNoMailAgainAndLosesNone(t *testing.T) {
	o := play(t)
	o.Data = t.TempDir()
	s := start(t, o)
	want := []string{"a", "b", "c"}
	for _, id := range want {
		if status, body := post(t, s.APIURL+"/things/"+id); status != 201 || body != id {
			t.Fatalf("%d %s", status, body)
		}
	}
	await(t, "three mails", func() bool { return len(mails(t, s)) == 3 })
	if err := s.RestartPump(context.Background()); err != nil {
		t.Fatal(err)
	}
	post(t, s.APIURL+"/things/d")
	await(t, "the fourth", func() bool { return len(mails(t, s)) == 4 })
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, mails(t, s)); diff != "" {
		t.Error(diff)
	}
	s.Stop()
	again := start(t, o)
	post(t, again.APIURL+"/things/e")
	await(t, "a mail", func() bool { return len(mails(t, again)) > 0 })
	if diff := cmp.Diff([]string{"e"}, mails(t, again)); diff != "" {
		t.Error(diff)
	}
}

func TestFaultsAndThePage(t *testing.T) {
	o := play(t)
	var mu sync.Mutex
	var records []httpapi.Record
	o.OnRequest = func(r httpapi.Record) {
		mu.Lock()
		defer mu.Unlock()
		records = append(records, r)
	}
	o.Page = func(inboxURL string) http.Handler { return tryit.Handler(tryit.Config{InboxURL: inboxURL}) }
	o.FunctionEnvironment = map[string]map[string]string{"things/create": {"SETTINGS": "own"}}
	s := start(t, o)
	for path, want := range map[string]string{
		"/things/slow":     `503 {"message":"Service Unavailable"}`,
		"/things/crash":    `500 {"message":"Internal Server Error"}`,
		"/things/x/y":      `404 {"message":"Not Found"}`,
		"/things/settings": "200 own\n" + s.APIURL + "\nno-reply@doorstep.test",
		"/":                `404 {"message":"Not Found"}`,
	} {
		status, body := post(t, s.APIURL+path)
		if got := fmt.Sprint(status, " ", body); got != want {
			t.Errorf("POST %s: %s", path, got)
		}
	}
	for path, want := range map[string]string{"/": "<!doctype html>", "/tryit/config.json": s.InboxURL} {
		answer, err := http.Get(s.APIURL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if !strings.Contains(string(body), want) {
			t.Errorf("GET %s: %s", path, body)
		}
	}
	if len(records) != 5 {
		t.Errorf("%d requests were told of", len(records))
	}
}

func TestAFunctionThatDoesNotStartStopsEverything(t *testing.T) {
	o := play(t)
	o.FunctionEnvironment = map[string]map[string]string{"things/create": {"INIT_FAULT": `settings: mod: unknown key`}}
	_, err := stack.Start(context.Background(), o)
	var fault *lambdahost.InitError
	if !errors.As(err, &fault) || fault.Message != "settings: mod: unknown key" {
		t.Error(err)
	}
}

func TestATakenPort(t *testing.T) {
	for _, network := range []string{"127.0.0.1:0", "[::1]:0"} {
		listener, err := net.Listen("tcp", network)
		if err != nil {
			t.Skip(err)
		}
		defer listener.Close()
		port := listener.Addr().(*net.TCPAddr).Port
		for variable, choose := range map[string]func(*stack.Options){
			"PORT": func(o *stack.Options) { o.Port = port }, "INBOX_PORT": func(o *stack.Options) { o.InboxPort = port },
		} {
			o := play(t)
			choose(&o)
			_, err := stack.Start(context.Background(), o)
			var taken *stack.PortError
			if !errors.As(err, &taken) || taken.Port != port || taken.Variable != variable || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s on %s: %v", variable, network, err)
			}
		}
	}
}

func TestOverridesMustBeDeclared(t *testing.T) {
	o := play(t)
	o.Environment = map[string]string{"NOBODY_READS": "1"}
	if _, err := stack.Start(context.Background(), o); err == nil || !strings.Contains(err.Error(), "NOBODY_READS") {
		t.Error(err)
	}
	o.Environment = nil
	o.FunctionEnvironment = map[string]map[string]string{"mail/send": {"INIT_FAULT": "1"}}
	if _, err := stack.Start(context.Background(), o); err == nil || !strings.Contains(err.Error(), "mail/send doesn't declare") {
		t.Error(err)
	}
}

func TestTwoRunsCannotShareData(t *testing.T) {
	o := play(t)
	o.Data = t.TempDir()
	start(t, o)
	if _, err := stack.Start(context.Background(), o); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Error(err)
	}
}

func TestAnotherDynamoDBWithoutAStream(t *testing.T) {
	o := play(t)
	o.DynamoDBEndpoint = enginetest.StartDynamoDB(t)
	_, err := engine.Client(o.DynamoDBEndpoint).UpdateTable(context.Background(), &dynamodb.UpdateTableInput{
		TableName: aws.String(engine.TableName), StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(false)},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, o)
	if len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "no mail is sent") || s.DynamoDBEndpoint != o.DynamoDBEndpoint {
		t.Errorf("%q at %s", s.Warnings, s.DynamoDBEndpoint)
	}
}

func TestAnotherDynamoDBThatIsNotThere(t *testing.T) {
	o := play(t)
	o.DynamoDBEndpoint = "http://127.0.0.1:1"
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if _, err := stack.Start(ctx, o); err == nil || !strings.Contains(err.Error(), o.DynamoDBEndpoint) {
		t.Error(err)
	}
}

func TestOnceWorksOnTheDataOfARunningStack(t *testing.T) {
	o := play(t)
	o.Data = t.TempDir()
	event := []byte(`{"version":"2.0","pathParameters":{"id":"once"}}`)
	once := func() {
		t.Helper()
		answer, err := stack.Once(context.Background(), o, "things/create", event)
		if err != nil || !strings.Contains(string(answer), `"statusCode":201`) {
			t.Fatalf("%s %v", answer, err)
		}
	}
	once() // with a database of its own in the directory
	s := start(t, o)
	await(t, "its mail", func() bool { return len(mails(t, s)) == 1 })
	once()
	await(t, "the second", func() bool { return len(mails(t, s)) == 2 })
	if _, err := stack.Once(context.Background(), o, "things/destroy", event); err == nil || !strings.Contains(err.Error(), "no function things/destroy") {
		t.Error(err)
	}
}
