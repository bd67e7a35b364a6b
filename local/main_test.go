package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func variables(set map[string]string) func(string) string {
	return func(name string) string { return set[name] }
}

func TestOptions(t *testing.T) {
	o, err := options("/root", variables(nil))
	if err != nil || o.Port != 8080 || o.InboxPort != 8005 || o.Data != "/root/.local" || o.Settings != "" {
		t.Errorf("%+v %v", o, err)
	}
	file := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(file, []byte(`{"app_name":"Acme"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err = options("/root", variables(map[string]string{
		"PORT": "9000", "INBOX_PORT": "9001", "SETTINGS": file, "DYNAMODB_ENDPOINT": "http://localhost:8000/",
	}))
	if err != nil || o.Port != 9000 || o.InboxPort != 9001 || o.Settings != `{"app_name":"Acme"}` || o.DynamoDBEndpoint != "http://localhost:8000" {
		t.Errorf("%+v %v", o, err)
	}
	if o, err := options("/root", variables(map[string]string{"SETTINGS": "clerk"})); err != nil || o.Settings != "clerk" {
		t.Errorf("%+v %v", o, err)
	}
}

// A wrong choice is one line that names the variable.
func TestWrongOptions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(file, []byte(`{"mod":"public"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ variable, value, want string }{
		{"PORT", "many", "PORT=many is no port"},
		{"PORT", "0", "PORT=0 is no port"},
		{"INBOX_PORT", "70000", "INBOX_PORT=70000 is no port"},
		{"SETTINGS", "nowhere.json", "SETTINGS=nowhere.json: there is no such file"},
		{"SETTINGS", "nobody", "SETTINGS=nobody: settings:"},
		{"SETTINGS", file, "mod: unknown key"},
	} {
		_, err := options("/root", variables(map[string]string{test.variable: test.value}))
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s=%s: %v", test.variable, test.value, err)
		}
	}
}

func TestUnknownCommands(t *testing.T) {
	for _, args := range [][]string{nil, {"walk"}, {"invoke"}, {"run", "fast"}} {
		if err := command(context.Background(), args, variables(nil), io.Discard, io.Discard); err == nil || !strings.HasPrefix(err.Error(), "usage:") {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func TestInvokeNeedsAnEvent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for event, want := range map[string]string{"": "events/things/create.json", file: "isn't JSON"} {
		err := invoke(context.Background(), "/nowhere", "things/create", event, variables(nil), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", event, err)
		}
	}
}

func TestSettingsInForce(t *testing.T) {
	got := settingsInForce(`{"profile":"clerk","attributes":{"username":{"requirement":"optional"}},"allowed_origins":["https://app.example"]}`)
	for _, want := range []string{"profile clerk, mode public", "required: email_address, password", "username", "origins: https://app.example"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q isn't in\n%s", want, got)
		}
	}
}
