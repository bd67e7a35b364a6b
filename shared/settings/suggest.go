package settings

import (
	"reflect"
	"strings"
)

// suggestion words what an unknown key may have meant: a key spelled alike in
// the same section, else keys of that name elsewhere, else nothing.
func suggestion(siblings []string, parent, name string) string {
	best, distance := "", 1+len(name)/3
	for _, known := range siblings {
		if d := edits(name, known); d <= distance && d < len(known) {
			best, distance = join(parent, known), d-1
		}
	}
	if best != "" {
		return ", did you mean " + best
	}
	if places := placesOf(reflect.TypeFor[Settings](), "", name); len(places) > 0 {
		return ", did you mean " + strings.Join(places, " or ")
	}
	return ""
}

// placesOf lists the full keys whose last part is name.
func placesOf(section reflect.Type, parent, name string) []string {
	var places []string
	for i, known := range namesOf(section) {
		key := join(parent, known)
		if known == name {
			places = append(places, key)
		}
		if field := section.Field(i); field.Type.Kind() == reflect.Struct {
			places = append(places, placesOf(field.Type, key, name)...)
		}
	}
	return places
}

// edits is the Levenshtein distance in bytes. Names far longer than any key count as wholly different.
func edits(a, b string) int {
	if len(a) > 2*maxQuoted {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
