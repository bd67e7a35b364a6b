package keystore_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/keystore"
	"github.com/doorstep-auth/doorstep/shared/keystore/keystoretest"
)

const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:test-AbCdEf"

var (
	dropped   = keystoretest.Fault{}
	lost      = keystoretest.Fault{Late: true}
	throttled = keystoretest.Fault{Status: 400, Code: "ThrottlingException"}
	internal  = keystoretest.Fault{Status: 500, Code: "InternalServiceError"}
	denied    = keystoretest.Fault{Status: 400, Code: "AccessDeniedException"}
)

func TestPutThenGet(t *testing.T) {
	server := keystoretest.Start(t, arn)
	store := server.Store()
	document := []byte(`{"keys":["<é>&\u2028"]}`)
	if err := store.Put(t.Context(), arn, document, keystore.RequestToken(arn, "")); err != nil {
		t.Fatal(err)
	}
	got, err := store.Get(t.Context(), arn)
	if err != nil || string(got) != string(document) {
		t.Errorf("Get = %q, %v; want %q", got, err, document)
	}
	version, err := store.Current(t.Context(), arn)
	if err != nil || version.ID != keystore.RequestToken(arn, "") {
		t.Errorf("Current = %q, %v", version.ID, err)
	}
}

func TestGetTellsMissingFromEmptyFromDenied(t *testing.T) {
	server := keystoretest.Start(t, arn)
	cases := map[string]struct {
		arn    string
		faults []keystoretest.Fault
		want   error
	}{
		"missing": {arn: arn + "x", want: keystore.ErrNotFound},
		"empty":   {arn: arn, want: keystore.ErrNotSet},
		"denied":  {arn: arn, faults: []keystoretest.Fault{denied}, want: keystore.ErrDenied},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			server.FailNext(test.faults...)
			before := len(server.Calls())
			_, err := server.Store().Get(t.Context(), test.arn)
			for _, sentinel := range []error{keystore.ErrNotFound, keystore.ErrNotSet, keystore.ErrDenied, keystore.ErrConflict} {
				if errors.Is(err, sentinel) != (sentinel == test.want) {
					t.Errorf("errors.Is(%v, %v) = %t", err, sentinel, errors.Is(err, sentinel))
				}
			}
			if calls := len(server.Calls()) - before; calls != 1 {
				t.Errorf("asked %d times", calls)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("not one line: %q", err)
			}
		})
	}
}

func TestPutToAMissingSecretIsNotFound(t *testing.T) {
	server := keystoretest.Start(t)
	if err := server.Store().Put(t.Context(), arn, []byte("{}"), keystore.RequestToken(arn, "")); !errors.Is(err, keystore.ErrNotFound) {
		t.Errorf("err = %v", err)
	}
}

func TestRetriesWhatMayPass(t *testing.T) {
	cases := map[string]struct {
		faults []keystoretest.Fault
		calls  int
		fails  bool
	}{
		"dropped connections": {faults: []keystoretest.Fault{dropped, dropped, dropped}, calls: 4},
		"throttled":           {faults: []keystoretest.Fault{throttled, throttled}, calls: 3},
		"internal error":      {faults: []keystoretest.Fault{internal}, calls: 2},
		"503 of a proxy":      {faults: []keystoretest.Fault{{Status: 503}}, calls: 2},
		"too many requests":   {faults: []keystoretest.Fault{{Status: 429}}, calls: 2},
		"never passes":        {faults: []keystoretest.Fault{internal, internal, internal, internal}, calls: 4, fails: true},
		"refused for good":    {faults: []keystoretest.Fault{{Status: 400, Code: "InvalidRequestException"}}, calls: 1, fails: true},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			server := keystoretest.Start(t, arn)
			if err := server.Store().Put(t.Context(), arn, []byte("{}"), keystore.RequestToken(arn, "")); err != nil {
				t.Fatal(err)
			}
			server.FailNext(test.faults...)
			_, err := server.Store().Get(t.Context(), arn)
			if (err != nil) != test.fails {
				t.Errorf("err = %v", err)
			}
			if calls := len(server.Calls()) - 1; calls != test.calls {
				t.Errorf("asked %d times, want %d", calls, test.calls)
			}
		})
	}
}

func TestRetriesWaitLongerAndLongerWithJitter(t *testing.T) {
	server := keystoretest.Start(t, arn)
	config := server.Config()
	config.Backoff = 400 * time.Millisecond
	var longest []time.Duration
	config.Jitter = func(wait time.Duration) time.Duration {
		longest = append(longest, wait)
		return 0
	}
	server.FailNext(internal, internal, internal)
	_, _ = keystore.New(config).Get(t.Context(), arn)
	want := []time.Duration{400 * time.Millisecond, 800 * time.Millisecond, time.Second}
	if diff := cmp.Diff(want, longest); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPutWhoseAnswerWasLostHappensOnce(t *testing.T) {
	server := keystoretest.Start(t, arn)
	server.FailNext(lost, keystoretest.Fault{Status: 500, Code: "InternalServiceError", Late: true})
	if err := server.Store().Put(t.Context(), arn, []byte(`{"a":1}`), keystore.RequestToken(arn, "")); err != nil {
		t.Fatal(err)
	}
	if versions := server.Versions(arn); len(versions) != 1 {
		t.Errorf("%d versions, want 1", len(versions))
	}
}

func TestOneOfManyWritersWins(t *testing.T) {
	server := keystoretest.Start(t, arn)
	store := server.Store()
	errs := make([]error, 8)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			errs[i] = store.Put(t.Context(), arn, []byte{'0' + byte(i)}, keystore.RequestToken(arn, "base"))
		})
	}
	group.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, keystore.ErrConflict) {
			t.Errorf("err = %v", err)
		}
	}
	if won != 1 || len(server.Versions(arn)) != 1 {
		t.Errorf("%d writers won, %d versions", won, len(server.Versions(arn)))
	}
}

func TestGetEndsWithItsContext(t *testing.T) {
	server := keystoretest.Start(t, arn)
	config := server.Config()
	config.Backoff = time.Hour
	config.Jitter = func(time.Duration) time.Duration { return time.Hour }
	server.FailNext(internal)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := keystore.New(config).Get(ctx, arn); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err = %v", err)
	}
}

func TestASilentServerCostsOneTimeoutPerAttempt(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		_, _ = io.Copy(io.Discard, request.Body) // only then does the server see its client leave
		<-request.Context().Done()
	}))
	defer silent.Close()
	config := keystoretest.Start(t, arn).Config()
	config.Endpoint, config.Timeout = silent.URL, 10*time.Millisecond
	start := time.Now()
	if _, err := keystore.New(config).Get(t.Context(), arn); err == nil || time.Since(start) > 2*time.Second {
		t.Errorf("err = %v after %s", err, time.Since(start))
	}
}

// R59: an unusable answer may be the secret itself, so it isn't quoted.
func TestR59AnswersAreNotQuoted(t *testing.T) {
	odd := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) {
		_, _ = writer.Write([]byte(`{"SecretString":"hunter2","VersionId":hunter2}`))
	}))
	defer odd.Close()
	config := keystoretest.Start(t, arn).Config()
	config.Endpoint = odd.URL
	if _, err := keystore.New(config).Get(t.Context(), arn); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("err = %v", err)
	}
}

func TestNoCredentialsIsAnError(t *testing.T) {
	config := keystoretest.Start(t, arn).Config()
	none := errors.New("no role")
	config.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, none })
	if _, err := keystore.New(config).Get(t.Context(), arn); !errors.Is(err, none) {
		t.Errorf("err = %v", err)
	}
}

func TestEndpointFollowsTheRegion(t *testing.T) {
	for region, want := range map[string]string{
		"eu-central-1": "secretsmanager.eu-central-1.amazonaws.com",
		"cn-north-1":   "secretsmanager.cn-north-1.amazonaws.com.cn",
	} {
		config := keystoretest.Start(t).Config()
		config.Region, config.Endpoint = region, ""
		var host string
		config.Client = &http.Client{Transport: transport(func(request *http.Request) (*http.Response, error) {
			host = request.URL.Scheme + "://" + request.URL.Host
			return nil, errors.New("not today")
		})}
		_, _ = keystore.New(config).Get(t.Context(), arn)
		if host != "https://"+want {
			t.Errorf("%s: asked %s", region, host)
		}
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }
