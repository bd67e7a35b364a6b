package identifier

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/doorstep-auth/doorstep/shared/settings"
)

func latinPolicy() settings.Username {
	return settings.Username{MinLength: 4, MaxLength: 64, Scripts: []string{"Latin"}}
}

func everyScript() settings.Username {
	policy := latinPolicy()
	policy.MinLength, policy.AllowExtendedSpecialCharacters, policy.AllowNumeric = 1, true, true
	for i := range scripts {
		if scripts[i].name != "Latin" {
			policy.Scripts = append(policy.Scripts, scripts[i].name)
		}
	}
	return policy
}

// R30: names that are mistaken for one another are one identifier.
func TestR30LookAlikeUsernamesCollide(t *testing.T) {
	groups := map[string][]string{
		"case":                   {"alice", "Alice", "ALICE", "aLiCe"},
		"i, l and 1":             {"alice", "a1ice", "aIice", "ALLCE", "AL1CE"},
		"o and 0":                {"tomo", "t0m0", "TOM0"},
		"m and rn":               {"modem", "rnodern", "MODERN"},
		"full-width":             {"alice", "ａｌｉｃｅ"},
		"mathematical letters":   {"alice", "𝖆𝖑𝖎𝖈𝖊", "𝒶𝓁𝒾𝒸ℯ"},
		"ligature":               {"office", "oﬃce"},
		"composed or not":        {"josé", "jose\u0301", "JOSE\u0301"},
		"sharp s":                {"straße", "strasse", "STRASSE", "stra\u1e9ee"},
		"Turkish i":              {"istanbul", "İstanbul", "ıstanbul", "ISTANBUL"},
		"breve and caron":        {"răzvan", "rǎzvan"},
		"Latin letters":          {"naeve", "næve", "NÆVE"},
		"Cyrillic small":         {"coco", "сосо", "СОСО"},
		"Cyrillic capitals":      {"bepa", "вера", "ВЕРА", "Вера"},
		"Greek":                  {"takoo", "τακος", "ΤΑΚΟΣ", "τακοσ"},
		"Armenian":               {"hnug", "հոսց"},
		"Greek and Cyrillic":     {"παφ\u03bb", "паф\u043b", "ПАФЛ"},
		"apostrophe and grave":   {"o'neil", "o`neil"},
		"spaces around are none": {"alice", " alice  "},
	}
	for name, group := range groups {
		t.Run(name, func(t *testing.T) {
			first, err := ParseUsername(group[0], everyScript())
			if err != nil {
				t.Fatal(refusal(err))
			}
			for _, text := range group[1:] {
				other, err := ParseUsername(text, everyScript())
				if err != nil || other.Canonical != first.Canonical {
					t.Errorf("%q gives %+q, %q gives %+q %s", group[0], first.Canonical, text, other.Canonical, refusal(err))
				}
				if other.Display != strings.Trim(text, " ") {
					t.Errorf("%q is displayed as %q", text, other.Display)
				}
			}
		})
	}
}

func TestUsernamesThatDifferStayApart(t *testing.T) {
	seen := map[string]string{}
	for _, text := range []string{
		"alice", "alise", "jose", "josé", "jane", "jane_", "jane-", "jané", "вика", "vika", "user1234", "user1235", "nick", "vick", "ник",
	} {
		got, err := ParseUsername(text, everyScript())
		if err != nil {
			t.Fatalf("%q: %s", text, refusal(err))
		}
		if other, taken := seen[got.Canonical]; taken {
			t.Errorf("%q and %q are both %q", text, other, got.Canonical)
		}
		seen[got.Canonical] = text
	}
}

func TestR30UsernamesRefused(t *testing.T) {
	const (
		length    = "form_username_invalid_length (username) 4 and 64"
		character = "form_username_invalid_character (username) "
		latin     = character + "Accepted are Latin letters, digits and _-"
		reserved  = "form_username_reserved (username)"
	)
	own := latinPolicy()
	own.Reserved = []string{"Acme-Corp", "Ünïcørn"}
	extended := latinPolicy()
	extended.AllowExtendedSpecialCharacters = true
	mixed := latinPolicy()
	mixed.Scripts = []string{"Latin", "Cyrillic"}
	cyrillic := latinPolicy()
	cyrillic.Scripts = []string{"Cyrillic"}
	cases := map[string]struct {
		text   string
		policy settings.Username
		want   string
	}{
		"3 characters":                {"abc", latinPolicy(), length},
		"3 characters and spaces":     {" abc ", latinPolicy(), length},
		"65 characters":               {strings.Repeat("a", 65), latinPolicy(), length},
		"over 64 once compatible":     {strings.Repeat("ﬃ", 22), latinPolicy(), length},
		"a megabyte":                  {strings.Repeat("a", 1<<20), latinPolicy(), length},
		"only spaces":                 {"     ", latinPolicy(), length},
		"space":                       {"jane doe", latinPolicy(), latin},
		"dot":                         {"jane.doe", latinPolicy(), latin},
		"slash":                       {"jane/doe", extended, latin + "!#$'+.^`~"},
		"CRLF":                        {"jane\r\n", latinPolicy(), latin},
		"NUL":                         {"jane\x00", latinPolicy(), latin},
		"zero width joiner":           {"ja\u200dne", latinPolicy(), latin},
		"soft hyphen":                 {"ja\u00adne", latinPolicy(), latin},
		"bidi override":               {"ja\u202ene", latinPolicy(), latin},
		"variation selector":          {"jane\ufe0f", latinPolicy(), latin},
		"mark that doesn't compose":   {"jan\u0338e", latinPolicy(), latin},
		"many marks":                  {"jane" + strings.Repeat("\u0301", 20), latinPolicy(), latin},
		"Arabic digits":               {"jane٣", latinPolicy(), latin},
		"circled digit is its digit":  {"jane①", settings.Username{MinLength: 4, MaxLength: 64}, character + "Accepted are  letters, digits and _-"},
		"emoji":                       {"jane🙂", latinPolicy(), latin},
		"archaic letter":              {"janeƿ", latinPolicy(), latin},
		"phonetic small capital":      {"ᴊᴀɴᴇ", latinPolicy(), latin},
		"script not listed":           {"вера", latinPolicy(), latin},
		"script not served":           {"שלום", settings.Username{MinLength: 4, MaxLength: 64, Scripts: []string{"Hebrew"}}, character + "Accepted are Hebrew letters, digits and _-"},
		"Latin not listed":            {"vera", cyrillic, character + "Accepted are Cyrillic letters, digits and _-"},
		"two scripts":                 {"аlice", mixed, character + "All its letters must be of one script."},
		"one Latin letter in another": {"вepа", mixed, character + "All its letters must be of one script."},
		"reads as Latin in capitals":  {"ΝΙΚΗ", everyScript(), character + "Write it in small letters: like this it reads as a name in Latin letters."},
		"address":                     {"jane@example.com", extended, character + "It can't be an e-mail address."},
		"address, full-width":         {"jane＠example.com", extended, character + "It can't be an e-mail address."},
		"phone number":                {"+15551234567", extended, "form_username_cannot_be_phone_number (username)"},
		"EVM wallet":                  {"0xde709f2102306220921060314715629080e2fb77", latinPolicy(), character + "It can't be a wallet address."},
		"Solana wallet":               {"TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", latinPolicy(), character + "It can't be a wallet address."},
		"digits":                      {"12345", latinPolicy(), "form_username_needs_non_number_char (username)"},
		"full-width digits":           {"１２３４５", latinPolicy(), "form_username_needs_non_number_char (username)"},
		"reserved":                    {"admin", latinPolicy(), reserved},
		"reserved, case":              {"AdMiN", latinPolicy(), reserved},
		"reserved, digits":            {"adm1n", latinPolicy(), reserved},
		"reserved, rn for m":          {"adrnin", latinPolicy(), reserved},
		"reserved, mathematical":      {"𝖗𝖔𝖔𝖙", latinPolicy(), reserved},
		"reserved, other script":      {"ѕуѕор", mixed, reserved},
		"reserved, with signs":        {"_ad-min_", latinPolicy(), reserved},
		"reserved by the settings":    {"acmecorp", own, reserved},
		"reserved, settings' case":    {"üNÏCØRN", own, reserved},
		"bad UTF-8":                   {"jan\xff", latinPolicy(), "form_param_value_invalid (username) It isn't valid UTF-8."},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ParseUsername(c.text, c.policy)
			if refusal(err) != c.want {
				t.Errorf("got %q and %q, want %q", got.Canonical, refusal(err), c.want)
			}
		})
	}
}

func TestUsernamesAccepted(t *testing.T) {
	numeric := latinPolicy()
	numeric.AllowNumeric = true
	extended := latinPolicy()
	extended.AllowExtendedSpecialCharacters = true
	cases := map[string]struct {
		text   string
		policy settings.Username
	}{
		"4 characters":       {"jane", latinPolicy()},
		"64 characters":      {strings.Repeat("a", 64), latinPolicy()},
		"64 once composed":   {strings.Repeat("e\u0302\u0301", 64), latinPolicy()},
		"signs":              {"_jane-doe_", latinPolicy()},
		"digits in it":       {"1234a", latinPolicy()},
		"digits":             {"12345", numeric},
		"extended":           {"j.a!n#e$'+^`~", extended},
		"Vietnamese":         {"nguyễn", latinPolicy()},
		"reserved as a part": {"administrate", latinPolicy()},
		"Greek capital":      {"Νικος", everyScript()},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseUsername(c.text, c.policy); err != nil {
				t.Error(refusal(err))
			}
		})
	}
}

// Stored claims hold these: a change here is a migration.
func TestCanonicalUsernamesArePinned(t *testing.T) {
	if unicodeVersion != "18.0.0" {
		t.Errorf("the tables are of Unicode %s", unicodeVersion)
	}
	for text, want := range map[string]string{
		"Jane_Doe-1990": "jane_doe-l99o", "minimum": "rnlnlrnurn", "Ångström": "a\u030angstro\u0308rn", "łukasz": "l\u0338ukasz",
		"юлия": "lo\u028c\u1d0e\u1d19", "ελένη": "e\u028ce\u0301vh", "დავითი": "\u10d3\u10d03\u0d30o\u102c\u0d30", "արամ": "w\u0580w\u1206",
	} {
		got, err := ParseUsername(text, everyScript())
		if err != nil || got.Canonical != want {
			t.Errorf("%q gives %+q, want %+q %s", text, got.Canonical, want, refusal(err))
		}
	}
}

// Over every accepted letter: the fold ignores case and composition, and folding
// what has been folded changes nothing.
func TestFoldOfEveryLetter(t *testing.T) {
	var count int
	for i := range scripts {
		for _, span := range scripts[i].letters.R16 {
			for r := rune(span.Lo); r <= rune(span.Hi); r++ {
				count++
				folded := fold(string(r))
				for name, same := range map[string]string{
					"folded": folded, "lower": string(unicode.ToLower(r)), "upper": string(unicode.ToUpper(r)),
					"fully folded": norm.NFC.String(cases.Fold().String(string(r))), "decomposed": norm.NFD.String(string(r)),
				} {
					// U+0130's full folding keeps a dot that its small letter has anyway.
					if got := fold(same); got != folded && r != 'İ' {
						t.Errorf("%c gives %+q, but %s (%+q) gives %+q", r, folded, name, same, got)
					}
				}
			}
		}
	}
	if count < 500 {
		t.Errorf("only %d letters", count)
	}
}

func TestTablesAreSorted(t *testing.T) {
	if !slices.IsSortedFunc(shapes[:], func(a, b shape) int { return int(a.letter - b.letter) }) {
		t.Error("shapes isn't sorted by letter")
	}
}

func TestShapesAreGenerated(t *testing.T) {
	fresh := filepath.Join(t.TempDir(), "shapes.go")
	if output, err := exec.Command("go", "run", "./internal/confusables", "-o", fresh).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	want, err := os.ReadFile(fresh)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("shapes.go")
	if err != nil || string(got) != string(want) {
		t.Errorf("shapes.go differs from what go generate makes (%v)", err)
	}
}

// R30: however a name is written, variants of it that are accepted are the same name.
func FuzzR30ParseUsername(f *testing.F) {
	for _, seed := range []string{
		"alice", "AlIcE_1", "josé", "jose\u0301", "ｊａｎｅ", "𝖏𝖆𝖓𝖊", "straße", "İstanbul", "вера", "ΝΙΚΗ", "Νικος", "ᾳ\u0345", "oﬃce", "a\u200db",
		"დავითი", "Ჽ", "և", "ǆ", "ŉ", "+15551234567", "o'neil", "ad.min", "j\u030c", "ͅ",
	} {
		f.Add(seed)
	}
	policy := everyScript()
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseUsername(text, policy)
		if err != nil {
			if refusal(err) == "" || got != (Identifier{}) {
				t.Fatalf("refused as %v with %#v", err, got)
			}
			return
		}
		name := norm.NFKC.String(got.Display)
		variants := []string{got.Display, name, norm.NFD.String(name), strings.ToLower(name), strings.ToUpper(name), " " + text + " "}
		for _, variant := range variants {
			if other, err := ParseUsername(variant, policy); err == nil && other.Canonical != got.Canonical {
				t.Fatalf("%q gives %+q, %q gives %+q", text, got.Canonical, variant, other.Canonical)
			}
		}
		if again, err := ParseUsername(got.Display, policy); err != nil || again != got {
			t.Fatalf("%q is displayed as %q, which gives %v", text, got.Display, err)
		}
		if fold(got.Canonical) != got.Canonical || got.Canonical == "" {
			t.Fatalf("%q gives %+q, which folds to %+q", text, got.Canonical, fold(got.Canonical))
		}
	})
}

func BenchmarkParseUsername(b *testing.B) {
	policy := latinPolicy()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseUsername("jane_doe-1990", policy); err != nil {
			b.Fatal(err)
		}
	}
}

// Whoever lists a script in the settings must get names in it.
func TestServedScriptsAreThoseOfTheSettings(t *testing.T) {
	var served []string
	for i := range scripts {
		served = append(served, scripts[i].name)
	}
	if diff := cmp.Diff(served, settings.Scripts()); diff != "" {
		t.Error(diff)
	}
}
