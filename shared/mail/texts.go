package mail

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/settings"
)

// words are the texts of one language by key: those of settings.TextKeys, which
// an instance may word itself, and how a value is counted. In a text, {name}
// stands for one of its mail's values.
type words map[string]string

// How a time is counted.
const (
	minute  = "minute"
	minutes = "minutes"
	hours   = "hours"
	days    = "days"
)

// language is a language that mails are written in.
type language struct {
	locale string // language subtag of BCP 47
	words
}

// languages are those of settings.Locales. The first serves where no other does.
func languages() []language {
	return []language{{"en", english()}, {"de", german()}}
}

// timeLeft is n minutes in words: from two hours on in whole hours, from two days on
// in whole days, never more than there are.
func (w words) timeLeft(n int) string {
	const hour, day = 60, 24 * 60
	switch {
	case n == 1:
		return w[minute]
	case n < 2*hour:
		return fmt.Sprintf(w[minutes], n)
	case n < 2*day:
		return fmt.Sprintf(w[hours], n/hour)
	}
	return fmt.Sprintf(w[days], n/day)
}

// of returns the finished texts of m by the last part of their key.
func (w words) of(m Mail) map[string]string {
	pairs := []string{}
	for name, value := range m.values(w) {
		pairs = append(pairs, "{"+name+"}", value)
	}
	fill := strings.NewReplacer(pairs...)
	texts := map[string]string{}
	for key, text := range w {
		if part, found := strings.CutPrefix(key, m.kind()+"."); found {
			texts[part] = fill.Replace(text)
		}
	}
	return texts
}

// check adds a fault for every {name} in one of own, the texts that an instance
// words itself, that isn't a value of its mail.
func check(own words, locale string, faults settings.Faults) settings.Faults {
	for _, m := range mails() {
		known := slices.Sorted(maps.Keys(m.values(words{})))
		for _, key := range slices.Sorted(maps.Keys(own)) {
			if !strings.HasPrefix(key, m.kind()+".") {
				continue
			}
			for _, name := range placeholders(own[key]) {
				if !slices.Contains(known, name) {
					faults = append(faults, settings.Fault{
						Key:  "mail.texts." + locale + "." + key,
						Text: fmt.Sprintf("unknown {%s}, known are {%s}", name, strings.Join(known, "}, {")),
					})
				}
			}
		}
	}
	return faults
}

// placeholders returns the names between braces in text. Braces around anything
// but small letters and underscores are text themselves.
func placeholders(text string) (names []string) {
	for {
		_, rest, found := strings.Cut(text, "{")
		if !found {
			return names
		}
		name, _, found := strings.Cut(rest, "}")
		if found && name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") == "" {
			names = append(names, name)
		}
		text = rest
	}
}
