package engine

import (
	"cmp"
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
	// Host is the address to listen on; empty is 127.0.0.1.
	Host string
	// Port to listen on; 0 takes a free one.
	Port int
}

// StartDynamoDB starts dynoxide and returns when it answers. It has no table yet: see CreateTable. The error is
// ErrNotInstalled (see Install), ErrPortTaken for a Port that was asked for, or what the server said.
func StartDynamoDB(ctx context.Context, o DynamoDBOptions) (*Engine, error) {
	program := dynoxidePath(o.Root)
	if _, err := os.Stat(program); err != nil {
		return nil, ErrNotInstalled
	}
	o.Host = cmp.Or(o.Host, ownHost)
	if o.Port != 0 {
		return startDynoxide(ctx, program, o)
	}
	return startSomewhere(func() (int, error) { return freePort(o.Host) }, func(port int) (*Engine, error) {
		o.Port = port
		return startDynoxide(ctx, program, o)
	})
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

func startDynoxide(ctx context.Context, program string, o DynamoDBOptions) (*Engine, error) {
	args := []string{"serve", "--host", o.Host, "--port", strconv.Itoa(o.Port)}
	if o.Path != "" {
		args = append(args, "--db-path", o.Path)
	}
	e, err := start(ctx, exec.Command(program, args...), "Dynoxide listening on ", "/")
	if err != nil {
		return nil, fmt.Errorf("dynoxide: %w", err)
	}
	return e, nil
}
