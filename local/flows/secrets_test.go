package flows_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/local/build"
	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/template"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/token"
)

// secretOf is the secret in template.yaml that each document is in.
var secretOf = map[string]string{"mac": "MacSecret", "signing": "SigningSecret"}

// Exactly the functions that don't start without a secret may read it. keys/rotate, which makes both, isn't among them: locally it does nothing.
func TestOnlyWhoNeedsASecretMayReadIt(t *testing.T) {
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
	readable, documents := readableSecrets(t, root), secretDocuments(t)
	var all sync.WaitGroup
	few := make(chan bool, 4) // at a time
	for _, f := range declared.Functions {
		if f.Path == "keys/rotate" {
			continue
		}
		for name, resource := range secretOf {
			few <- true
			all.Go(func() {
				defer func() { <-few }()
				needs, may := needsSecret(t, f, build.Bootstrap(output, f.Path), name, documents), slices.Contains(readable[f.Path], resource)
				if needs != may {
					t.Errorf("%s needs the %s secret: %t, may read it: %t", f.Path, name, needs, may)
				}
			})
		}
	}
	all.Wait()
}

// secretDocuments are whole documents, by name.
func secretDocuments(t *testing.T) map[string]any {
	t.Helper()
	ring, err := secret.NewKeyring(rand.Reader, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := token.NewSigningKeys(rand.Reader, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"mac": ring, "signing": keys}
}

// needsSecret says whether the function refuses to start without the one secret, when it has all others.
func needsSecret(t *testing.T, f template.Function, bootstrap, name string, documents map[string]any) bool {
	others := map[string]any{}
	for other, document := range documents {
		if other != name {
			others[other] = document
		}
	}
	secrets, err := json.Marshal(others)
	if err != nil {
		t.Error(err)
	}
	variables := map[string]string{}
	for name, value := range f.Environment {
		variables[name] = value
	}
	for name, value := range map[string]string{
		"TABLE_NAME": engine.TableName, "SETTINGS": `{"callbacks":{"urls":["http://localhost:1/"]}}`, "PUBLIC_URL": "", "MAIL_FROM": "no-reply@doorstep.test", "SECRETS": string(secrets),
		"DYNAMODB_ENDPOINT": "http://127.0.0.1:1", "SES_ENDPOINT": "http://127.0.0.1:1",
		"AWS_ACCESS_KEY_ID": engine.AccessKey, "AWS_SECRET_ACCESS_KEY": engine.SecretKey,
	} {
		variables[name] = value
	}
	function := lambdahost.New(lambdahost.Options{
		Name: f.LogicalID, Bootstrap: bootstrap, Timeout: f.Timeout, Region: engine.Region, AccountID: engine.AccountID, Environment: variables,
	})
	defer function.Close(context.Background())
	err = function.Warm(t.Context())
	var fault *lambdahost.InitError
	if errors.As(err, &fault) && strings.Contains(fault.Message, `a member "`+name+`"`) && !strings.Contains(fault.Message, "\n") {
		return true
	}
	if err != nil {
		t.Errorf("%s: %v", f.Path, err)
	}
	return false
}
