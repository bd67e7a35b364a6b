package main

import (
	"context"
	"fmt"
	"net"

	"github.com/doorstep-auth/doorstep/local/pump"
	"github.com/doorstep-auth/doorstep/local/sam/samcli"
)

// prove runs everything once, and ends with the first thing that isn't as it must be.
func prove(ctx context.Context, b *bench) error {
	b.report.section("sam build")
	if err := b.sam.Build(ctx); err != nil {
		return err
	}
	b.report.done(count(len(b.template.Functions), "function"), "")
	invoked, err := b.invokeEvents(ctx)
	if err != nil {
		return err
	}
	if err := b.walkSignUps(ctx); err != nil {
		return err
	}
	b.summary = fmt.Sprintf("Passed: %s by sam local invoke, %s through sam local start-api and start-lambda",
		count(invoked, "event"), count(len(signUps), "whole sign-up"))
	return nil
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}

// walkSignUps makes each of signUps through sam local start-api, with the mail function in sam local start-lambda.
func (b *bench) walkSignUps(ctx context.Context) error {
	b.report.section("sam local start-api and start-lambda")
	if err := b.startDynamoDB(ctx); err != nil {
		return err
	}
	api, lambda, err := b.startServers(ctx)
	if err != nil {
		return err
	}
	if err := b.startPump(ctx, lambda.URL, func(pump.Batch) {}); err != nil {
		return err
	}
	for i, s := range signUps {
		b.report.section(s.title)
		v, err := newVisitor(api.URL, b.ses.Endpoint, fmt.Sprintf("visitor-%d@example.com", i+1), b.report)
		if err == nil {
			err = s.walk(ctx, v)
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("sam local start-api:\n%s\nsam local start-lambda:\n%s\n%s: %w", api.Log(), lambda.Log(), s.title, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) startServers(ctx context.Context) (api, lambda *samcli.Server, err error) {
	ports, err := freePorts(2)
	if err != nil {
		return nil, nil, err
	}
	if err := b.writeVariables(b.sam.EnvVars, fmt.Sprint("http://127.0.0.1:", ports[0])); err != nil {
		return nil, nil, err
	}
	if api, err = b.sam.StartAPI(ctx, ports[0]); err != nil {
		return nil, nil, err
	}
	b.onEnd(func() error { api.Stop(); return nil })
	b.report.done("sam local start-api", api.URL)
	if lambda, err = b.sam.StartLambda(ctx, ports[1]); err != nil {
		return nil, nil, err
	}
	b.onEnd(func() error { lambda.Stop(); return nil })
	b.report.done("sam local start-lambda", lambda.URL)
	return api, lambda, nil
}

// freePorts finds ports of 127.0.0.1 that nobody listens on now.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
