package secret

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

var codeKey = MACKey{ID: "m_abcDEF12", Key: bytes.Repeat([]byte{0x0b}, 32)}

// counting is 16 bytes that count up from first.
func counting(first byte) []byte {
	out := make([]byte, 16)
	for i := range out {
		out[i] = first + byte(i)
	}
	return out
}

// Golden values, computed apart with another HMAC implementation: the mail
// function and the one that judges a code are deployed one after the other, and
// must derive the same.
func TestDerivedValuesArePinned(t *testing.T) {
	nonce, signUp := counting(0), counting(16)
	if got := DeriveCode(codeKey, nonce, signUp, []byte("ada@example.com")).Reveal(); got != "574319" {
		t.Errorf("the code is %s", got)
	}
	const want = "ICEiIyQlJicoKSorLC0uLw.5MUK3_saXRSKHMpK6SVfL56QExLy6AQFL8C-HxVFHB4"
	if got := DeriveClientToken(codeKey, [16]byte(counting(32)), nonce).Reveal(); got != want {
		t.Errorf("the client token is %s", got)
	}
	tried := CodeTried(codeKey, append([]byte("email_code"), signUp...), NewText("123456"))
	if got := hex.EncodeToString(tried); got != "171b34b3e1826702de19aa6881ec775d" {
		t.Errorf("what is kept of a tried code is %s", got)
	}
}

// R10: six digits, every one as likely as any other.
func TestR10CodesAreSixUniformDigits(t *testing.T) {
	const draws = 100_000
	var digits [CodeDigits][10]float64
	var thousands [1000]float64
	nonce := make([]byte, 16)
	for i := range draws {
		binary.BigEndian.PutUint64(nonce, uint64(i))
		code := DeriveCode(codeKey, nonce, []byte("sign-up"), []byte("ada@example.com")).Reveal()
		if !WellFormedCode(code) {
			t.Fatalf("%q isn't six digits", code)
		}
		for at := range code {
			digits[at][code[at]-'0']++
		}
		thousands[int(code[0]-'0')*100+int(code[1]-'0')*10+int(code[2]-'0')]++
	}
	// The bounds are a chance of less than one in a million; the draws are always the same.
	for at := range digits {
		if got := chiSquare(digits[at][:], draws); got > 44 { // 9 degrees of freedom
			t.Errorf("digit %d is uneven: chi-square %.1f, %v", at+1, got, digits[at])
		}
	}
	if got := chiSquare(thousands[:], draws); got > 1230 { // 999 degrees of freedom
		t.Errorf("the first three digits are uneven: chi-square %.0f", got)
	}
}

func chiSquare(counts []float64, draws float64) float64 {
	expected, sum := draws/float64(len(counts)), 0.0
	for _, count := range counts {
		sum += (count - expected) * (count - expected) / expected
	}
	return sum
}

// R14: a code is bound to its key, nonce, and each thing that it proves.
func TestR14CodeIsBoundToAllThatItProves(t *testing.T) {
	other := MACKey{ID: "m_abcDEF13", Key: bytes.Repeat([]byte{0x0c}, 32)}
	nonce, signUp, address := counting(0), counting(16), []byte("ada@example.com")
	codes := map[string]string{
		"as it is":        DeriveCode(codeKey, nonce, signUp, address).Reveal(),
		"another key":     DeriveCode(other, nonce, signUp, address).Reveal(),
		"another nonce":   DeriveCode(codeKey, counting(1), signUp, address).Reveal(),
		"another sign-up": DeriveCode(codeKey, nonce, counting(17), address).Reveal(),
		"another address": DeriveCode(codeKey, nonce, signUp, []byte("ada@example.co")).Reveal(),
		"moved bytes":     DeriveCode(codeKey, nonce, append(signUp, 'a'), address[1:]).Reveal(),
		"no address":      DeriveCode(codeKey, nonce, signUp).Reveal(),
	}
	seen := map[string]string{}
	for name, code := range codes {
		if earlier, same := seen[code]; same {
			t.Errorf("%q and %q share the code %s", earlier, name, code)
		}
		seen[code] = name
	}
}

// R13: what is kept of a tried code can't be found again by trying a million
// codes, since it takes the key.
func TestR13TriedCodeIsKeyed(t *testing.T) {
	other := MACKey{ID: "m_abcDEF13", Key: bytes.Repeat([]byte{0x0c}, 32)}
	context, code := []byte("sign-up"), NewText("123456")
	kept := CodeTried(codeKey, context, code)
	if len(kept) != 16 || bytes.Contains(kept, []byte("123456")) {
		t.Errorf("kept %x", kept)
	}
	for name, differs := range map[string][]byte{
		"key":     CodeTried(other, context, code),
		"context": CodeTried(codeKey, []byte("another sign-up"), code),
		"code":    CodeTried(codeKey, context, NewText("123457")),
	} {
		if bytes.Equal(kept, differs) {
			t.Errorf("the same for another %s", name)
		}
	}
}

func TestWellFormedCode(t *testing.T) {
	for text, want := range map[string]bool{
		"000000": true, "123456": true, "999999": true,
		"": false, "12345": false, "1234567": false, " 12345": false, "12345 ": false, "12345a": false, "12345:": false, "12345/": false, "-12345": false,
		"+12345": false, "１２３４５６": false, "1२3": false, "12345\n": false, "\x00\x00\x00\x00\x00\x00": false,
	} {
		if got := WellFormedCode(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestTextEqual(t *testing.T) {
	for _, c := range []struct {
		a, b Text
		want bool
	}{
		{NewText("123456"), NewText("123456"), true},
		{NewText("123456"), NewText("123457"), false},
		{NewText("123456"), NewText("12345"), false},
		{NewText("123456"), Text{}, false},
		{Text{}, NewText(""), true},
	} {
		if got := c.a.Equal(c.b); got != c.want {
			t.Errorf("%q and %q: %v", c.a.Reveal(), c.b.Reveal(), got)
		}
	}
	if !(Text{}).IsZero() || !NewText("").IsZero() || NewText(" ").IsZero() {
		t.Error("only the empty text is zero")
	}
}

// R9: secrets are compared in constant time. Time itself is too noisy to test, so
// this holds the functions that compare to the one that promises it.
func TestR9ComparisonsAreConstantTime(t *testing.T) {
	for file, name := range map[string]string{
		"code.go": "Equal", "clienttoken.go": "Matches", "linktoken.go": "equal", "pkce.go": "VerifierMatches",
	} {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, declaration := range parsed.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Name.Name != name {
				continue
			}
			found = true
			if !calls(function.Body, "subtle", "ConstantTimeCompare") {
				t.Errorf("%s: %s doesn't compare in constant time", file, name)
			}
		}
		if !found {
			t.Errorf("%s has no %s", file, name)
		}
	}
}

func calls(body ast.Node, pkg, name string) (found bool) {
	ast.Inspect(body, func(node ast.Node) bool {
		if call, ok := node.(*ast.SelectorExpr); ok && call.Sel.Name == name {
			from, ok := call.X.(*ast.Ident)
			found = found || ok && from.Name == pkg
		}
		return true
	})
	return found
}
