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
	"time"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/replay"
	"github.com/doorstep-auth/doorstep/local/stack"
)

// invoke runs one function once on the event in a file, by default events/<family>/<operation>.json. The answer goes to stdout, what the function logs to
// stderr. It works on the data of a running `make run`, or else on .local/. Placeholders in the event stand for what earlier answers gave.
// Where no settings are named, links are mailed beside codes, so that every event has what it needs.
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
	if o.Settings == "" {
		o.Settings = replay.Settings
	}
	var mu sync.Mutex
	o.OnLog = func(l lambdahost.Line) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(stderr, l.Text)
	}
	s, err := stack.Attach(ctx, o)
	if err != nil {
		return oneLine(err)
	}
	defer s.Stop()
	answer, err := play(ctx, s, filepath.Join(o.Data, "replay.json"), function, payload)
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

// mailPatience is how long a mail that a running stack sends is waited for.
const mailPatience = 3 * time.Second

// play fills the event, runs the function and keeps in the file called known what its answer gives for later events.
func play(ctx context.Context, s *stack.Stack, known, function string, event []byte) ([]byte, error) {
	player, err := replay.Open(known)
	if err != nil {
		return nil, err
	}
	player.Inbox, player.DynamoDB, player.Table = s.InboxURL, s.DynamoDBEndpoint, engine.TableName
	if _, running := stack.ReadRunFile(filepath.Dir(known)); running {
		player.Patience = mailPatience
	}
	if event, err = player.Fill(ctx, event); err != nil {
		return nil, err
	}
	answer, err := s.Once(ctx, function, event)
	if err != nil {
		return nil, err
	}
	return answer, player.Learn(ctx, function, answer)
}
