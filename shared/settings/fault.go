package settings

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Fault is one thing wrong with a document.
type Fault struct {
	Key  string // full key such as "password.min_length", empty if it is about the document
	Text string // what is wrong, without the key
}

// Faults is everything wrong with a document, in its order. As an error it is one line.
type Faults []Fault

// Error names each setting by its full key.
func (fs Faults) Error() string {
	var line strings.Builder
	line.WriteString("settings: ")
	for i, f := range fs {
		if i > 0 {
			line.WriteString("; ")
		}
		if f.Key != "" {
			line.WriteString(f.Key + ": ")
		}
		line.WriteString(f.Text)
	}
	return line.String()
}

func (fs *Faults) add(key, format string, args ...any) {
	*fs = append(*fs, Fault{Key: key, Text: fmt.Sprintf(format, args...)})
}

// err keeps a nil list from becoming a non-nil error.
func (fs Faults) err() error {
	if len(fs) == 0 {
		return nil
	}
	return fs
}

const maxQuoted = 60

// quote shows a value on one line, shortened.
func quote(value string) string {
	if utf8.RuneCountInString(value) > maxQuoted {
		value = string([]rune(value)[:maxQuoted]) + "…"
	}
	return strconv.Quote(value)
}

// join makes the full key of name below parent. A name that doesn't look like a key is quoted.
func join(parent, name string) string {
	if !plainKey(name) {
		name = quote(name)
	}
	if parent == "" {
		return name
	}
	return parent + "." + name
}

func plainKey(name string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return name != "" && len(name) <= maxQuoted
}

func item(key string, index int) string { return key + "[" + strconv.Itoa(index) + "]" }
