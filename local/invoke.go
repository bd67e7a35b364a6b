package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/stack"
)

// invoke runs one function once on the event in a file, by default events/<family>/<operation>.json. The answer goes to stdout, what the function logs to
// stderr. It works on the data of a running `make run`, or else on .local/.
func invoke(ctx context.Context, root, function, event string, getenv func(string) string, stdout, stderr io.Writer) error {
	if event == "" {
		event = filepath.Join(root, "events", filepath.FromSlash(function)+".json")
	}
	payload, err := os.ReadFile(event)
	if err != nil {
		return err
	}
	if !json.Valid(payload) {
		return fmt.Errorf("%s isn't JSON", event)
	}
	o, err := options(root, getenv)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	o.OnLog = func(l lambdahost.Line) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(stderr, l.Text)
	}
	answer, err := stack.Once(ctx, o, function, payload)
	if err != nil {
		return oneLine(err)
	}
	var pretty bytes.Buffer
	if json.Indent(&pretty, answer, "", "  ") != nil {
		pretty = *bytes.NewBuffer(answer)
	}
	_, err = fmt.Fprintln(stdout, pretty.String())
	return err
}
