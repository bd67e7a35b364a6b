// Probe is a function that does what its event's "do" says.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type request struct {
	Do string `json:"do"`
	MS int    `json:"ms"`
}

var busy atomic.Int32

func main() {
	if fault := os.Getenv("INIT_FAULT"); fault != "" {
		fmt.Println(fault)
		os.Exit(1)
	}
	if file := os.Getenv("TERM_FILE"); file != "" {
		terminated := make(chan os.Signal, 1)
		signal.Notify(terminated, syscall.SIGTERM)
		go func() {
			<-terminated
			_ = os.WriteFile(file, nil, 0o600)
			os.Exit(0)
		}()
	}
	lambda.Start(handle)
}

func handle(ctx context.Context, r request) (any, error) {
	if busy.Add(1) > 1 {
		panic("two requests in one environment")
	}
	defer busy.Add(-1)
	fmt.Println("doing", r.Do)
	switch r.Do {
	case "sleep":
		time.Sleep(time.Duration(r.MS) * time.Millisecond)
	case "fail":
		return nil, errors.New("it failed")
	case "panic":
		panic("it panicked")
	case "exit":
		os.Exit(3)
	case "large":
		return string(make([]byte, 7<<20)), nil
	}
	return describe(ctx)
}

func describe(ctx context.Context) (any, error) {
	about, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	environment := map[string]string{}
	for _, entry := range os.Environ() {
		for i := range entry {
			if entry[i] == '=' {
				environment[entry[:i]] = entry[i+1:]
				break
			}
		}
	}
	return map[string]any{
		"pid": os.Getpid(), "request_id": about.AwsRequestID, "arn": about.InvokedFunctionArn,
		"left_ms": time.Until(deadline).Milliseconds(), "environment": environment,
	}, nil
}
