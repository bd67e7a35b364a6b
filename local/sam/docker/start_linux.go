package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/doorstep-auth/doorstep/local/process"
)

// An own engine has to be stopped and cleaned up after.
type own struct {
	dir     string
	daemon  *process.Process
	network network
}

const (
	startLimit = 30 * time.Second
	stopGrace  = 15 * time.Second
)

// Start starts an engine on a socket, data and network of its own, so that it neither finds nor leaves anything on the machine; see Stop. It
// needs Linux and root, and installs Debian's packages of the engine and of a static busybox when they are missing. The error says what
// is in the way. say is told what takes long.
func Start(ctx context.Context, say func(string)) (*Engine, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("no Docker engine answers, and starting one takes root: start Docker, set DOCKER_HOST, or run this as root")
	}
	if err := install(ctx, say); err != nil {
		return nil, fmt.Errorf("no Docker engine answers, and one can't be started: %w", err)
	}
	dir, err := os.MkdirTemp("", "doorstep-docker-")
	if err != nil {
		return nil, err
	}
	e := &Engine{Host: "unix://" + filepath.Join(dir, "sock"), own: &own{dir: dir}}
	if err := e.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("no Docker engine answers, and one can't be started: %w", err), e.Stop())
	}
	return e, nil
}

func (e *Engine) start(ctx context.Context) error {
	var err error
	if e.own.network, err = addNetwork(ctx); err != nil {
		return err
	}
	at := func(name string) string { return filepath.Join(e.own.dir, name) }
	if err := os.WriteFile(at("daemon.json"), []byte("{}\n"), 0o600); err != nil {
		return err
	}
	log, err := os.Create(at("log"))
	if err != nil {
		return err
	}
	defer log.Close()
	// Ports are published by docker-proxy, so the machine's packet filter and forwarding stay as they are.
	cmd := exec.Command("dockerd", "--config-file", at("daemon.json"), "--data-root", at("root"), "--exec-root", at("exec"),
		"--pidfile", at("pid"), "--host", e.Host, "--bridge", e.own.network.bridge,
		"--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false")
	cmd.Stdout, cmd.Stderr = log, log
	if e.own.daemon, err = process.Start(cmd); err != nil {
		return fmt.Errorf("dockerd: %w", err)
	}
	return e.await(ctx)
}

// await returns when the engine answers.
func (e *Engine) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		version, err := e.docker(ctx, nil, "version", "--format", "{{.Server.Version}}")
		if err == nil {
			e.Version = version
			return e.findAddress(ctx)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("dockerd doesn't answer: %w\n%s", ctx.Err(), e.log())
		case <-e.own.daemon.Done():
			return fmt.Errorf("dockerd ended at once (%v):\n%s", e.own.daemon.Err(), e.log())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

const logLines = 15

// log is the end of what dockerd printed.
func (e *Engine) log() string {
	text, _ := os.ReadFile(filepath.Join(e.own.dir, "log"))
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-logLines):], "\n")
}

// Stop ends an engine that Start started, and removes its data and network. It does nothing to one that was there before.
func (e *Engine) Stop() error {
	if e.own == nil {
		return nil
	}
	if e.own.daemon != nil {
		e.own.daemon.Stop(stopGrace)
	}
	err := e.own.network.remove()
	if unmounting := unmountBelow(e.own.dir); unmounting != nil {
		// What is mounted there isn't ours to delete.
		return errors.Join(err, unmounting)
	}
	return errors.Join(err, os.RemoveAll(e.own.dir))
}

// unmountBelow takes away what a killed daemon leaves mounted.
func unmountBelow(dir string) error {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	var errs []error
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], dir+"/") {
			if err := syscall.Unmount(fields[1], 0); err != nil {
				errs = append(errs, fmt.Errorf("unmount %s: %w", fields[1], err))
			}
		}
	}
	return errors.Join(errs...)
}
