package stack

import (
	"context"
	"fmt"

	"github.com/doorstep-auth/doorstep/local/build"
)

// Once runs the function at path once on a JSON event and returns its answer, as `sam local invoke` does.
func Once(ctx context.Context, o Options, path string, event []byte) ([]byte, error) {
	s, err := Attach(ctx, o)
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	return s.Once(ctx, path, event)
}

// Attach makes what Stack.Once needs: no API listens and nothing pumps. It uses the engines of a stack that runs on o.Data, or starts its own.
func Attach(ctx context.Context, o Options) (*Stack, error) {
	running, isRunning := ReadRunFile(o.Data)
	o.InboxPort = 0
	s := &Stack{APIURL: "http://localhost", options: o, failed: make(chan error, 4), unlock: func() {}}
	err := s.read(isRunning)
	switch {
	case err != nil:
	case isRunning:
		s.APIURL, s.InboxURL, s.SESEndpoint, s.DynamoDBEndpoint = running.APIURL, running.InboxURL, running.SESEndpoint, running.DynamoDBEndpoint
	default:
		err = s.startEngines(ctx)
	}
	if err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// Once builds the function at path and runs it once, in an environment of its own, on a JSON event; it returns its answer.
func (s *Stack) Once(ctx context.Context, path string, event []byte) ([]byte, error) {
	f, ok := s.Template.Function(path)
	if !ok {
		return nil, fmt.Errorf("%s has no function %s", s.options.Template, path)
	}
	err := build.Functions(ctx, build.Options{
		Root: s.options.Root, Source: s.options.Functions, Output: s.options.Build, Functions: []string{path}, Progress: s.options.OnProgress,
	})
	if err != nil {
		return nil, err
	}
	if err := s.checkOverrides(); err != nil {
		return nil, err
	}
	function := s.newFunction(f)
	defer function.Close(ctx)
	result, err := function.Invoke(ctx, event, "")
	return result.Payload, err
}
