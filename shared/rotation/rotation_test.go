package rotation_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/keystore"
	"github.com/doorstep-auth/doorstep/shared/keystore/keystoretest"
	"github.com/doorstep-auth/doorstep/shared/rotation"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/token"
)

const (
	macARN     = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:mac-AbCdEf"
	signingARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:signing-AbCdEf"
	day        = 24 * time.Hour
)

var (
	moment  = time.UnixMilli(1_767_225_600_000)
	denied  = keystoretest.Fault{Status: 400, Code: "AccessDeniedException"}
	onceBad = []keystoretest.Fault{
		{Late: true}, {Status: 500, Code: "InternalServiceError", Late: true}, {Status: 400, Code: "ThrottlingException"},
	}
)

// clock is a Keeper's time; waiting moves it.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	waits int
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Wait(ctx context.Context, duration time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.waits = c.now.Add(duration), c.waits+1
	if c.waits > 50 {
		return errors.New("waited too often")
	}
	return ctx.Err()
}

func newKeeper(server *keystoretest.Server, at *clock) *rotation.Keeper {
	return &rotation.Keeper{
		Store: server.Store(), MACSecretARN: macARN, SigningSecretARN: signingARN, Schedule: token.Quarterly(),
		Random: rand.Reader, Now: at.Now, Wait: at.Wait, Log: slog.New(slog.DiscardHandler),
	}
}

func start(t *testing.T) (*keystoretest.Server, *rotation.Keeper, *clock) {
	t.Helper()
	server, at := keystoretest.Start(t, macARN, signingARN), &clock{now: moment}
	return server, newKeeper(server, at), at
}

func filled(t *testing.T) (*keystoretest.Server, *rotation.Keeper, *clock) {
	t.Helper()
	server, keeper, at := start(t)
	if _, err := keeper.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	return server, keeper, at
}

func TestR62FillMakesBothDocumentsOnce(t *testing.T) {
	server, keeper, _ := start(t)
	for round, want := range []rotation.Outcome{
		{MAC: rotation.Made, Signing: rotation.Made}, {MAC: rotation.Kept, Signing: rotation.Kept},
	} {
		got, err := keeper.Fill(t.Context())
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("round %d: %v (-want +got):\n%s", round, err, diff)
		}
	}
	mac, signing := server.Versions(macARN), server.Versions(signingARN)
	if len(mac) != 1 || len(signing) != 1 {
		t.Fatalf("%d and %d versions, want one each", len(mac), len(signing))
	}
	if _, err := secret.ParseKeyring(mac[0].Document); err != nil {
		t.Error(err)
	}
	if _, err := token.ParseSigningKeys(signing[0].Document); err != nil {
		t.Error(err)
	}
}

func TestFillNeverReplacesADocumentItCantRead(t *testing.T) {
	for _, arn := range []string{macARN, signingARN} {
		server, keeper, _ := start(t)
		if err := server.Store().Put(t.Context(), arn, []byte("{}"), keystore.RequestToken(arn, "by hand")); err != nil {
			t.Fatal(err)
		}
		if _, err := keeper.Fill(t.Context()); err == nil {
			t.Error("no error")
		}
		if versions := server.Versions(arn); len(versions) != 1 {
			t.Errorf("%s was replaced", arn)
		}
	}
}

func TestManyAtOnceMakeOneOfEach(t *testing.T) {
	server, _, _ := start(t)
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			if _, err := newKeeper(server, &clock{now: moment}).Fill(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, arn := range []string{macARN, signingARN} {
		if versions := server.Versions(arn); len(versions) != 1 {
			t.Errorf("%s has %d versions", arn, len(versions))
		}
	}
}

func TestFaultsAndLostAnswersMakeNothingTwice(t *testing.T) {
	server, keeper, _ := start(t)
	for _, operation := range []string{"GetSecretValue", "PutSecretValue"} {
		for _, fault := range onceBad {
			fault.On = operation
			server.FailNext(fault)
		}
	}
	if _, err := keeper.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, arn := range []string{macARN, signingARN} {
		if versions := server.Versions(arn); len(versions) != 1 {
			t.Errorf("%s has %d versions", arn, len(versions))
		}
	}
}

// A run that dies after its write is run again, by Lambda or by CloudFormation.
func TestARunIsRepeatedAfterItsWriteWasLostForGood(t *testing.T) {
	server, keeper, _ := start(t)
	interrupted := *keeper
	interrupted.Store = lostWrites{server.Store()}
	if _, err := interrupted.Fill(t.Context()); err == nil || len(server.Versions(macARN)) != 1 {
		t.Fatal("the first write was to happen and its answer to be lost")
	}
	if _, err := keeper.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	if versions := server.Versions(macARN); len(versions) != 1 {
		t.Errorf("%d versions", len(versions))
	}
}

type lostWrites struct{ *keystore.Store }

func (l lostWrites) Put(ctx context.Context, arn string, document []byte, requestToken string) error {
	_ = l.Store.Put(ctx, arn, document, requestToken)
	return errors.New("the answer was lost")
}

func TestR46ScheduleRotatesTheSigningKeysWhenDue(t *testing.T) {
	server, keeper, at := filled(t)
	event, err := os.ReadFile("../../events/keys/rotate.json")
	if err != nil {
		t.Fatal(err)
	}
	first := currentSigner(t, server)
	for _, step := range []struct {
		after    time.Duration
		deed     rotation.Deed
		versions int
	}{{day, rotation.Kept, 1}, {89 * day, rotation.Rotated, 2}, {0, rotation.Kept, 2}, {7 * day, rotation.Rotated, 3}} {
		at.now = at.now.Add(step.after)
		got, err := keeper.Handle(t.Context(), event)
		if diff := cmp.Diff(any(rotation.Outcome{Signing: step.deed}), got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", at.now, err, diff)
		}
		if versions := server.Versions(signingARN); len(versions) != step.versions {
			t.Errorf("%s: %d versions, want %d", at.now, len(versions), step.versions)
		}
	}
	if currentSigner(t, server) == first {
		t.Error("the current key is still the first one")
	}
	if versions := server.Versions(macARN); len(versions) != 1 {
		t.Error("the schedule touched the mac secret")
	}
}

func currentSigner(t *testing.T, server *keystoretest.Server) string {
	t.Helper()
	versions := server.Versions(signingARN)
	keys, err := token.ParseSigningKeys(versions[len(versions)-1].Document)
	if err != nil {
		t.Fatal(err)
	}
	return keys.Current().ID
}

func TestTwoRotationsAtOnceMoveOneKey(t *testing.T) {
	server, _, _ := filled(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := newKeeper(server, &clock{now: moment.Add(100 * day)}).RotateSigning(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if versions := server.Versions(signingARN); len(versions) != 2 {
		t.Errorf("%d versions, want 2", len(versions))
	}
}

func TestTheScheduleMakesNoFirstDocument(t *testing.T) {
	server, keeper, _ := start(t)
	if _, err := keeper.Handle(t.Context(), json.RawMessage(`{}`)); !errors.Is(err, keystore.ErrNotSet) {
		t.Errorf("err = %v", err)
	}
	if len(server.Versions(signingARN)) != 0 {
		t.Error("it made one")
	}
}

func TestR62OperatorRotatesTheMACKeyAndOldOnesVerify(t *testing.T) {
	server, keeper, _ := filled(t)
	before, err := secret.ParseKeyring(server.Versions(macARN)[0].Document)
	if err != nil {
		t.Fatal(err)
	}
	server.FailNext(onceBad...)
	got, err := keeper.Handle(t.Context(), json.RawMessage(`{"rotate":"mac"}`))
	if diff := cmp.Diff(any(rotation.Outcome{MAC: rotation.Rotated}), got); err != nil || diff != "" {
		t.Fatalf("%v (-want +got):\n%s", err, diff)
	}
	after, err := secret.ParseKeyring(server.Versions(macARN)[1].Document)
	if err != nil {
		t.Fatal(err)
	}
	if after.Current().ID == before.Current().ID {
		t.Error("the current key is the same")
	}
	if _, found := after.ByID(before.Current().ID); !found {
		t.Error("the old key is gone")
	}
}

func TestHandleRefusesOtherEvents(t *testing.T) {
	server, keeper, _ := filled(t)
	for _, event := range []string{``, `[]`, `{"rotate":"table"}`, `{"rotate":""}`, `{"RequestType":"Create","RequestId":7}`} {
		if _, err := keeper.Handle(t.Context(), json.RawMessage(event)); err == nil {
			t.Errorf("%s: no error", event)
		}
	}
	if len(server.Versions(macARN)) != 1 || len(server.Versions(signingARN)) != 1 {
		t.Error("one of them changed a secret")
	}
}

// stack is CloudFormation's side of a custom resource.
type stack struct {
	*httptest.Server
	failures int // answers to refuse before one is taken
	mu       sync.Mutex
	answers  []map[string]any
}

func newStack(t *testing.T) *stack {
	s := &stack{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.failures > 0 {
			s.failures--
			writer.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var answer map[string]any
		body, _ := io.ReadAll(request.Body)
		if err := json.Unmarshal(body, &answer); err != nil {
			t.Errorf("the answer isn't JSON: %v", err)
		}
		delete(answer, "Reason")
		s.answers = append(s.answers, answer)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *stack) event(kind string) json.RawMessage {
	event, _ := json.Marshal(map[string]any{
		"RequestType": kind, "RequestId": "r-1", "ResponseURL": s.URL, "StackId": "arn:stack", "LogicalResourceId": "SecretMaterial",
		"ResourceType": "Custom::SecretMaterial", "PhysicalResourceId": "secret-material",
	})
	return event
}

func answer(status string) map[string]any {
	return map[string]any{
		"Status": status, "RequestId": "r-1", "StackId": "arn:stack",
		"LogicalResourceId": "SecretMaterial", "PhysicalResourceId": "secret-material",
	}
}

func TestCustomResourceLife(t *testing.T) {
	server, keeper, at := start(t)
	formation := newStack(t)
	for i, kind := range []string{"Create", "Create", "Update", "Delete"} {
		at.now = at.now.Add(200 * day) // a key is due, but only the schedule rotates
		if _, err := keeper.Handle(t.Context(), formation.event(kind)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(answer("SUCCESS"), formation.answers[i]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
	if len(server.Versions(macARN)) != 1 || len(server.Versions(signingARN)) != 1 {
		t.Error("more than the first documents were made")
	}
}

func TestDeletingTheCustomResourceReadsNothing(t *testing.T) {
	server, keeper, _ := start(t)
	if _, err := keeper.Handle(t.Context(), newStack(t).event("Delete")); err != nil || len(server.Calls()) != 0 {
		t.Errorf("err = %v, calls %v", err, server.Calls())
	}
}

func TestCustomResourceWaitsForANewRolesPolicies(t *testing.T) {
	server, keeper, at := start(t)
	formation := newStack(t)
	server.FailNext(denied, denied, denied)
	if _, err := keeper.Handle(t.Context(), formation.event("Create")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(answer("SUCCESS"), formation.answers[0]); diff != "" || at.waits != 3 {
		t.Errorf("after %d waits (-want +got):\n%s", at.waits, diff)
	}
}

func TestCustomResourceTellsOfItsFailure(t *testing.T) {
	keeper := newKeeper(keystoretest.Start(t), &clock{now: moment}) // neither secret exists
	formation := newStack(t)
	if _, err := keeper.Handle(t.Context(), formation.event("Create")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(answer("FAILED"), formation.answers[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Lambda runs an asynchronous event again when its function fails.
func TestCustomResourceWhoseAnswerWasLostIsRepeated(t *testing.T) {
	server, keeper, _ := start(t)
	formation := newStack(t)
	formation.failures = 1
	if _, err := keeper.Handle(t.Context(), formation.event("Create")); err == nil {
		t.Fatal("a lost answer has to fail the function")
	}
	if _, err := keeper.Handle(t.Context(), formation.event("Create")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]map[string]any{answer("SUCCESS")}, formation.answers); diff != "" || len(server.Versions(macARN)) != 1 {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCustomResourceAnswersBeforeLambdaEndsIt(t *testing.T) {
	server, keeper, _ := start(t)
	formation := newStack(t)
	for range 60 {
		server.FailNext(denied)
	}
	keeper.Wait = rotation.Sleep
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second+200*time.Millisecond)
	defer cancel()
	if _, err := keeper.Handle(ctx, formation.event("Create")); err != nil || ctx.Err() != nil {
		t.Fatalf("err = %v, %v", err, ctx.Err())
	}
	if diff := cmp.Diff(answer("FAILED"), formation.answers[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOnADevelopersMachineNothingIsAsked(t *testing.T) {
	server, keeper, _ := start(t)
	keeper.Local = true
	got, err := keeper.Handle(t.Context(), json.RawMessage(`{"rotate":"mac"}`))
	if err != nil || got != any(rotation.Outcome{MAC: rotation.Kept, Signing: rotation.Kept}) || len(server.Calls()) != 0 {
		t.Errorf("got %v, %v, calls %v", got, err, server.Calls())
	}
}

// R59: what is made is logged by id, never by value.
func TestR59LogHoldsIDsOnly(t *testing.T) {
	server, keeper, _ := start(t)
	var log bytes.Buffer
	keeper.Log = slog.New(slog.NewJSONHandler(&log, nil))
	if _, err := keeper.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, arn := range []string{macARN, signingARN} {
		var document struct{ Keys []map[string]any }
		if err := json.Unmarshal(server.Versions(arn)[0].Document, &document); err != nil {
			t.Fatal(err)
		}
		for _, key := range document.Keys {
			if !strings.Contains(log.String(), key["id"].(string)) {
				t.Errorf("%s isn't in the log", key["id"])
			}
			for _, member := range []string{"key", "private_key"} {
				if value, isText := key[member].(string); isText && strings.Contains(log.String(), value) {
					t.Errorf("%s of %s is in the log", member, key["id"])
				}
			}
		}
	}
}
