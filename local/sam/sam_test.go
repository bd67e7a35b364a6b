package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/replay"
	"github.com/doorstep-auth/doorstep/local/sam/docker"
)

const root = "../.."

func testBench(t *testing.T) *bench {
	t.Helper()
	b, err := newBench(root, newReport(&bytes.Buffer{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.end(nil); err != nil {
			t.Error(err)
		}
	})
	b.docker = &docker.Engine{Host: "unix:///there", Listen: "172.30.100.1", Reach: "outside"}
	b.dynamodb, b.ses = &engine.Engine{Endpoint: "http://172.30.100.1:1"}, &engine.Engine{Endpoint: "http://172.30.100.1:2"}
	return b
}

// Each event has its place in the order, and each function its event.
func TestNoEventIsForgotten(t *testing.T) {
	b := testBench(t)
	if err := b.everyEventHasItsPlace(); err != nil {
		t.Error(err)
	}
	played := map[string]bool{}
	for _, step := range replay.Order() {
		played[step.Function] = true
	}
	for _, f := range b.template.Functions {
		if !played[f.Path] {
			t.Errorf("%s isn't invoked", f.Path)
		}
	}
}

// All variables are declared, as sam local would pass over others, and the engines have the names that containers know.
func TestVariables(t *testing.T) {
	b := testBench(t)
	file := filepath.Join(t.TempDir(), "env.json")
	if err := b.writeVariables(file, "http://127.0.0.1:3000"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var written struct{ Parameters map[string]string }
	if err := json.Unmarshal(text, &written); err != nil {
		t.Fatal(err)
	}
	got := []string{written.Parameters["DYNAMODB_ENDPOINT"], written.Parameters["SES_ENDPOINT"], written.Parameters["PUBLIC_URL"]}
	if diff := cmp.Diff([]string{"http://outside:1", "http://outside:2", "http://127.0.0.1:3000"}, got); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestWhatWasStartedIsStopped(t *testing.T) {
	b := &bench{}
	var order []string
	b.onEnd(func() error { order = append(order, "engine"); return errors.New("stuck") })
	b.onEnd(func() error { order = append(order, "server"); return nil })
	err := b.end(context.Canceled)
	if diff := cmp.Diff([]string{"server", "engine"}, order); diff != "" {
		t.Error(diff)
	}
	if err == nil || err.Error() != "interrupted\nclean up: stuck" {
		t.Error(err)
	}
	if err := (&bench{}).end(nil); err != nil {
		t.Error(err)
	}
}

func TestShell(t *testing.T) {
	text := shell(testBench(t))
	for _, want := range []string{
		"export DOCKER_HOST=unix:///there\n", "export INBOX=http://172.30.100.1:2\n", "unset AWS_PROFILE\n", ".venv/bin\":\"$PATH\"\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q isn't in\n%s", want, text)
		}
	}
}

func TestBrief(t *testing.T) {
	for path, want := range map[string]string{
		"/v1/client": "/client",
		"/v1/client/sign_ups/sua_0hBxIuXOMhBmxHoqQFSL7E/attempt_verification": "/client/sign_ups/…/attempt_verification",
	} {
		if got := brief(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"down"}, {"prove", "it"}} {
		if err := command(t.Context(), args, &bytes.Buffer{}); err == nil || err.Error() != usage {
			t.Errorf("%q: %v", args, err)
		}
	}
}
