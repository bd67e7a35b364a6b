package settings

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A check collects the faults of settings. Keys runs the same checks with values
// set, and so learns what each key accepts: a rule is written once.
type check struct {
	faults Faults
	values map[string]string // what a key accepts, in words; nil outside Keys
}

// accepts notes in words what key accepts. Callers that must compose the words
// ask first whether values is set: no start of a function should pay for them.
func (c *check) accepts(key, words string) {
	if c.values != nil {
		c.values[key] = words
	}
}

func (c *check) between(key string, value, least, most int) {
	if c.values != nil {
		c.accepts(key, fmt.Sprintf("%d to %d", least, most))
	}
	if value < least || value > most {
		c.faults.add(key, "must be from %d to %d, is %d", least, most, value)
	}
}

func (c *check) lasting(key string, value Duration, least, most time.Duration) {
	if c.values != nil {
		c.accepts(key, fmt.Sprintf("`%s` to `%s`", Duration(least), Duration(most)))
	}
	if value.Std() < least || value.Std() > most {
		c.faults.add(key, "must be from %s to %s, is %s", Duration(least), Duration(most), value)
	}
}

func (c *check) oneOf(key, value string, known ...string) {
	if c.values != nil {
		c.accepts(key, "`"+strings.Join(known, "`, `")+"`")
	}
	if !slices.Contains(known, value) {
		c.faults.add(key, "must be %s, not %s", strings.Join(known, " or "), quote(value))
	}
}

// unmet refuses a value that is declared but that nothing behind it can honour yet.
func (c *check) unmet(key, value, why string) {
	c.faults.add(key, "%s can't be met yet: %s", quote(value), why)
}

// line checks a text of one line that a person reads.
func (c *check) line(key, value string, least, most int) {
	if c.values != nil {
		c.accepts(key, fmt.Sprintf("text of %d to %d characters", least, most))
	}
	switch count := utf8.RuneCountInString(value); {
	case count < least || count > most:
		c.faults.add(key, "must have %d to %d characters, has %d", least, most, count)
	case strings.ContainsFunc(value, unprintable):
		c.faults.add(key, "must not have line breaks or control characters")
	case strings.TrimSpace(value) != value:
		c.faults.add(key, "must not begin or end with a space")
	}
}

// lines checks a list of such texts.
func (c *check) lines(key string, list []string, most int) {
	for i, entry := range list {
		c.line(item(key, i), entry, 1, most)
	}
	c.distinct(key, list)
	if c.values != nil {
		c.accepts(key, fmt.Sprintf("list of texts of 1 to %d characters", most))
	}
}

const maxEntries = 1000

func (c *check) distinct(key string, list []string) {
	if len(list) > maxEntries {
		c.faults.add(key, "must have at most %d entries, has %d", maxEntries, len(list))
		return
	}
	for i, entry := range list {
		if slices.Contains(list[:i], entry) {
			c.faults.add(item(key, i), "%s appears twice", quote(entry))
		}
	}
}

// unprintable are control characters, line ends, and marks that reorder what surrounds them.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == utf8.RuneError ||
		(r >= '\u202a' && r <= '\u202e') || (r >= '\u2066' && r <= '\u2069')
}

// refuse notes the fault of an address, if there is one.
func (c *check) refuse(key, value, fault string) {
	if fault != "" {
		c.faults.add(key, "%s %s", quote(value), fault)
	}
}

func (c *check) origins(key string, list []string) {
	c.accepts(key, "list of `scheme://host[:port]`, `"+anyLoopback+"`")
	for i, origin := range list {
		c.refuse(item(key, i), origin, originFault(origin))
	}
	c.distinct(key, list)
}

func originFault(origin string) string {
	scheme, authority, found := strings.Cut(origin, "://")
	switch {
	case origin == anyLoopback:
		return ""
	case origin == "*":
		return "would let every site act for the person: name each origin"
	case strings.Contains(origin, "*"):
		return "can't have a wildcard, except " + anyLoopback
	case !found:
		return "must be scheme://host[:port]"
	case strings.ContainsAny(authority, "/?#"):
		return "must end after the host and port, without a slash or path"
	case !isAppScheme(origin):
		return webOriginFault(origin)
	case !isHost(authority):
		return "has no valid host (lower case, ASCII)"
	}
	return appSchemeFault(scheme)
}

func (c *check) redirects(key string, list []string) {
	c.accepts(key, "list of `https://host[:port][/path]`, `"+anyLoopback+"[/path]`, `app-scheme://path`")
	for i, address := range list {
		c.refuse(item(key, i), address, redirectFault(address))
	}
	c.distinct(key, list)
}

func redirectFault(address string) string {
	plain := address
	if rest, wild := strings.CutPrefix(address, anyLoopback); wild && (rest == "" || rest[0] == '/') {
		plain = "http://localhost" + rest
	}
	if strings.Contains(plain, "*") {
		return "can't have a wildcard, except " + anyLoopback
	}
	if !isAppScheme(plain) {
		return webAddressFault(plain)
	}
	scheme, rest, _ := strings.Cut(plain, ":")
	if fault := appSchemeFault(scheme); fault != "" {
		return fault
	}
	if !plainURL(plain) || len(plain) > maxURL || len(rest) < 2 || rest[0] != '/' || strings.ContainsAny(rest, "?#") {
		return "must be scheme:/path or scheme://path, without query or fragment"
	}
	return ""
}

// base checks an address that paths are appended to; empty means none.
func (c *check) base(key, value string) {
	c.accepts(key, "`https://host[:port][/path]`")
	if value != "" {
		c.refuse(key, value, baseFault(value))
	}
}

func (c *check) bases(key string, list []string) {
	c.accepts(key, "list of `https://host[:port][/path]`")
	for i, address := range list {
		c.refuse(item(key, i), address, baseFault(address))
	}
	c.distinct(key, list)
}

func baseFault(address string) string {
	if fault := webAddressFault(address); fault != "" {
		return fault
	}
	if strings.HasSuffix(address, "/") {
		return "must not end with a slash"
	}
	return ""
}

// webAddressFault words what is wrong with an http or https address without query and fragment.
func webAddressFault(address string) string {
	if fault := pageFault(address); fault != "" {
		return fault
	}
	switch {
	case strings.ContainsAny(address, "?#"):
		return "must not have a query or fragment"
	case strings.Contains(pathOf(address), "//") || hasDotSegment(pathOf(address)):
		return "must not have empty, . or .. parts in its path"
	}
	return ""
}

// page checks the address of a page that people are sent to; empty means none.
func (c *check) page(key, value string) {
	c.accepts(key, "`https://…`")
	if value != "" {
		c.refuse(key, value, pageFault(value))
	}
}

func pageFault(address string) string {
	if fault := webOriginFault(originOf(address)); fault != "" {
		return fault
	}
	if len(address) > maxURL || !plainURL(address) {
		return fmt.Sprintf("must be an absolute URL in ASCII of at most %d characters", maxURL)
	}
	return ""
}

// mailbox checks a plain address (RFC 5321 §4.1.2, unquoted).
func (c *check) mailbox(key, value string) {
	c.accepts(key, "e-mail address")
	if value == "" {
		return
	}
	at := strings.LastIndexByte(value, '@')
	if at < 1 || at > 64 || len(value) > 254 || !isDotAtom(value[:at]) || !isHostName(value[at+1:]) {
		c.refuse(key, value, "must be a plain e-mail address: name@host, host in lower case")
	}
}

func isDotAtom(name string) bool {
	for _, atom := range strings.Split(name, ".") {
		if atom == "" || strings.ContainsFunc(atom, notAtomText) {
			return false
		}
	}
	return true
}

// notAtomText is the complement of atext (RFC 5322 §3.2.3).
func notAtomText(r rune) bool {
	letter := (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9')
	return !letter && (r >= utf8.RuneSelf || !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r))
}
