package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const securityIntro = `# Security requirements and their tests

Each requirement is a testable statement. A test that shows one carries its number in its name. What has no test is
not built yet, and nothing here promises it; what is built in part says what is missing.

| requirement | what it asks | tests |
| --- | --- | --- |
`

// requirements are in short what each number asks.
var requirements = []string{
	1: "A password that is the only factor has 15 or more code points by default", 2: "64 code points or more are accepted; an oversized body is refused early",
	3: "No composition rule in any configuration", 4: "Every code point counts one; NFC, else byte-exact",
	5: "Common, breached and contextual passwords are refused, with the reason", 6: "An unreachable breach service refuses, and the built-in list still applies",
	7: "No expiry, hints or security questions", 8: "argon2id at 19 MiB, 2 passes or more; parameters in the PHC string; pepper; rehash",
	9: "Constant-time comparison; an unknown account costs one hash", 10: "Codes have 6 random digits; link tokens 128 bits or more",
	11: "A code lives 10 minutes at most", 12: "A code works once: of two right ones at once, one succeeds",
	13: "What is stored can't be used as a code or token", 14: "A code is bound to its sign-up, and to the newest mail",
	15: "Five wrong codes end a code, counted before they are judged", 16: "GET changes nothing",
	17: "Link pages leak nothing; redirects only to registered addresses", 18: "Mail proves an address and is no factor",
	19: "Text messages only to validated numbers", 20: "Activation secrets never become passwords",
	21: "Answers don't tell existing from new where that is promised", 22: "Rate limits are documented and can't lock out a victim",
	23: "All ways to sign up are listed, with equal strength", 24: "No step can be skipped",
	25: "A step succeeds whole or not at all; nothing is taken twice", 26: "Functions that cost money resist automation",
	27: "Input is checked by a positive schema, with limits", 28: "No default accounts; the first operator is made once",
	29: "Addresses: library parse, no control characters, length limit, A-label", 30: "Usernames: allowed scripts, folding, look-alikes, reserved names",
	31: "Federated users are known by issuer and subject", 32: "An unverified account never survives its verified owner",
	33: "PKCE S256", 34: "Exact redirect match", 35: "No implicit or password grant", 36: "ID tokens are checked in full",
	37: "Signed SAML assertions only", 38: "Wallet signatures after EIP-4361", 39: "Passkeys after WebAuthn §7.1", 40: "Outbound requests reach no private address",
	41: "A fixed list of algorithms, one key type per context", 42: "jku, x5u and jwk are ignored; kid is an exact look-up", 43: "Tokens carry iss, sub, aud, exp, iat, jti",
	44: "An explicit typ per kind of token", 45: "Audience per application", 46: "The JWKS shows the next key before use and the old one until it is done",
	47: "Refresh tokens rotate", 48: "Opaque tokens have 128 bits or more and are stored hashed", 49: "A new client token at each change of privilege",
	50: "Revocation works at once for stateful checks", 51: "Idle and absolute limits of sessions", 52: "Cookie flags",
	53: "API keys", 54: "Problem documents", 55: "429 carries Retry-After", 56: "Idempotency keys", 57: "Webhooks",
	58: "Every attempt is logged", 59: "No secret and no whole address in a log", 60: "A panic gives a fixed answer and a log line with its id",
	61: "Users are told of changes to credentials", 62: "Keys have a written life cycle", 63: "Codes' mails carry no unsubscribe",
}

// partly is what requirements with tests still lack.
var partly = map[int]string{
	26: "no look at how fast a person acts, and no CAPTCHA",
}

var numberedTest = regexp.MustCompile(`^func (Test|Fuzz)((?:R\d+)+)([A-Z_]\w*)?\(`)

func securityPage() ([]byte, error) {
	tests, err := numberedTests()
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	page.WriteString(securityIntro)
	for number, asks := range requirements {
		if number == 0 {
			continue
		}
		shown := "not built"
		if len(tests[number]) > 0 {
			shown = strings.Join(tests[number], "<br>")
		}
		missing, inPart := partly[number]
		if inPart && len(tests[number]) == 0 {
			return nil, fmt.Errorf("requirement R%d is said to be built in part, but has no test", number)
		}
		if inPart {
			shown = "**in part** (" + cell(missing) + "):<br>" + shown
		}
		fmt.Fprintf(&page, "| R%d | %s | %s |\n", number, asks, shown)
	}
	return page.Bytes(), nil
}

// numberedTests finds the tests that carry a requirement's number in their name.
func numberedTests() (map[int][]string, error) {
	root, err := repositoryRoot()
	if err != nil {
		return nil, err
	}
	found := map[int][]string{}
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && path != root || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		return addTests(found, root, path)
	})
	for number := range found {
		slices.Sort(found[number])
	}
	return found, err
}

func addTests(found map[int][]string, root, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	folder, err := filepath.Rel(root, filepath.Dir(path))
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		match := numberedTest.FindStringSubmatch(lines.Text())
		if match == nil {
			continue
		}
		for _, digits := range strings.Split(match[2], "R")[1:] {
			number, _ := strconv.Atoi(digits)
			found[number] = append(found[number], fmt.Sprintf("%s.%s%s%s", filepath.ToSlash(folder), match[1], match[2], match[3]))
		}
	}
	return lines.Err()
}
