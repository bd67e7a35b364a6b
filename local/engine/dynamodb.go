package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

// DynamoDBOptions say what data a DynamoDB serves.
type DynamoDBOptions struct {
	// Root is the module's root, which has local/node_modules.
	Root string
	// Path is the file that holds the data; empty keeps it in memory.
	Path string
	// Port to listen on; 0 takes a free one.
	Port int
}

// StartDynamoDB starts dynoxide on a port of 127.0.0.1 and returns when it answers. It has no table yet: see CreateTable. The error is
// ErrNotInstalled (see Install), ErrPortTaken for a Port that was asked for, or what the server said.
func StartDynamoDB(ctx context.Context, o DynamoDBOptions) (*Engine, error) {
	program := dynoxidePath(o.Root)
	if _, err := os.Stat(program); err != nil {
		return nil, ErrNotInstalled
	}
	if o.Port != 0 {
		return startDynoxide(ctx, program, o.Port, o.Path)
	}
	return startSomewhere(freePort, func(port int) (*Engine, error) { return startDynoxide(ctx, program, port, o.Path) })
}

// startSomewhere starts on a port that pick finds, and tries another when somebody has taken it meanwhile.
func startSomewhere(pick func() (int, error), start func(port int) (*Engine, error)) (*Engine, error) {
	for attempt := 1; ; attempt++ {
		port, err := pick()
		if err != nil {
			return nil, err
		}
		e, err := start(port)
		if err == nil || attempt == attempts || !errors.Is(err, ErrPortTaken) {
			return e, err
		}
	}
}

func startDynoxide(ctx context.Context, program string, port int, path string) (*Engine, error) {
	args := []string{"serve", "--host", "127.0.0.1", "--port", strconv.Itoa(port)}
	if path != "" {
		args = append(args, "--db-path", path)
	}
	e, err := start(ctx, exec.Command(program, args...), "Dynoxide listening on ", "/")
	if err != nil {
		return nil, fmt.Errorf("dynoxide: %w", err)
	}
	return e, nil
}
