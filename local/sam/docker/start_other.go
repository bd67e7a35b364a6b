//go:build !linux

package docker

import (
	"context"
	"errors"
)

type own struct{}

// Start says what has to be done instead: an engine of one's own is a matter of Linux.
func Start(context.Context, func(string)) (*Engine, error) {
	return nil, errors.New("no Docker engine answers: start Docker, or set DOCKER_HOST")
}

// Stop does nothing: there is only the engine that was there before.
func (e *Engine) Stop() error { return nil }
