// Package keystore reads and writes the documents of the two secrets in AWS
// Secrets Manager. Each call is one request signed with the SDK's own signer: a
// whole service client would cost every function's start 0.7–1.0 ms for two
// calls (docs/decisions/0011-signed-request-to-secrets-manager.md).
package keystore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	service      = "secretsmanager"
	contentType  = "application/x-amz-json-1.1"
	maxAttempts  = 4
	maxWait      = time.Second
	maxBodyBytes = 512 << 10 // a secret has at most 64 KiB; JSON may escape each octet in six

	defaultTimeout = 3 * time.Second
	defaultBackoff = 50 * time.Millisecond
)

// The errors of Get, Current and Put; any other is one of the network, of a
// context, or an answer that stayed unusable after all retries.
var (
	// ErrNotFound: there is no such secret.
	ErrNotFound = errors.New("keystore: no such secret")

	// ErrNotSet: the secret exists, and no value was ever put into it.
	ErrNotSet = errors.New("keystore: the secret has no value yet")

	// ErrDenied: the credentials may not do this.
	ErrDenied = errors.New("keystore: access denied")

	// ErrConflict: another Put with the same request token was first with
	// another document. The secret holds that one's.
	ErrConflict = errors.New("keystore: another value was put first")
)

// Config is what a Store needs. Region and Credentials must be set; the zero
// value of any other field is its default.
type Config struct {
	Region      string
	Credentials aws.CredentialsProvider
	Endpoint    string                            // URL of another host, for tests; default the region's
	Client      *http.Client                      // default http.DefaultClient
	Timeout     time.Duration                     // of one attempt; default 3 s
	Backoff     time.Duration                     // longest wait before the first retry, doubled for each; default 50 ms
	Jitter      func(time.Duration) time.Duration // picks a wait of at most that; default uniform
	Now         func() time.Time                  // default time.Now
}

// Store reads and writes secrets. It is safe for concurrent use.
type Store struct {
	config Config
	signer *v4.Signer
}

// New returns a Store with the defaults filled in.
func New(config Config) *Store {
	if config.Endpoint == "" {
		config.Endpoint = regionEndpoint(config.Region)
	}
	if config.Client == nil {
		config.Client = http.DefaultClient
	}
	if config.Timeout == 0 {
		config.Timeout = defaultTimeout
	}
	if config.Backoff == 0 {
		config.Backoff = defaultBackoff
	}
	if config.Jitter == nil {
		config.Jitter = func(longest time.Duration) time.Duration { return rand.N(longest + 1) }
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Store{config: config, signer: v4.NewSigner()}
}

func regionEndpoint(region string) string {
	suffix := "amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		suffix = "amazonaws.com.cn"
	}
	return "https://" + service + "." + region + "." + suffix
}

// Version is one value that a secret had or has.
type Version struct {
	ID       string // unique within the secret, for ever
	Document []byte
}

// Get returns the secret's current document. Errors: ErrNotFound, ErrNotSet,
// ErrDenied.
func (s *Store) Get(ctx context.Context, arn string) ([]byte, error) {
	version, err := s.Current(ctx, arn)
	return version.Document, err
}

// Current returns the secret's current document with its version. Shortly after
// a Put it may still return the one before. Errors: as Get.
func (s *Store) Current(ctx context.Context, arn string) (Version, error) {
	var answer struct {
		SecretString *string
		VersionID    string `json:"VersionId"`
	}
	request := map[string]string{"SecretId": arn}
	if err := s.call(ctx, "GetSecretValue", request, &answer); err != nil {
		return Version{}, err
	}
	if answer.SecretString == nil {
		return Version{}, errors.New("keystore: the secret holds no text")
	}
	return Version{ID: answer.VersionID, Document: []byte(*answer.SecretString)}, nil
}

// Put makes document the secret's current one, unless a version with that
// request token exists: if its document is the same, Put has nothing to do and
// succeeds, so that a Put whose answer was lost can be repeated; if it is
// another, the error is ErrConflict. Two writers who derive their token from
// what they replace (see RequestToken) therefore can't both win. Other errors:
// ErrNotFound, ErrDenied.
func (s *Store) Put(ctx context.Context, arn string, document []byte, requestToken string) error {
	request := map[string]string{"SecretId": arn, "SecretString": string(document), "ClientRequestToken": requestToken}
	return s.call(ctx, "PutSecretValue", request, &struct{}{})
}

// RequestToken derives the request token of the one write that may follow the
// version of that id, "" for a secret without a value.
func RequestToken(arn, replacedVersionID string) string {
	sum := sha256.Sum256([]byte(arn + "\n" + replacedVersionID))
	return hex.EncodeToString(sum[:])
}

func (s *Store) call(ctx context.Context, operation string, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("keystore: %s: %w", operation, err)
	}
	for attempt := 1; ; attempt++ {
		again, err := s.attempt(ctx, operation, body, answer)
		if err == nil || !again || attempt == maxAttempts {
			return err
		}
		longest := min(s.config.Backoff<<(attempt-1), maxWait)
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w while waiting to retry: %w", ctx.Err(), err)
		case <-time.After(s.config.Jitter(longest)):
		}
	}
}

// attempt sends the request once and reports whether a failure may pass.
func (s *Store) attempt(ctx context.Context, operation string, body []byte, answer any) (again bool, err error) {
	attemptCtx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	request, err := s.signed(attemptCtx, operation, body)
	if err != nil {
		return false, fmt.Errorf("keystore: %s: %w", operation, err)
	}
	response, err := s.config.Client.Do(request)
	if err != nil {
		return ctx.Err() == nil, fmt.Errorf("keystore: %s: %w", operation, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxBodyBytes))
	switch {
	case err != nil:
		return ctx.Err() == nil, fmt.Errorf("keystore: %s: read the answer: %w", operation, err)
	case response.StatusCode != http.StatusOK:
		return refusal(operation, response, text)
	case json.Unmarshal(text, answer) != nil:
		// Without the parser's error, which may quote the secret.
		return true, fmt.Errorf("keystore: %s: the answer isn't JSON", operation)
	}
	return false, nil
}

func (s *Store) signed(ctx context.Context, operation string, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.config.Endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("X-Amz-Target", service+"."+operation)
	credentials, err := s.config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("no credentials: %w", err)
	}
	hash := sha256.Sum256(body)
	err = s.signer.SignHTTP(ctx, credentials, request, hex.EncodeToString(hash[:]), service, s.config.Region, s.config.Now())
	return request, err
}

// refusal turns an error answer into an error, and says whether it may pass.
func refusal(operation string, response *http.Response, text []byte) (again bool, err error) {
	var answer struct {
		Type    string `json:"__type"`
		Message string // "message" or "Message", as the error has it
	}
	_ = json.Unmarshal(text, &answer) // a proxy's answer may be no JSON; the status stays
	code := answer.Type[strings.LastIndexByte(answer.Type, '#')+1:]
	detail := fmt.Sprintf("%s: status %d, %s: %s", operation, response.StatusCode, code, answer.Message)
	err = errors.New("keystore: " + detail)
	switch code {
	case "ResourceNotFoundException":
		// One code for two states; only the message of a secret without a value names a staging label.
		if operation == "GetSecretValue" && strings.Contains(answer.Message, "staging label") {
			return false, fmt.Errorf("%w: %s", ErrNotSet, detail)
		}
		return false, fmt.Errorf("%w: %s", ErrNotFound, detail)
	case "ResourceExistsException":
		return false, fmt.Errorf("%w: %s", ErrConflict, detail)
	case "AccessDeniedException":
		return false, fmt.Errorf("%w: %s", ErrDenied, detail)
	case "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded":
		return true, err
	}
	return response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests, err
}
