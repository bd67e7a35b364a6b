package identifier

import (
	"strings"
	"testing"
)

// The checksummed addresses are the examples of EIP-55.
func TestParseWeb3Wallet(t *testing.T) {
	const (
		digits   = "form_param_format_invalid (web3_wallet) Write it as 0x and 40 hexadecimal digits."
		checksum = "form_param_format_invalid (web3_wallet) Its checksum doesn't match: a digit is wrong."
		unknown  = "form_param_format_invalid (web3_wallet) It isn't the address of an Ethereum or Solana account."
		token    = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"
	)
	cases := map[string]struct{ text, canonical, want string }{
		"EIP-55 1":              {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", ""},
		"EIP-55 2":              {"0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359", ""},
		"EIP-55 3":              {"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xdbf03b407c01e7cd3cbea99509d93f8dddc8c6fb", ""},
		"EIP-55 4":              {"0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb", "0xd1220a0cf47c7b9be7a2e6ba89f429762e7b9adb", ""},
		"capitals only":         {"0x52908400098527886E0F7030069857D2E4169EE7", "0x52908400098527886e0f7030069857d2e4169ee7", ""},
		"small letters only":    {"0xde709f2102306220921060314715629080e2fb77", "0xde709f2102306220921060314715629080e2fb77", ""},
		"spaces around":         {" 0xde709f2102306220921060314715629080e2fb77 ", "0xde709f2102306220921060314715629080e2fb77", ""},
		"one letter's case off": {"0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "", checksum},
		"one digit off":         {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee", "", checksum},
		"39 digits":             {"0xde709f2102306220921060314715629080e2fb7", "", digits},
		"41 digits":             {"0xde709f2102306220921060314715629080e2fb770", "", digits},
		"not hexadecimal":       {"0xge709f2102306220921060314715629080e2fb77", "", digits},
		"capital X":             {"0Xde709f2102306220921060314715629080e2fb77", "", unknown},
		"no prefix":             {"de709f2102306220921060314715629080e2fb77", "", unknown},
		"Solana, 43 characters": {token, token, ""},
		"Solana, all zero":      {strings.Repeat("1", 32), strings.Repeat("1", 32), ""},
		"Solana, leading zeros": {"So11111111111111111111111111111111111111112", "So11111111111111111111111111111111111111112", ""},
		"33 zeros":              {strings.Repeat("1", 33), "", unknown},
		"31 bytes":              {token[:len(token)-1], "", unknown},
		"33 bytes":              {token + "AA", "", unknown},
		"over 32 bytes":         {strings.Repeat("z", 44), "", unknown},
		"not base58":            {"0OIlkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", "", unknown},
		"space inside":          {"Token egQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", "", unknown},
		"CRLF":                  {token + "\r\n", "", unknown},
		"only spaces":           {"  ", "", unknown},
		"ENS name":              {"jane.eth", "", unknown},
		"bad UTF-8":             {"0x\xff", "", "form_param_value_invalid (web3_wallet) It isn't valid UTF-8."},
		"far too long":          {strings.Repeat("1", 1<<20), "", "form_param_max_length_exceeded (web3_wallet) At most 128 octets are accepted."},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ParseWeb3Wallet(c.text)
			if got.Canonical != c.canonical || refusal(err) != c.want {
				t.Fatalf("got %q and %q, want %q and %q", got.Canonical, refusal(err), c.canonical, c.want)
			}
			if err != nil {
				return
			}
			if again, err := ParseWeb3Wallet(got.Canonical); err != nil || again.Canonical != got.Canonical {
				t.Errorf("%q isn't its own canonical form: %q, %v", got.Canonical, again.Canonical, err)
			}
			if got.Kind != KindWeb3Wallet || got.Display != strings.TrimSpace(c.text) {
				t.Errorf("kind %q, display %q", got.Kind, got.Display)
			}
		})
	}
}

// Solana addresses tell case apart: two that differ in case are two accounts.
func TestSolanaAddressesKeepTheirCase(t *testing.T) {
	one, err := ParseWeb3Wallet("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
	if err != nil {
		t.Fatal(err)
	}
	other, err := ParseWeb3Wallet("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5Da")
	if err == nil && other.Canonical == one.Canonical {
		t.Error("two accounts share a canonical form")
	}
}
