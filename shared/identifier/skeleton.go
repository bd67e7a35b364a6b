package identifier

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

//go:generate go run ./internal/confusables

// script is a script whose letters a username may have.
type script struct {
	name    string
	letters unicode.RangeTable
}

// shape says what a letter or mark looks like.
type shape struct {
	letter    rune
	canonical string // what stands for it in canonical forms; of small letters only
	latin     string // what it reads as in ASCII, exactly as written; of letters that aren't Latin only
}

// shapeOf returns the shape of r, with empty strings where it has none.
func shapeOf(r rune) shape {
	at, found := slices.BinarySearchFunc(shapes[:], r, func(s shape, r rune) int { return int(s.letter - r) })
	if !found {
		return shape{letter: r}
	}
	return shapes[at]
}

// fold returns the form that all names share that read alike: without case, and
// with each letter replaced by what it resembles (the skeleton of UTS #39 §4).
// The name is in NFKC and holds none but accepted letters.
func fold(name string) string {
	var folded strings.Builder
	for _, r := range norm.NFD.String(strings.Map(unicode.ToLower, name)) {
		if canonical := shapeOf(r).canonical; canonical != "" {
			folded.WriteString(canonical)
		} else {
			folded.WriteRune(r)
		}
	}
	return norm.NFD.String(folded.String())
}

// latinReading returns the fold of the Latin name that a name of another script
// is mistaken for as it is written, capitals included, or empty if there is none.
func latinReading(name string) string {
	var reading strings.Builder
	for _, r := range norm.NFD.String(name) {
		latin := shapeOf(r).latin
		if latin == "" && r >= 0x80 {
			return ""
		}
		if latin == "" {
			latin = fold(string(r))
		}
		reading.WriteString(latin)
	}
	return reading.String()
}
