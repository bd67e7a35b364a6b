package password

import (
	_ "embed" // for common.bin
	"encoding/binary"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/doorstep-auth/doorstep/shared/password/internal/fingerprint"
)

//go:generate go run ./internal/blocklist

// common holds the fingerprints of common passwords in ascending order. A
// password that isn't in the list is taken for one that is with a chance of
// commonEntries in 2³².
//
//go:embed common.bin
var common []byte

// weakBelow is how few code points an attacker simply runs through. It is also
// the least length that any instance accepts.
const weakBelow = 8

// blocked reports whether a folded password is common, or is nothing but a
// repetition of something short or common, or a run along a keyboard, the
// alphabet or the digits, which lists of known passwords hold in every length.
func blocked(folded string) bool {
	if listed(folded) || isRun(folded) {
		return true
	}
	part := repeated(folded)
	return part != folded && (utf8.RuneCountInString(part) < weakBelow || listed(part) || isRun(part))
}

func listed(folded string) bool {
	mark := fingerprint.Of(folded)
	size := len(common) / fingerprint.Size
	at := func(i int) uint32 { return binary.BigEndian.Uint32(common[i*fingerprint.Size:]) }
	i := sort.Search(size, func(i int) bool { return at(i) >= mark })
	return i < size && at(i) == mark
}

// repeated returns the shortest text of which the password is two or more
// copies, the last one possibly cut, or the password itself.
func repeated(folded string) string {
	for end := 1; end <= len(folded)/2; end++ {
		if strings.HasPrefix(folded, folded[end:]) {
			return folded[:end]
		}
	}
	return folded
}

// isRun reports whether the password walks along a row of signs, in either
// direction, beginning anywhere and going round.
func isRun(folded string) bool {
	rows := [...]string{
		"1234567890", "abcdefghijklmnopqrstuvwxyz",
		"qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn",
	}
	for _, row := range rows {
		round := strings.Repeat(row, len(folded)/len(row)+2)
		if strings.Contains(round, folded) || strings.Contains(round, reversed(folded)) {
			return true
		}
	}
	return false
}

func reversed(text string) string {
	runes := []rune(text)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	return string(runes)
}

// Separators don't make a password out of context words.
const separators = " .-_+@()/,:;'&"

// contextual reports whether a folded password consists of context words: once
// they and the separators are taken out, what is left is short or blocked itself.
func contextual(folded string, words []string) bool {
	const cut = "\x00" // keeps what stood around a word from forming another one
	rest := drop(folded, separators)
	before := rest
	for _, word := range words {
		rest = strings.ReplaceAll(rest, word, cut)
	}
	if rest == before {
		return false
	}
	rest = drop(rest, cut)
	return utf8.RuneCountInString(rest) < weakBelow || blocked(rest)
}

func drop(text, signs string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(signs, r) {
			return -1
		}
		return r
	}, text)
}

// contextWords are the words of texts, folded, longest first: each stretch of
// letters and digits, and all of a text's stretches joined. Words under three
// code points, and numbers under four, stand in too many good passwords.
func contextWords(texts ...string) []string {
	var words []string
	add := func(word string) {
		n := utf8.RuneCountInString(word)
		if n > 3 || n == 3 && strings.Trim(word, "0123456789") != "" {
			words = append(words, word)
		}
	}
	for _, text := range texts {
		parts := strings.FieldsFunc(fingerprint.Fold(text), func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
		})
		for _, part := range parts {
			add(part)
		}
		add(strings.Join(parts, ""))
	}
	sort.SliceStable(words, func(i, j int) bool { return len(words[i]) > len(words[j]) })
	return words
}
