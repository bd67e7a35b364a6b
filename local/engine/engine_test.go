package engine_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/template"
)

const root = "../.."

func port(t *testing.T, e *engine.Engine) int {
	t.Helper()
	u, err := url.Parse(e.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDataLasts(t *testing.T) {
	stack, err := template.Read(filepath.Join(root, "template.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	table := stack.Tables[0]
	o := engine.DynamoDBOptions{Root: root, Path: filepath.Join(t.TempDir(), "data.db")}
	for range 2 {
		e, err := engine.StartDynamoDB(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Stop()
		// The second time the table is there already.
		if err := engine.CreateTable(context.Background(), e.Endpoint, table.CreateInput("one"), table.TTLAttribute); err != nil {
			t.Fatal(err)
		}
		tables, err := engine.Client(e.Endpoint).ListTables(context.Background(), &dynamodb.ListTablesInput{Limit: aws.Int32(10)})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"one"}, tables.TableNames); diff != "" {
			t.Error(diff)
		}
		e.Stop()
	}
}

func TestTakenPorts(t *testing.T) {
	database, err := engine.StartDynamoDB(context.Background(), engine.DynamoDBOptions{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	defer database.Stop()
	if _, err := engine.StartDynamoDB(context.Background(), engine.DynamoDBOptions{Root: root, Port: port(t, database)}); !errors.Is(err, engine.ErrPortTaken) {
		t.Errorf("DynamoDB: %v", err)
	}
	if _, err := engine.StartSES(context.Background(), engine.SESOptions{Root: root, Port: port(t, database)}); !errors.Is(err, engine.ErrPortTaken) {
		t.Errorf("SES: %v", err)
	}
}

// Somebody may take a free port between the look and the start.
func TestAPortThatIsTakenMeanwhile(t *testing.T) {
	taken, err := engine.StartDynamoDB(context.Background(), engine.DynamoDBOptions{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Stop()
	picks := []int{port(t, taken), port(t, taken), 7}
	pick := func() (int, error) {
		n := picks[0]
		picks = picks[1:]
		return n, nil
	}
	_, err = engine.StartSomewhere(pick, func(n int) (*engine.Engine, error) {
		if n == 7 {
			return nil, nil
		}
		return engine.StartDynamoDB(context.Background(), engine.DynamoDBOptions{Root: root, Port: n})
	})
	if err != nil || len(picks) > 0 {
		t.Errorf("%v with %d picks left", err, len(picks))
	}
}

func TestAnEngineThatEndsIsNoticed(t *testing.T) {
	e, err := engine.StartDynamoDB(context.Background(), engine.DynamoDBOptions{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	e.Stop()
	select {
	case <-e.Done():
	default:
		t.Error("Done isn't closed")
	}
}

func TestNotInstalled(t *testing.T) {
	empty := t.TempDir()
	if _, err := engine.StartDynamoDB(context.Background(), engine.DynamoDBOptions{Root: empty}); !errors.Is(err, engine.ErrNotInstalled) {
		t.Error(err)
	}
	if _, err := engine.StartSES(context.Background(), engine.SESOptions{Root: empty}); !errors.Is(err, engine.ErrNotInstalled) {
		t.Error(err)
	}
	if engine.Installed(empty) {
		t.Error("it says installed")
	}
}

// fakeNPM is a module whose npm notes how it was called, and installs dynoxide if the call has the word.
func fakeNPM(t *testing.T, word string) (module string, calls func() []string) {
	t.Helper()
	module = t.TempDir()
	bin := filepath.Join(module, "bin")
	files := map[string]string{
		"local/package-lock.json": "{}",
		"bin/npm": `#!/bin/sh
echo "$*" >> ../calls
case "$*" in *` + word + `*) p=node_modules/` + engine.DynoxidePackage() + `; mkdir -p $p; touch $p/dynoxide;; *) mkdir -p node_modules;; esac
`,
	}
	for name, text := range files {
		path := filepath.Join(module, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	return module, func() []string {
		text, _ := os.ReadFile(filepath.Join(module, "calls"))
		return strings.Fields(strings.ReplaceAll(strings.TrimSpace(string(text)), " --no-audit --no-fund", ""))
	}
}

func TestInstallOnlyWhenNeeded(t *testing.T) {
	module, calls := fakeNPM(t, "ci")
	for range 2 {
		if err := engine.Install(context.Background(), module); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"ci"}, calls()); diff != "" {
		t.Error(diff)
	}
	if err := os.WriteFile(filepath.Join(module, "local/package-lock.json"), []byte(`{"a":1}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := engine.Install(context.Background(), module); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ci", "ci"}, calls()); diff != "" {
		t.Error(diff)
	}
}

// The lock file names one platform's dynoxide; another platform's comes at the same version, beside it.
func TestInstallOnAnotherPlatform(t *testing.T) {
	module, calls := fakeNPM(t, "no-save")
	if err := engine.Install(context.Background(), module); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ci", "install", "--no-save", engine.DynoxidePackage() + "@1.2.1"}, calls()); diff != "" {
		t.Error(diff)
	}
}

func TestFindRoot(t *testing.T) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if found, err := engine.FindRoot(dir); err != nil || found != filepath.Dir(filepath.Dir(dir)) {
		t.Errorf("%s %v", found, err)
	}
	if _, err := engine.FindRoot(t.TempDir()); err == nil {
		t.Error("it found a module where there is none")
	}
}
