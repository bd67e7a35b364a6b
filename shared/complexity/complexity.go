// Package complexity tells how easily a password is guessed. It is apart from package
// password because its dictionaries are large: only what judges by it links it.
package complexity

import (
	"github.com/ccojocar/zxcvbn-go"

	"github.com/doorstep-auth/doorstep/shared/secret"
)

// Most is the score of a password that isn't guessed.
const Most = 4

// judged is how many code points are looked at: the work grows with their square, and
// what so many leave to guess, the rest doesn't make easier.
const judged = 100

// Score is zxcvbn's score of candidate, from 0, guessed at once, to 4. personal are the
// person's own words. What the library can't read scores 0.
func Score(candidate secret.Text, personal ...string) (score int) {
	defer func() {
		if recover() != nil { // it is somebody else's code on what strangers send
			score = 0
		}
	}()
	text := []rune(candidate.Reveal())
	return zxcvbn.PasswordStrength(string(text[:min(len(text), judged)]), personal).Score
}
