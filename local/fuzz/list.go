package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A target is one fuzz test.
type target struct {
	// Package is its folder below the module's root, with slashes.
	Package string
	Name    string
	// ImportPath is the package's.
	ImportPath string
}

func (t target) String() string { return t.Package + "." + t.Name }

// find asks the packages themselves for their targets, so that there is no list that a new one could be missing from.
func find(ctx context.Context, o options) ([]target, error) {
	modulePath, err := goCommand(ctx, o.root, "list", "-m")
	if err != nil {
		return nil, err
	}
	listed, err := goCommand(ctx, o.root, "test", "-json", "-list", "^Fuzz", "./...")
	if err != nil {
		return nil, err
	}
	targets, err := parseList(listed, strings.TrimSpace(string(modulePath)))
	targets = slices.DeleteFunc(targets, func(t target) bool {
		return !o.pattern.MatchString(t.Name) || (o.without != nil && o.without.MatchString(t.Name))
	})
	if err == nil && len(targets) == 0 {
		err = errors.New("no fuzz target was found")
	}
	return targets, err
}

// parseList reads what `go test -json -list` prints: an event for each line that a package's tests print.
func parseList(listed []byte, modulePath string) ([]target, error) {
	var targets []target
	for events := json.NewDecoder(bytes.NewReader(listed)); ; {
		var event struct{ Action, Package, Output string }
		err := events.Decode(&event)
		if err == io.EOF {
			return targets, nil
		}
		if err != nil {
			return nil, fmt.Errorf("go test -list: %w", err)
		}
		name := strings.TrimSpace(event.Output)
		if event.Action != "output" || !strings.HasPrefix(name, "Fuzz") || strings.ContainsAny(name, " \t") {
			continue
		}
		folder := path.Join(".", strings.TrimPrefix(strings.TrimPrefix(event.Package, modulePath), "/"))
		targets = append(targets, target{Package: folder, Name: name, ImportPath: event.Package})
	}
}

// build compiles the tests of the targets' packages, instrumented, into dir, and returns the programs by package.
func build(ctx context.Context, root, dir string, targets []target) (map[string]string, error) {
	programs := map[string]string{}
	for _, t := range targets {
		if programs[t.Package] != "" {
			continue
		}
		program := filepath.Join(dir, strings.ReplaceAll(t.Package, "/", "-")+".test")
		if _, err := goCommand(ctx, root, "test", "-c", "-fuzz", "^Fuzz", "-o", program, t.ImportPath); err != nil {
			return nil, err
		}
		programs[t.Package] = program
	}
	return programs, nil
}

// goCommand runs the go command in the module and returns what it prints.
func goCommand(ctx context.Context, root string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s%s", strings.Join(args, " "), err, stderr.String(), printed(stdout.Bytes()))
	}
	return stdout.Bytes(), nil
}

// printed is the text in `go test -json`'s events, which is where it says what doesn't compile; else output as it is.
func printed(output []byte) string {
	var text strings.Builder
	for events := json.NewDecoder(bytes.NewReader(output)); ; {
		var event struct{ Action, Output string }
		switch err := events.Decode(&event); {
		case err == io.EOF:
			return text.String()
		case err != nil:
			return string(output)
		case strings.HasSuffix(event.Action, "output"):
			text.WriteString(event.Output)
		}
	}
}
