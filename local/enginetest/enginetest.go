// Package enginetest gives tests of any package of the module real engines: a DynamoDB with the table that template.yaml describes, and an SES.
package enginetest

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/template"
)

// TableName is the name of the table that StartDynamoDB makes.
const TableName = engine.TableName

// StartDynamoDB starts a fresh DynamoDB in memory that has the table TableName, empty, and stops it when the test ends. It takes some 10 ms, so a
// test can have one of its own. The endpoint is a URL such as http://127.0.0.1:40001; the region is engine.Region, and any credentials do.
func StartDynamoDB(t testing.TB) (endpoint string) {
	t.Helper()
	e, err := engine.StartDynamoDB(context.Background(), engine.DynamoDBOptions{Root: root(t)})
	if err != nil {
		t.Fatalf("start a DynamoDB: %v", err)
	}
	t.Cleanup(e.Stop)
	CreateTable(t, e.Endpoint, TableName)
	return e.Endpoint
}

// StartSES starts an SES without mails and stops it when the test ends. It takes about a second: share one between tests. Its mails are at
// endpoint + "/store" as JSON; POST endpoint + "/clear-store" forgets them.
func StartSES(t testing.TB) (endpoint string) {
	t.Helper()
	e, err := engine.StartSES(context.Background(), engine.SESOptions{Root: root(t)})
	if err != nil {
		t.Fatalf("start an SES: %v", err)
	}
	t.Cleanup(e.Stop)
	return e.Endpoint
}

// CreateTable makes another table as template.yaml describes it, called name, in the DynamoDB at endpoint.
func CreateTable(t testing.TB, endpoint, name string) {
	t.Helper()
	stack, err := template.Read(filepath.Join(root(t), "template.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(stack.Tables) != 1 {
		t.Fatalf("template.yaml has %d tables, not 1", len(stack.Tables))
	}
	table := stack.Tables[0]
	if err := engine.CreateTable(context.Background(), endpoint, table.CreateInput(name), table.TTLAttribute); err != nil {
		t.Fatalf("create the table: %v", err)
	}
}

func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	root, err := engine.FindRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	return root
}
