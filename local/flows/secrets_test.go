package flows_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/doorstep-auth/doorstep/local/build"
	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/template"
)

// Exactly the functions that don't start without the mac secret may read it. keys/rotate, which makes it, isn't among them: locally it does nothing.
func TestOnlyWhoNeedsTheSecretMayReadIt(t *testing.T) {
	root, err := engine.FindRoot(workingDirectory(t))
	if err != nil {
		t.Fatal(err)
	}
	declared, err := template.Read(filepath.Join(root, "template.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	output := filepath.Join(root, ".local", "build")
	var functions []string
	for _, f := range declared.Functions {
		functions = append(functions, f.Path)
	}
	if err := build.Functions(t.Context(), build.Options{Root: root, Output: output, Functions: functions}); err != nil {
		t.Fatal(err)
	}
	permissions := allowed(t, root)
	var all sync.WaitGroup
	for _, f := range declared.Functions {
		if f.Path == "keys/rotate" {
			continue
		}
		all.Go(func() {
			needs, may := needsSecret(t, f, build.Bootstrap(output, f.Path)), slices.Contains(permissions[f.Path], "secretsmanager:GetSecretValue")
			if needs != may {
				t.Errorf("%s needs the secret: %t, may read it: %t", f.Path, needs, may)
			}
		})
	}
	all.Wait()
}

// needsSecret says whether the function refuses to start without the mac secret.
func needsSecret(t *testing.T, f template.Function, bootstrap string) bool {
	variables := f.Environment
	for name, value := range map[string]string{
		"TABLE_NAME": engine.TableName, "SETTINGS": "", "PUBLIC_URL": "", "MAIL_FROM": "no-reply@doorstep.test", "SECRETS": "{}",
		"DYNAMODB_ENDPOINT": "http://127.0.0.1:1", "SES_ENDPOINT": "http://127.0.0.1:1",
		"AWS_ACCESS_KEY_ID": engine.AccessKey, "AWS_SECRET_ACCESS_KEY": engine.SecretKey,
	} {
		variables[name] = value
	}
	function := lambdahost.New(lambdahost.Options{
		Name: f.LogicalID, Bootstrap: bootstrap, Timeout: f.Timeout, Region: engine.Region, AccountID: engine.AccountID, Environment: variables,
	})
	defer function.Close(context.Background())
	err := function.Warm(t.Context())
	var fault *lambdahost.InitError
	if errors.As(err, &fault) && strings.Contains(fault.Message, `a member "mac"`) && !strings.Contains(fault.Message, "\n") {
		return true
	}
	if err != nil {
		t.Errorf("%s: %v", f.Path, err)
	}
	return false
}
