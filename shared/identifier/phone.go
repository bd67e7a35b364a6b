package identifier

import "strings"

// Digits of a phone number with its country code: E.164 §6 allows 15; fewer than
// 8 reach no subscriber.
const (
	minPhoneDigits = 8
	maxPhoneDigits = 15
)

// ParsePhoneNumber reads a number in international form: +, the country code,
// the rest; spaces, dashes, dots and parentheses between the digits are dropped.
// The canonical form is + and 8 to 15 digits (E.164). Whether a number can be
// called isn't decided here: that takes a numbering plan, or a message.
func ParsePhoneNumber(s string) (Identifier, error) {
	const form = "Write it with + and the country code, as in +15551234567."
	display, err := typed(KindPhoneNumber, s, 64)
	if err != nil {
		return Identifier{}, err
	}
	rest, international := strings.CutPrefix(display, "+")
	// (0) is a trunk prefix that isn't dialled from abroad: keeping it makes another number.
	if !international || strings.Contains(rest, "(0)") {
		return Identifier{}, malformed(KindPhoneNumber, form)
	}
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -.()", r) {
			return -1
		}
		return r
	}, rest)
	if len(digits) < minPhoneDigits || len(digits) > maxPhoneDigits || digits[0] == '0' || strings.Trim(digits, "0123456789") != "" {
		return Identifier{}, malformed(KindPhoneNumber, form)
	}
	return Identifier{Kind: KindPhoneNumber, Canonical: "+" + digits, Display: display}, nil
}
