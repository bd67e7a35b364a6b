package identifier

import (
	"strings"
	"testing"
)

func TestParsePhoneNumber(t *testing.T) {
	const form = "form_param_format_invalid (phone_number) Write it with + and the country code, as in +15551234567."
	cases := map[string]struct{ text, canonical, want string }{
		"E.164":             {"+15551234567", "+15551234567", ""},
		"separators":        {" +1 (555) 123-45.67 ", "+15551234567", ""},
		"8 digits":          {"+29012345", "+29012345", ""},
		"15 digits":         {"+123456789012345", "+123456789012345", ""},
		"7 digits":          {"+2901234", "", form},
		"16 digits":         {"+1234567890123456", "", form},
		"no plus":           {"15551234567", "", form},
		"00 for plus":       {"0015551234567", "", form},
		"zero in front":     {"+05551234567", "", form},
		"trunk prefix":      {"+49 (0)30 1234567", "", form},
		"two pluses":        {"++15551234567", "", form},
		"extension":         {"+15551234567x9", "", form},
		"letters":           {"+1555FLOWERS", "", form},
		"Arabic digits":     {"+١٥٥٥١٢٣٤٥٦٧", "", form},
		"full-width digits": {"+１５５５１２３４５６７", "", form},
		"CRLF":              {"+15551234567\r\n", "", form},
		"NUL":               {"+1555\x001234567", "", form},
		"only plus":         {"+", "", form},
		"only spaces":       {"  ", "", form},
		"bad UTF-8":         {"+1555\xff1234567", "", "form_param_value_invalid (phone_number) It isn't valid UTF-8."},
		"far too long":      {"+" + strings.Repeat("1", 1<<16), "", "form_param_max_length_exceeded (phone_number) At most 64 octets are accepted."},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ParsePhoneNumber(c.text)
			if got.Canonical != c.canonical || refusal(err) != c.want {
				t.Fatalf("got %q and %q, want %q and %q", got.Canonical, refusal(err), c.canonical, c.want)
			}
			if err != nil {
				return
			}
			if again, err := ParsePhoneNumber(got.Canonical); err != nil || again.Canonical != got.Canonical {
				t.Errorf("%q isn't its own canonical form: %q, %v", got.Canonical, again.Canonical, err)
			}
			if got.Kind != KindPhoneNumber || got.Display != strings.TrimSpace(c.text) {
				t.Errorf("kind %q, display %q", got.Kind, got.Display)
			}
		})
	}
}
