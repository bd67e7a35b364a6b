package flows_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/doorstep-auth/doorstep/local/template"
)

// policies are the Policies of template.yaml's functions, as far as these tests need them.
type policies struct {
	Resources map[string]struct {
		Type       string `yaml:"Type"`
		Properties struct {
			Policies []struct {
				Statement []statement `yaml:"Statement"`
			} `yaml:"Policies"`
		} `yaml:"Properties"`
	} `yaml:"Resources"`
}

type statement struct {
	Effect   string    `yaml:"Effect"`
	Action   []string  `yaml:"Action"`
	Resource yaml.Node `yaml:"Resource"`
}

// eachStatement calls see with every statement of every function's policies, and the function's path.
func eachStatement(t *testing.T, root string, see func(path string, s statement)) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var declared policies
	if err := yaml.Unmarshal(text, &declared); err != nil {
		t.Fatal(err)
	}
	for id, resource := range declared.Resources {
		if resource.Type != "AWS::Serverless::Function" {
			continue
		}
		path, err := template.PathOf(id)
		if err != nil {
			t.Fatal(err)
		}
		see(path, statement{})
		for _, policy := range resource.Properties.Policies {
			for _, s := range policy.Statement {
				if s.Effect != "Allow" || strings.Contains(strings.Join(s.Action, ""), "*") {
					t.Errorf("%s: %s %v isn't an exact permission", path, s.Effect, s.Action)
				}
				see(path, s)
			}
		}
	}
}

// allowed are the actions that each function's policies allow, sorted, by the function's path.
func allowed(t *testing.T, root string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	eachStatement(t, root, func(path string, s statement) {
		all[path] = append(all[path], s.Action...)
		slices.Sort(all[path])
	})
	if len(all) == 0 {
		t.Error("template.yaml has no functions")
	}
	return all
}

// readableSecrets are the secrets that each function may read, by the function's path.
func readableSecrets(t *testing.T, root string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	eachStatement(t, root, func(path string, s statement) {
		if !slices.Contains(s.Action, "secretsmanager:GetSecretValue") {
			return
		}
		for _, node := range append([]*yaml.Node{&s.Resource}, s.Resource.Content...) {
			if node.Tag == "!Ref" {
				all[path] = append(all[path], node.Value)
			}
		}
	})
	return all
}

// of keeps the actions of the services named by prefix.
func of(actions []string, prefixes ...string) []string {
	kept := []string{}
	for _, action := range actions {
		if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(action, prefix) }) {
			kept = append(kept, action)
		}
	}
	return kept
}

// checkPermissions holds what the functions called against what they may call: nothing is refused in the cloud, and nothing is allowed that isn't needed.
func (r *run) checkPermissions(t *testing.T) {
	for path, actions := range allowed(t, r.root) {
		if diff := cmp.Diff(of(actions, "dynamodb:", "ses:"), r.record.actions(path)); diff != "" {
			t.Errorf("%s: allowed (-), called (+):\n%s", path, diff)
		}
	}
}
