package mail

import (
	"errors"
	"strings"

	"github.com/aws/smithy-go"
)

// judge makes of an error of SES what Sender promises.
//
// What one recipient can bring about is a refusal: retried, it would hold up
// everybody behind it in the stream. What befalls every mail alike (a sender that
// isn't verified, a suspended account, a missing configuration set or permission)
// is nobody's refusal: it stays a fault until it is mended or the code expires.
func judge(err error, m Message) error {
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return &fault{text: withoutAddresses(err.Error(), m)}
	}
	if reason := refusal(answer.ErrorCode(), answer.ErrorMessage(), m.To); reason != "" {
		return &Refused{Reason: reason}
	}
	return &fault{text: withoutAddresses(answer.ErrorCode()+": "+answer.ErrorMessage(), m)}
}

// refusal is why SES refuses a message to an address for good, or "" if it is no
// refusal. Codes: SES API v2, SendEmail, Errors.
func refusal(code, text, to string) string {
	// Without the address, or a person could word SES's answer.
	text, to = strings.ToLower(text), strings.ToLower(to)
	named := strings.Contains(text, to)
	text = strings.ReplaceAll(text, to, "")
	switch {
	case code != "MessageRejected" && code != "BadRequestException":
		return ""
	case strings.Contains(text, "not verified"):
		// The sender's identity fails every mail, the recipient's only in the sandbox.
		if named {
			return RefusedUnverified
		}
		return ""
	case strings.Contains(text, "configuration set"), strings.Contains(text, "suspended"), strings.Contains(text, "paused"):
		return ""
	case strings.Contains(text, "suppress"):
		return RefusedSuppressed
	case code == "BadRequestException":
		return RefusedAddress
	}
	return RefusedMessage
}

// fault is an error that may pass.
type fault struct{ text string }

// Error is what SES or the network said, without addresses.
func (f *fault) Error() string { return "mail: ses: " + f.text }

// withoutAddresses blots out every word of text that holds an address, but for
// the sender's, which whoever reads the log has to mend.
func withoutAddresses(text string, m Message) string {
	words := strings.Fields(text)
	for i, word := range words {
		own := strings.Trim(word, `<>"'.,;:()[]`)
		if strings.Contains(word, "@") && (own == "" || !strings.Contains(m.From, own)) {
			words[i] = "[address]"
		}
	}
	return strings.Join(words, " ")
}
