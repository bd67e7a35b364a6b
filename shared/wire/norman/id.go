package norman

import (
	"crypto/aes"
	"math/big"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// accountIDs renders user ids as this wire has them: 128 bits in decimal. Here the id
// lets in as long as an account has no factor, so that no other wire may show it: it
// is the user's id under a keyed permutation (AES, one block).
type accountIDs struct{ key []byte }

// newAccountIDs takes the ring's oldest key, since ids must never change.
func newAccountIDs(keys *secret.Keyring) accountIDs {
	return accountIDs{keys.Oldest().Sum("account id")[:aes.BlockSize]}
}

func (a accountIDs) text(id signup.ID) string {
	block, err := aes.NewCipher(a.key)
	if err != nil {
		panic(err) // the key has AES-128's length
	}
	var out signup.ID
	block.Encrypt(out[:], id[:])
	return new(big.Int).SetBytes(out[:]).String()
}

// parse is the user that text names; the zero ID, which is nobody's, if it names none.
func (a accountIDs) parse(text string) (id signup.ID) {
	const longest = 39 // digits of 2^128
	if len(text) == 0 || len(text) > longest {
		return id
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return id
		}
	}
	number, _ := new(big.Int).SetString(text, 10)
	if number.BitLen() > 8*len(id) || number.String() != text {
		return id
	}
	block, err := aes.NewCipher(a.key)
	if err != nil {
		panic(err)
	}
	number.FillBytes(id[:])
	block.Decrypt(id[:], id[:])
	return id
}
