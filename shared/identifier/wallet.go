package identifier

import (
	"encoding/hex"
	"math/big"
	"strings"

	"golang.org/x/crypto/sha3"
)

const (
	evmPrefix     = "0x"
	evmDigits     = 40 // of a 20-byte account
	solanaKey     = 32 // bytes of an Ed25519 public key
	base58Digits  = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	maxBase58Text = 44 // of 32 bytes
)

// ParseWeb3Wallet reads the address of an EVM account or a Solana account.
//
// An EVM address is 0x and 40 hexadecimal digits; the canonical form is in lower
// case. Digits in both cases carry a checksum (EIP-55), which must be right.
// A Solana address is 32 bytes in base58, where case matters; it is its own
// canonical form. No base58 text has a 0, so the two never meet.
func ParseWeb3Wallet(s string) (Identifier, error) {
	display, err := typed(KindWeb3Wallet, s, 128)
	if err != nil {
		return Identifier{}, err
	}
	digits, evm := strings.CutPrefix(display, evmPrefix)
	lower := strings.ToLower(digits)
	switch {
	case evm && !hexadecimal(lower):
		return Identifier{}, malformed(KindWeb3Wallet, "Write it as 0x and 40 hexadecimal digits.")
	case evm && digits != lower && digits != strings.ToUpper(digits) && digits != checksummed(lower):
		return Identifier{}, malformed(KindWeb3Wallet, "Its checksum doesn't match: a digit is wrong.")
	case evm:
		return Identifier{Kind: KindWeb3Wallet, Canonical: evmPrefix + lower, Display: display}, nil
	case !solanaAddress(display):
		return Identifier{}, malformed(KindWeb3Wallet, "It isn't the address of an Ethereum or Solana account.")
	}
	return Identifier{Kind: KindWeb3Wallet, Canonical: display, Display: display}, nil
}

func hexadecimal(digits string) bool {
	_, err := hex.DecodeString(digits)
	return err == nil && len(digits) == evmDigits
}

// checksummed puts lower-case digits into the case that EIP-55 gives them: a
// letter is a capital where the digit at its place in the hash is 8 or more.
func checksummed(lower string) string {
	hash := sha3.NewLegacyKeccak256()
	hash.Write([]byte(lower))
	sum := hex.EncodeToString(hash.Sum(nil))
	digits := []byte(lower)
	for at, digit := range digits {
		if digit >= 'a' && sum[at] >= '8' {
			digits[at] = digit - 'a' + 'A'
		}
	}
	return string(digits)
}

// solanaAddress reports whether text is 32 bytes in base58: each leading 1 is a
// zero byte, the rest one big number.
func solanaAddress(text string) bool {
	if text == "" || len(text) > maxBase58Text {
		return false
	}
	value := new(big.Int)
	for _, r := range text {
		digit := strings.IndexRune(base58Digits, r)
		if digit < 0 {
			return false
		}
		value.Mul(value, big.NewInt(58)).Add(value, big.NewInt(int64(digit)))
	}
	zeros := len(text) - len(strings.TrimLeft(text, "1"))
	return zeros+len(value.Bytes()) == solanaKey
}
