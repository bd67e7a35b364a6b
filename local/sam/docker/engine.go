// Package docker gives `sam local` an engine to run functions in: the one that answers, or else one of its own that leaves nothing behind.
package docker

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"time"
)

// An Engine is a Docker engine that answers.
type Engine struct {
	// Host is its address, as the variable DOCKER_HOST has it.
	Host string
	// Version is the engine's.
	Version string
	// Listen is the address of this machine on which a server is reached from containers, and Reach what it is called there.
	Listen, Reach string

	own *own
}

// Own says whether the engine was started by Start.
func (e *Engine) Own() bool { return e.own != nil }

const (
	answerLimit  = 10 * time.Second // of an engine that may not be there
	commandLimit = time.Minute      // of a docker command that isn't told otherwise
)

// Find returns the engine that the docker command reaches, by DOCKER_HOST or its own settings; nil if none answers.
func Find(ctx context.Context) (*Engine, error) {
	if _, err := exec.LookPath("docker"); err != nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	e := &Engine{}
	host, err := e.docker(ctx, nil, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
	if err != nil {
		return nil, nil
	}
	e.Host = host
	if e.Version, err = e.docker(ctx, nil, "version", "--format", "{{.Server.Version}}"); err != nil {
		return nil, nil
	}
	return e, e.findAddress(ctx)
}

// hostName is what Docker Desktop and its likes, whose containers are in a virtual machine, call the machine outside.
const hostName = "host.docker.internal"

// findAddress looks how containers reach this machine: at the bridge's address if that is one of the machine's own.
func (e *Engine) findAddress(ctx context.Context) error {
	name, err := e.docker(ctx, nil, "network", "inspect", "bridge", "--format", `{{index .Options "com.docker.network.bridge.name"}}`)
	if err != nil {
		return fmt.Errorf("the Docker engine at %s has no network called bridge, through which containers reach this machine: %w", e.Host, err)
	}
	e.Listen, e.Reach = "127.0.0.1", hostName
	bridge, err := net.InterfaceByName(name)
	if err != nil {
		return nil
	}
	addresses, err := bridge.Addrs()
	if err != nil {
		return err
	}
	for _, address := range addresses {
		if ip, ok := address.(*net.IPNet); ok && ip.IP.To4() != nil {
			e.Listen, e.Reach = ip.IP.String(), ip.IP.String()
		}
	}
	return nil
}

// docker runs a docker command on the engine and returns what it prints, trimmed.
func (e *Engine) docker(ctx context.Context, stdin []byte, args ...string) (string, error) {
	if _, limited := ctx.Deadline(); !limited {
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, commandLimit)
		defer cancel()
	}
	if e.Host != "" {
		args = append([]string{"--host", e.Host}, args...)
	}
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("docker %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(stdout.String()), nil
}
