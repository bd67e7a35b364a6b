package samcli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"
	"time"

	"github.com/doorstep-auth/doorstep/local/lambdahost"
)

// A Function is invoked by Lambda's Invoke API, as `sam local start-lambda` serves it.
type Function struct {
	// URL is the API's base URL.
	URL string
	// LogicalID is the function's name in the template.
	LogicalID string
}

// dialEvery is how often an API that doesn't listen yet is tried.
const dialEvery = 500 * time.Millisecond

// Invoke runs the function once on a JSON event and returns its answer. It waits for the API to listen: a record that comes before is not to be lost. So
// it returns with the answer, or with ctx's error or the function's.
func (f *Function) Invoke(ctx context.Context, payload []byte, _ string) (lambdahost.Result, error) {
	for {
		answer, err := f.invoke(ctx, payload)
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return lambdahost.Result{Payload: answer}, err
		}
		select {
		case <-ctx.Done():
			return lambdahost.Result{}, ctx.Err()
		case <-time.After(dialEvery):
		}
	}
}

func (f *Function) invoke(ctx context.Context, payload []byte) ([]byte, error) {
	url := f.URL + "/2015-03-31/functions/" + f.LogicalID + "/invocations"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(payload))
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return nil, err
	case answer.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("invoke %s: %s: %s", f.LogicalID, answer.Status, body)
	case answer.Header.Get("X-Amz-Function-Error") != "":
		return nil, fmt.Errorf("invoke %s: the function failed: %s", f.LogicalID, body)
	}
	return body, functionError(body)
}
