package password

import (
	"context"
	"crypto/sha1" //nolint:gosec // the range service's index, not a protection
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Limits of a question to the breach service.
const (
	breachTimeout = 2 * time.Second
	breachAnswer  = 1 << 20 // bytes; a padded answer has about 40 kB
	rangePrefix   = 5       // hexadecimal digits of the SHA-1 that leave this process
)

// breached asks the service for the range that the password's SHA-1 is in
// (k-anonymity: Have I Been Pwned, Pwned Passwords v3) and looks it up there. The
// answer is padded, so its size tells a listener nothing. Whatever isn't a whole
// answer of that form is an error, which holds no part of the hash.
func (c *Checker) breached(ctx context.Context, text string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, breachTimeout)
	defer cancel()
	sum := sha1.Sum([]byte(text)) //nolint:gosec // see above
	digest := strings.ToUpper(hex.EncodeToString(sum[:]))
	address := strings.TrimSuffix(c.policy.BreachURL, "/") + "/" + digest[:rangePrefix]
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false, errors.New("breach service: breach_url isn't a URL")
	}
	request.Header.Set("Add-Padding", "true")
	request.Header.Set("User-Agent", "doorstep")
	response, err := c.client.Do(request)
	if err != nil {
		return false, fmt.Errorf("breach service: %w", withoutURL(err))
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return false, fmt.Errorf("breach service: status %d", response.StatusCode)
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, breachAnswer+1))
	if err != nil {
		return false, fmt.Errorf("breach service: %w", err)
	}
	return inRange(string(answer), digest[rangePrefix:])
}

// withoutURL drops the address, which ends in a part of the hash.
func withoutURL(err error) error {
	var fault *url.Error
	if errors.As(err, &fault) {
		return fault.Err
	}
	return err
}

// inRange reports whether an answer of lines "suffix:count" has suffix with a
// count above 0; padding has the count 0.
func inRange(answer, suffix string) (bool, error) {
	if len(answer) > breachAnswer {
		return false, fmt.Errorf("breach service: more than %d bytes", breachAnswer)
	}
	found := false
	lines := strings.Fields(answer)
	for _, line := range lines {
		known, text, _ := strings.Cut(line, ":")
		count, err := strconv.ParseUint(text, 10, 64)
		if err != nil || len(known) != len(suffix) || strings.Trim(known, "0123456789ABCDEFabcdef") != "" {
			return false, errors.New("breach service: the answer isn't a range")
		}
		found = found || count > 0 && strings.EqualFold(known, suffix)
	}
	if len(lines) == 0 {
		return false, errors.New("breach service: the answer is empty")
	}
	return found, nil
}
