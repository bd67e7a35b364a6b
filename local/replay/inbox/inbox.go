// Package inbox reads the mails that the local SES server keeps.
package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// A Mail is one mail as the SES server got it.
type Mail struct {
	// ID is the server's id of the mail.
	ID string
	// To is the first receiver.
	To string
	// From is the sender, with the name that it goes by.
	From    string
	Subject string
	Text    string
	HTML    string
}

// store is what the server's /store answers, as far as it is used.
type store struct {
	Emails []struct {
		MessageID   string `json:"messageId"`
		From        string
		Destination struct{ To []string }
		Subject     string
		Body        struct{ Text, HTML string }
	}
}

// Read returns all mails in the order in which they came. url is the inbox's, such as http://localhost:8005.
func Read(ctx context.Context, url string) ([]Mail, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/store", nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the inbox: %w", err)
	}
	defer answer.Body.Close()
	var kept store
	if err := json.NewDecoder(answer.Body).Decode(&kept); err != nil {
		return nil, fmt.Errorf("the inbox at %s: %w", url, err)
	}
	mails := make([]Mail, 0, len(kept.Emails))
	for _, e := range kept.Emails {
		m := Mail{ID: e.MessageID, From: e.From, Subject: e.Subject, Text: e.Body.Text, HTML: e.Body.HTML}
		if len(e.Destination.To) > 0 {
			m.To = e.Destination.To[0]
		}
		mails = append(mails, m)
	}
	return mails, nil
}

// To returns the mails to an address, in any case, in the order in which they came.
func To(mails []Mail, address string) []Mail {
	var to []Mail
	for _, m := range mails {
		if strings.EqualFold(m.To, address) {
			to = append(to, m)
		}
	}
	return to
}

// pollEvery is how often Await looks.
const pollEvery = 10 * time.Millisecond

// Await waits until there are more than seen mails to address and returns the newest. The error is ctx's or the inbox's.
func Await(ctx context.Context, url, address string, seen int) (Mail, error) {
	for {
		mails, err := Read(ctx, url)
		if err != nil {
			return Mail{}, err
		}
		if to := To(mails, address); len(to) > seen {
			return to[len(to)-1], nil
		}
		select {
		case <-ctx.Done():
			return Mail{}, ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

// Link is the link in the mail's text, which has a line of its own. It is empty if there is none.
func (m Mail) Link() string {
	for line := range strings.SplitSeq(m.Text, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "http") && strings.Contains(line, "?token=") && !strings.Contains(line, " ") {
			return line
		}
	}
	return ""
}

const codeDigits = 6

// Code is the code in the mail's text: the line of six digits. It is empty if there is none.
func (m Mail) Code() string {
	for line := range strings.SplitSeq(m.Text, "\n") {
		line = strings.TrimSpace(line)
		if len(line) == codeDigits && strings.Trim(line, "0123456789") == "" {
			return line
		}
	}
	return ""
}
