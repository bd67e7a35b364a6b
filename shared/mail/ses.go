package mail

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
)

const (
	attemptTimeout = 10 * time.Second       // of one request; SES answers in well under one second
	firstWait      = 200 * time.Millisecond // upper bound of the first wait; it doubles
	longestWait    = 5 * time.Second
)

// SESOptions say how SES is reached.
type SESOptions struct {
	AWS aws.Config // region and credentials
	// Endpoint is SES's URL; empty for the region's own.
	Endpoint string
	// HTTPClient keeps the connections; nil makes one. It should keep as many
	// idle ones as there are mails sent at once.
	HTTPClient *http.Client
	// ConfigurationSet is the SES configuration set that mails belong to, or empty.
	ConfigurationSet string
	// Jitter draws a wait between 0 and most; nil draws evenly.
	Jitter func(most time.Duration) time.Duration
}

// SES sends through Amazon SES, API version 2. It is safe for concurrent use.
//
// It holds a method of the client, not the client: html/template makes the linker
// keep every exported method of a type that reflection can reach, and here that
// would be all of SES's operations.
type SES struct {
	sendEmail        func(context.Context, *sesv2.SendEmailInput, ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error)
	endpoint         func(context.Context) (string, error)
	http             *http.Client
	configurationSet *string
	jitter           func(time.Duration) time.Duration
}

var _ Sender = (*SES)(nil)

// NewSES makes a Sender; nothing is sent or connected yet, see Warm.
func NewSES(o SESOptions) *SES {
	s := &SES{http: &http.Client{}, jitter: o.Jitter}
	if o.HTTPClient != nil {
		*s.http = *o.HTTPClient
	}
	if s.http.Timeout == 0 {
		s.http.Timeout = attemptTimeout
	}
	s.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if s.jitter == nil {
		s.jitter = func(most time.Duration) time.Duration { return rand.N(most) }
	}
	if o.ConfigurationSet != "" {
		s.configurationSet = &o.ConfigurationSet
	}
	client := sesv2.NewFromConfig(o.AWS, func(options *sesv2.Options) {
		options.HTTPClient = s.http
		if o.Endpoint != "" {
			options.BaseEndpoint = &o.Endpoint
		}
	})
	s.sendEmail = client.SendEmail
	s.endpoint = func(ctx context.Context) (string, error) {
		options := client.Options()
		found, err := options.EndpointResolverV2.ResolveEndpoint(ctx, sesv2.EndpointParameters{
			Region: &options.Region, Endpoint: options.BaseEndpoint,
		})
		return strings.TrimSuffix(found.URI.String(), "/"), err
	}
	return s
}

// Warm opens a connection to SES, so that the first mail finds it open. It sends
// one request without a signature, which SES refuses; nothing is mailed.
func (s *SES) Warm(ctx context.Context) error {
	endpoint, err := s.endpoint(ctx)
	if err != nil {
		return fmt.Errorf("mail: find SES: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"/v2/email/account", nil)
	if err != nil {
		return fmt.Errorf("mail: find SES: %w", err)
	}
	answer, err := s.http.Do(request)
	if err != nil {
		return fmt.Errorf("mail: connect to SES: %w", err)
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // read to the end, or the connection isn't kept
	return err
}

// Send implements Sender. Throttling, faults of SES and lost answers are retried
// with jittered, growing waits for as long as ctx has time for them.
func (s *SES) Send(ctx context.Context, m Message) error {
	if !sendable(m.To) {
		return &Refused{Reason: RefusedAddress}
	}
	_, err := s.sendEmail(ctx, s.request(m), func(o *sesv2.Options) { o.Retryer = s.retryer(ctx) })
	if err != nil {
		return judge(err, m)
	}
	return nil
}

func (s *SES) request(m Message) *sesv2.SendEmailInput {
	in := &sesv2.SendEmailInput{
		FromEmailAddress: &m.From,
		Destination:      &types.Destination{ToAddresses: []string{m.To}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: content(oneLine(m.Subject)),
			Body:    &types.Body{Text: content(m.Text.Reveal()), Html: content(m.HTML.Reveal())},
			// RFC 3834 §5: no answers from vacation responders.
			Headers: []types.MessageHeader{{Name: aws.String("Auto-Submitted"), Value: aws.String("auto-generated")}},
		}},
		ConfigurationSetName: s.configurationSet,
		// Whatever the configuration set says: no pixel, no rewritten links.
		ConfigurationOverrides: &types.ConfigurationOverrides{Tracking: &types.TrackingConfigurationOverrides{
			OpenTrackingEnabled: types.FeatureStatusDisabled, ClickTrackingEnabled: types.FeatureStatusDisabled,
		}},
		EmailTags: []types.MessageTag{
			{Name: aws.String("mail"), Value: aws.String(tagValue(m.Kind))},
			{Name: aws.String("mail_id"), Value: aws.String(tagValue(m.ID))},
		},
	}
	if m.ReplyTo != "" {
		in.ReplyToAddresses = []string{m.ReplyTo}
	}
	return in
}

func content(text string) *types.Content {
	return &types.Content{Data: &text, Charset: aws.String("UTF-8")}
}

// tagValue is text with what a tag's value can't hold (SES API: letters, digits,
// _ and -, at most 256) as underscores.
func tagValue(text string) string {
	clean := strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-':
			return c
		}
		return '_'
	}, text)
	return clean[:min(len(clean), 256)]
}

// retryer tries again until ctx has no time for another wait; then it returns
// what the last try failed with. The SDK's token bucket, which would stop a batch
// early when SES throttles it, is off.
func (s *SES) retryer(ctx context.Context) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 1000
		o.RateLimiter = ratelimit.None
		o.Retryables = append(o.Retryables, retry.RetryableHTTPStatusCode{Codes: map[int]struct{}{http.StatusTooManyRequests: {}}})
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, cause error) (time.Duration, error) {
			wait := s.jitter(waitBound(attempt))
			if end, limited := ctx.Deadline(); limited && time.Until(end) <= wait {
				return 0, cause
			}
			return wait, nil
		})
	})
}

// waitBound is the longest wait after a number of attempts.
func waitBound(attempts int) time.Duration {
	return min(firstWait<<min(max(attempts-1, 0), 16), longestWait)
}

// sendable reports whether SES can be asked to send to address: one mailbox in
// ASCII (SES has no SMTPUTF8), with nothing that could end a header.
func sendable(address string) bool {
	local, domain, found := strings.Cut(address, "@")
	if !found || local == "" || domain == "" || len(address) > 254 {
		return false
	}
	return !strings.ContainsFunc(address, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`<>,;:\"()[]`, c)
	}) && !strings.Contains(domain, "@")
}
