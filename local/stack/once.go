package stack

import (
	"context"
	"fmt"

	"github.com/doorstep-auth/doorstep/local/build"
)

// Once runs the function at path once on a JSON event and returns its answer, as `sam local invoke` does: no API listens and nothing pumps. It uses the
// engines of a stack that runs on o.Data, or starts its own.
func Once(ctx context.Context, o Options, path string, event []byte) ([]byte, error) {
	running, isRunning := ReadRunFile(o.Data)
	o.InboxPort = 0
	s := &Stack{options: o, failed: make(chan error, 4), unlock: func() {}}
	defer s.Stop()
	if err := s.read(isRunning); err != nil {
		return nil, err
	}
	f, ok := s.Template.Function(path)
	if !ok {
		return nil, fmt.Errorf("%s has no function %s", s.options.Template, path)
	}
	s.APIURL = "http://localhost"
	if isRunning {
		s.APIURL, s.InboxURL, s.SESEndpoint, s.DynamoDBEndpoint = running.APIURL, running.InboxURL, running.SESEndpoint, running.DynamoDBEndpoint
	} else if err := s.startEngines(ctx); err != nil {
		return nil, err
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
