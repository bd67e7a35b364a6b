package main

import (
	"bytes"
	"fmt"
	"log"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const reducedHeader = `# Unicode security data (UTS #39) of the scripts that usernames may have, reduced
# from IdentifierStatus.txt and confusables.txt; made by internal/confusables.
# Copyright Unicode, Inc.; see LICENSE-UNICODE. Data modified: lines left out, form changed.
`

// reduce picks what the served scripts need out of the crate's tables.
func reduce(source string) []byte {
	version := regexp.MustCompile(`UNICODE_VERSION: \(u64, u64, u64\) = \((\d+), (\d+), (\d+)\)`).FindStringSubmatch(source)
	if version == nil {
		log.Fatal("confusables: no UNICODE_VERSION")
	}
	whole := &data{letters: map[string][]rune{}, prototypes: prototypes(source)}
	for _, r := range allowed(source) {
		for _, name := range scripts {
			if unicode.Is(unicode.Scripts[name], r) && unicode.IsLetter(r) && norm.NFKC.String(string(r)) == string(r) {
				whole.letters[name] = append(whole.letters[name], r)
			}
		}
	}
	var out bytes.Buffer
	out.WriteString(reducedHeader)
	fmt.Fprintf(&out, "version %s\n", strings.Join(version[1:], "."))
	for _, name := range scripts {
		for _, span := range spans(whole.letters[name]) {
			fmt.Fprintf(&out, "letters %s %04X %04X\n", name, span[0], span[1])
		}
	}
	needed := whole.needed()
	for _, r := range sorted(needed) {
		fmt.Fprintf(&out, "confusable %04X %s\n", r, points(needed[r]))
	}
	return out.Bytes()
}

// needed are the prototypes reached from the letters by folding and skeletons.
func (d *data) needed() map[rune]string {
	needed := map[rune]string{}
	queue := d.used()
	for len(queue) > 0 {
		r := queue[0]
		queue = queue[1:]
		prototype, found := d.prototypes[r]
		if _, seen := needed[r]; seen || !found {
			continue
		}
		needed[r] = prototype
		for _, next := range norm.NFD.String(prototype) {
			queue = append(queue, next, unicode.ToLower(next), unicode.ToUpper(next))
		}
	}
	return needed
}

func points(text string) string {
	var list []string
	for _, r := range text {
		list = append(list, fmt.Sprintf("%04X", r))
	}
	return strings.Join(list, " ")
}

var point = regexp.MustCompile(`\\u\{([0-9a-f]+)\}`)

func allowed(source string) (list []rune) {
	pairs := regexp.MustCompile(`\('\\u\{([0-9a-f]+)\}',\s*'\\u\{([0-9a-f]+)\}'\)`)
	for _, pair := range pairs.FindAllStringSubmatch(table(source, "IDENTIFIER_STATUS: "), -1) {
		for r := number(pair[1]); r <= number(pair[2]); r++ {
			list = append(list, r)
		}
	}
	return list
}

func prototypes(source string) map[rune]string {
	found := map[rune]string{}
	entries := regexp.MustCompile(`\('\\u\{([0-9a-f]+)\}',\s*&\[([^\]]*)\]\)`)
	for _, entry := range entries.FindAllStringSubmatch(table(source, "CONFUSABLES: &'static [(char, &"), -1) {
		var prototype []rune
		for _, code := range point.FindAllStringSubmatch(entry[2], -1) {
			prototype = append(prototype, number(code[1]))
		}
		found[number(entry[1])] = string(prototype)
	}
	return found
}

// table cuts the constant that begins with start out of the crate's source.
func table(source, start string) string {
	_, rest, found := strings.Cut(source, start)
	text, _, closed := strings.Cut(rest, "];")
	if !found || !closed {
		log.Fatalf("confusables: no table %q", start)
	}
	return text
}

func number(hexadecimal string) rune {
	value, err := strconv.ParseInt(hexadecimal, 16, 32)
	check(err)
	return rune(value)
}

// parse reads what reduce wrote.
func parse(text string) *data {
	d := &data{letters: map[string][]rune{}, prototypes: map[rune]string{}}
	for line := range strings.Lines(text) {
		field := strings.Fields(line)
		switch {
		case len(field) == 0 || field[0] == "#":
		case field[0] == "version":
			d.version = field[1]
		case field[0] == "letters":
			for r := number(field[2]); r <= number(field[3]); r++ {
				d.letters[field[1]] = append(d.letters[field[1]], r)
			}
		case field[0] == "confusable":
			for _, code := range field[2:] {
				d.prototypes[number(field[1])] += string(number(code))
			}
		default:
			log.Fatalf("confusables: unknown line %q", line)
		}
	}
	return d
}
