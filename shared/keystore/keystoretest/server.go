// Package keystoretest is a stand-in for AWS Secrets Manager over HTTP, for the
// two operations of package keystore: it checks each request's signature, keeps
// versions under the rules of ClientRequestToken, and fails as it is told.
package keystoretest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/doorstep-auth/doorstep/shared/keystore"
)

const (
	region      = "eu-central-1"
	accessKey   = "AKIDTEST"
	secretKey   = "test-secret-key"
	sessionWord = "test-session-token"
)

// Fault replaces one answer.
type Fault struct {
	On     string // operation that it waits for; "" is any
	Status int    // HTTP status; 0 drops the connection
	Code   string // `__type` of the answer
	Late   bool   // carry the request out all the same: the answer is lost, the effect isn't
}

// Server is the stand-in. Its zero value can't be used; see Start.
type Server struct {
	t    *testing.T
	http *httptest.Server

	mu       sync.Mutex
	versions map[string][]keystore.Version // by ARN; the last is current
	faults   []Fault
	calls    []string
}

// Start runs a server that holds empty secrets of the given ARNs, until the
// test ends.
func Start(t *testing.T, arns ...string) *Server {
	server := &Server{t: t, versions: map[string][]keystore.Version{}}
	for _, arn := range arns {
		server.versions[arn] = []keystore.Version{}
	}
	server.http = httptest.NewServer(server)
	t.Cleanup(server.http.Close)
	return server
}

// Store returns a client of the server whose retries don't wait.
func (s *Server) Store() *keystore.Store {
	return keystore.New(s.Config())
}

// Config returns what Store is made of.
func (s *Server) Config() keystore.Config {
	return keystore.Config{
		Region: region, Endpoint: s.http.URL, Client: s.http.Client(), Backoff: time.Nanosecond,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey, SessionToken: sessionWord}, nil
		}),
	}
}

// FailNext makes the next requests fail, one per fault.
func (s *Server) FailNext(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Calls returns the operations asked for so far, refused ones too.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.calls...)
}

// Versions returns every version that the secret has had, oldest first.
func (s *Server) Versions(arn string) []keystore.Version {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]keystore.Version(nil), s.versions[arn]...)
}

// ServeHTTP answers as Secrets Manager does.
func (s *Server) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		s.t.Errorf("read a request: %v", err)
	}
	if fault := checkSignature(request, body); fault != "" {
		s.t.Errorf("the request's signature is wrong: %s", fault)
		refuse(writer, http.StatusForbidden, "InvalidSignatureException", fault)
		return
	}
	_, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, operation)
	if fault, due := s.nextFault(operation); due {
		if fault.Late {
			s.answer(httptest.NewRecorder(), operation, body)
		}
		if fault.Status == 0 {
			panic(http.ErrAbortHandler)
		}
		refuse(writer, fault.Status, fault.Code, "as the test wants")
		return
	}
	s.answer(writer, operation, body)
}

func (s *Server) nextFault(operation string) (Fault, bool) {
	for i, fault := range s.faults {
		if fault.On == "" || fault.On == operation {
			s.faults = slices.Delete(s.faults, i, i+1)
			return fault, true
		}
	}
	return Fault{}, false
}

func (s *Server) answer(writer http.ResponseWriter, operation string, body []byte) {
	var input struct{ SecretId, SecretString, ClientRequestToken string }
	if err := json.Unmarshal(body, &input); err != nil {
		refuse(writer, http.StatusBadRequest, "SerializationException", err.Error())
		return
	}
	versions, exists := s.versions[input.SecretId]
	if !exists {
		refuse(writer, http.StatusBadRequest, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
		return
	}
	switch operation {
	case "GetSecretValue":
		if len(versions) == 0 {
			refuse(writer, http.StatusBadRequest, "ResourceNotFoundException",
				"Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")
			return
		}
		current := versions[len(versions)-1]
		reply(writer, map[string]any{"ARN": input.SecretId, "SecretString": string(current.Document), "VersionId": current.ID})
	case "PutSecretValue":
		s.put(writer, input.SecretId, keystore.Version{ID: input.ClientRequestToken, Document: []byte(input.SecretString)})
	default:
		refuse(writer, http.StatusBadRequest, "UnknownOperationException", operation)
	}
}

func (s *Server) put(writer http.ResponseWriter, arn string, version keystore.Version) {
	if length := len(version.ID); length < 32 || length > 64 {
		refuse(writer, http.StatusBadRequest, "ValidationException", "ClientRequestToken has 32 to 64 characters")
		return
	}
	for _, earlier := range s.versions[arn] {
		if earlier.ID != version.ID {
			continue
		}
		if bytes.Equal(earlier.Document, version.Document) {
			reply(writer, map[string]any{"ARN": arn, "VersionId": version.ID})
			return
		}
		refuse(writer, http.StatusBadRequest, "ResourceExistsException", "A resource with the ID you requested already exists.")
		return
	}
	s.versions[arn] = append(s.versions[arn], version)
	reply(writer, map[string]any{"ARN": arn, "VersionId": version.ID})
}

// checkSignature signs what the request says it signed once more and compares.
func checkSignature(request *http.Request, body []byte) string {
	got := request.Header.Get("Authorization")
	_, rest, _ := strings.Cut(got, "SignedHeaders=")
	names, _, _ := strings.Cut(rest, ",")
	again, err := http.NewRequest(request.Method, "http://"+request.Host+request.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return err.Error()
	}
	for _, name := range strings.Split(names, ";") {
		if values := request.Header.Values(name); len(values) > 0 {
			again.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	at, err := time.Parse("20060102T150405Z", request.Header.Get("X-Amz-Date"))
	if err != nil {
		return fmt.Sprintf("X-Amz-Date: %v", err)
	}
	hash := sha256.Sum256(body)
	credentials := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey, SessionToken: sessionWord}
	err = v4.NewSigner().SignHTTP(request.Context(), credentials, again, hex.EncodeToString(hash[:]), "secretsmanager", region, at)
	if err != nil {
		return err.Error()
	}
	if want := again.Header.Get("Authorization"); got != want {
		return fmt.Sprintf("got %q, want %q", got, want)
	}
	for _, name := range []string{"host", "x-amz-date", "x-amz-security-token", "x-amz-target"} {
		if !strings.Contains(";"+names+";", ";"+name+";") {
			return name + " isn't signed"
		}
	}
	return ""
}

func reply(writer http.ResponseWriter, answer map[string]any) {
	writer.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(writer).Encode(answer) // a failure is the client's to see
}

func refuse(writer http.ResponseWriter, status int, code, message string) {
	writer.Header().Set("Content-Type", "application/x-amz-json-1.1")
	writer.WriteHeader(status)
	_ = json.NewEncoder(writer).Encode(map[string]string{"__type": code, "Message": message})
}
