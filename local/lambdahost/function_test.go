package lambdahost_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/local/lambdahost"
)

var bootstrap string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "probe")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		bootstrap = filepath.Join(dir, "bootstrap")
		build := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", bootstrap, "./testdata/probe")
		if output, err := build.CombinedOutput(); err != nil {
			panic(string(output))
		}
		return m.Run()
	}())
}

type answer struct {
	PID         int               `json:"pid"`
	RequestID   string            `json:"request_id"`
	ARN         string            `json:"arn"`
	LeftMS      int               `json:"left_ms"`
	Environment map[string]string `json:"environment"`
}

type log struct {
	mu    sync.Mutex
	lines []lambdahost.Line
}

func (l *log) add(line lambdahost.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

// has waits for a line with text: what a program prints comes on another way than its answer.
func (l *log) has(text string) bool {
	for limit := time.Now().Add(2 * time.Second); time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
		l.mu.Lock()
		found := slices.ContainsFunc(l.lines, func(line lambdahost.Line) bool { return strings.Contains(line.Text, text) })
		l.mu.Unlock()
		if found {
			return true
		}
	}
	return false
}

func probe(t *testing.T, change func(*lambdahost.Options)) (*lambdahost.Function, *log) {
	t.Helper()
	l := &log{}
	o := lambdahost.Options{
		Name: "ProbeFunction", Bootstrap: bootstrap, Timeout: 5 * time.Second, MemoryMB: 512, Region: "eu-north-1", AccountID: "111122223333",
		LogFormat: "JSON", LogLevel: "INFO", Environment: map[string]string{"OWN": "1"}, OnLog: l.add,
	}
	if change != nil {
		change(&o)
	}
	f := lambdahost.New(o)
	t.Cleanup(func() { f.Close(context.Background()) })
	return f, l
}

func invoke(t *testing.T, f *lambdahost.Function, event string) (answer, lambdahost.Result, error) {
	t.Helper()
	result, err := f.Invoke(context.Background(), []byte(event), "Root=1-0-0")
	var a answer
	if err == nil {
		if err := json.Unmarshal(result.Payload, &a); err != nil {
			t.Fatal(err)
		}
	}
	return a, result, err
}

func TestInvokeTellsTheProgramWhatLambdaTells(t *testing.T) {
	t.Setenv("LEAK", "of the runner's environment")
	f, l := probe(t, nil)
	a, result, err := invoke(t, f, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	if a.RequestID != result.RequestID || len(a.RequestID) != 36 {
		t.Errorf("request id %q, told %q", result.RequestID, a.RequestID)
	}
	if want := "arn:aws:lambda:eu-north-1:111122223333:function:ProbeFunction"; a.ARN != want {
		t.Errorf("ARN %q, not %q", a.ARN, want)
	}
	if a.LeftMS < 4000 || a.LeftMS > 5000 {
		t.Errorf("%d ms left of 5 s", a.LeftMS)
	}
	for name, want := range map[string]string{
		"OWN": "1", "LEAK": "", "AWS_REGION": "eu-north-1", "AWS_LAMBDA_FUNCTION_NAME": "ProbeFunction", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "AWS_LAMBDA_LOG_FORMAT": "JSON", "_HANDLER": "bootstrap", "_X_AMZN_TRACE_ID": "Root=1-0-0",
	} {
		if got := a.Environment[name]; got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	if !l.has("doing") {
		t.Error("what the program printed is lost")
	}
}

func TestAnEnvironmentIsUsedAgain(t *testing.T) {
	f, _ := probe(t, nil)
	first, cold, err := invoke(t, f, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	second, warm, err := invoke(t, f, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	if first.PID != second.PID || !cold.Cold || warm.Cold {
		t.Errorf("two requests in a row ran in %d and %d, cold %v and %v", first.PID, second.PID, cold.Cold, warm.Cold)
	}
}

// The probe panics when it gets a second request at once.
func TestRequestsAtOnceGetAnEnvironmentEachUpToTheMost(t *testing.T) {
	f, _ := probe(t, func(o *lambdahost.Options) { o.MaxEnvironments = 3 })
	var mu sync.Mutex
	pids := map[int]int{}
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			a, _, err := invoke(t, f, `{"do":"sleep","ms":50}`)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			pids[a.PID]++
		})
	}
	all.Wait()
	if len(pids) < 2 || len(pids) > 3 {
		t.Errorf("12 requests ran in %d environments", len(pids))
	}
}

func TestFailures(t *testing.T) {
	for _, test := range []struct {
		do, kind, message string
		dies              bool
	}{
		{do: "fail", kind: "errorString", message: "it failed"},
		{do: "panic", kind: "string", message: "it panicked", dies: true},
		{do: "exit", kind: "Runtime.ExitError", message: "exit status 3", dies: true},
	} {
		t.Run(test.do, func(t *testing.T) {
			f, _ := probe(t, nil)
			before, _, err := invoke(t, f, `{}`)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = invoke(t, f, fmt.Sprintf(`{"do":%q}`, test.do))
			var fault *lambdahost.FunctionError
			if !errors.As(err, &fault) || fault.Type != test.kind || !strings.Contains(fault.Message, test.message) {
				t.Errorf("the error is %#v", err)
			}
			after, _, err := invoke(t, f, `{}`)
			if err != nil {
				t.Fatalf("the request after it: %v", err)
			}
			if dies := before.PID != after.PID; dies != test.dies {
				t.Errorf("new environment: %v", dies)
			}
		})
	}
}

func TestTimeoutKills(t *testing.T) {
	f, _ := probe(t, func(o *lambdahost.Options) { o.Timeout = 300 * time.Millisecond })
	before, _, err := invoke(t, f, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, _, err = invoke(t, f, `{"do":"sleep","ms":20000}`)
	if !errors.Is(err, lambdahost.ErrTimeout) || time.Since(began) > 3*time.Second {
		t.Fatalf("after %s: %v", time.Since(began), err)
	}
	after, _, err := invoke(t, f, `{}`)
	if err != nil || before.PID == after.PID {
		t.Errorf("the request after it ran in %d, after %d: %v", after.PID, before.PID, err)
	}
}

func TestInitFaults(t *testing.T) {
	f, _ := probe(t, func(o *lambdahost.Options) {
		o.Environment = map[string]string{"INIT_FAULT": "SETTINGS: unknown key \"mod\""}
	})
	want := `ProbeFunction doesn't start: SETTINGS: unknown key "mod"`
	var fault *lambdahost.InitError
	if err := f.Warm(context.Background()); !errors.As(err, &fault) || err.Error() != want {
		t.Errorf("Warm: %v", err)
	}
	if _, _, err := invoke(t, f, `{}`); !errors.As(err, &fault) || err.Error() != want {
		t.Errorf("Invoke: %v", err)
	}
	missing, _ := probe(t, func(o *lambdahost.Options) { o.Bootstrap = "/nowhere/bootstrap" })
	if err := missing.Warm(context.Background()); !errors.As(err, &fault) {
		t.Errorf("a missing program: %v", err)
	}
}

func TestPayloadsOverSixMegabytes(t *testing.T) {
	f, _ := probe(t, nil)
	var fault *lambdahost.FunctionError
	if _, _, err := invoke(t, f, `{"do":"large"}`); !errors.As(err, &fault) || fault.Type != "Function.ResponseSizeTooLarge" {
		t.Errorf("answer: %v", err)
	}
	if _, _, err := invoke(t, f, `"`+strings.Repeat("x", lambdahost.MaxPayload)+`"`); !errors.Is(err, lambdahost.ErrTooLarge) {
		t.Errorf("event: %v", err)
	}
}

// As in Lambda, a caller that goes away doesn't stop the function.
func TestACallerThatGoesAway(t *testing.T) {
	f, l := probe(t, func(o *lambdahost.Options) { o.MaxEnvironments = 1 })
	if err := f.Warm(context.Background()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := f.Invoke(ctx, []byte(`{"do":"sleep","ms":300}`), ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if _, _, err := invoke(t, f, `{"do":"next"}`); err != nil {
		t.Fatal(err)
	}
	if !l.has("doing sleep") || !l.has("doing next") {
		t.Error("a request was lost")
	}
}

func TestCloseStopsThePrograms(t *testing.T) {
	file := filepath.Join(t.TempDir(), "terminated")
	f, _ := probe(t, func(o *lambdahost.Options) { o.Environment = map[string]string{"TERM_FILE": file} })
	if _, _, err := invoke(t, f, `{}`); err != nil {
		t.Fatal(err)
	}
	f.Close(context.Background())
	if _, err := os.Stat(file); err != nil {
		t.Error("the program got no SIGTERM")
	}
	if _, _, err := invoke(t, f, `{}`); !errors.Is(err, lambdahost.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestAnEnvironmentThatDiesWhileItIsIdle(t *testing.T) {
	f, _ := probe(t, nil)
	before, _, err := invoke(t, f, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // until its end is known
	after, _, err := invoke(t, f, `{}`)
	if err != nil || after.PID == before.PID {
		t.Errorf("in %d after %d: %v", after.PID, before.PID, err)
	}
}
