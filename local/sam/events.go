package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/replay"
)

// invokeEvents runs sam local invoke on every event, in the documented order, on an empty table, and says how many there are.
func (b *bench) invokeEvents(ctx context.Context) (int, error) {
	b.report.section("sam local invoke")
	if err := b.everyEventHasItsPlace(); err != nil {
		return 0, err
	}
	if err := b.writeVariables(b.sam.EnvVars, ""); err != nil {
		return 0, err
	}
	player, err := replay.Open(filepath.Join(b.dir, "replay.json"))
	if err != nil {
		return 0, err
	}
	player.Inbox, player.DynamoDB, player.Table = b.ses.Endpoint, b.dynamodb.Endpoint, engine.TableName
	for _, step := range replay.Order() {
		if err := b.invokeEvent(ctx, player, step); err != nil {
			return 0, err
		}
	}
	return len(replay.Order()), nil
}

func (b *bench) invokeEvent(ctx context.Context, player *replay.Player, step replay.Step) error {
	event, err := os.ReadFile(b.eventFile(step.Function))
	if err != nil {
		return err
	}
	if event, err = player.Fill(ctx, event); err != nil {
		return fmt.Errorf("%s: %w", step.Function, err)
	}
	f, ok := b.template.Function(step.Function)
	if !ok {
		return fmt.Errorf("template.yaml has no function %s", step.Function)
	}
	answer, err := b.sam.Invoke(ctx, f.LogicalID, event)
	if err != nil {
		return err
	}
	if err := step.Check(answer); err != nil {
		return err
	}
	detail := step.Answer
	if step.Status != 0 {
		detail = strings.TrimSpace(fmt.Sprint(step.Status, " ", step.Object, " ", step.State))
	}
	b.report.done(step.Function, detail)
	return player.Learn(ctx, step.Function, answer)
}

func (b *bench) eventFile(function string) string {
	return filepath.Join(b.root, "events", filepath.FromSlash(function)+".json")
}

// everyEventHasItsPlace wants each file in events/ to be a step of the order.
func (b *bench) everyEventHasItsPlace() error {
	files, err := filepath.Glob(b.eventFile("*/*"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if !slices.ContainsFunc(replay.Order(), func(s replay.Step) bool { return b.eventFile(s.Function) == file }) {
			return fmt.Errorf("%s has no place in the documented order", file)
		}
	}
	return nil
}
