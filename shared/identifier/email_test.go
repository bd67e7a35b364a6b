package identifier

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func TestR29EmailAddressesAccepted(t *testing.T) {
	cases := map[string]struct{ text, canonical, display, mail string }{
		"plain":              {"jane@example.com", "jane@example.com", "jane@example.com", "jane@example.com"},
		"case":               {"Jane.Doe@Example.COM", "jane.doe@example.com", "Jane.Doe@Example.COM", "Jane.Doe@example.com"},
		"spaces around":      {"  jane@example.com ", "jane@example.com", "jane@example.com", "jane@example.com"},
		"sub-address stays":  {"jane+shop@gmail.com", "jane+shop@gmail.com", "jane+shop@gmail.com", "jane+shop@gmail.com"},
		"dots stay":          {"j.a.n.e@gmail.com", "j.a.n.e@gmail.com", "j.a.n.e@gmail.com", "j.a.n.e@gmail.com"},
		"all signs":          {"!#$%&'*+/=?^_`{|}~-@example.com", "!#$%&'*+/=?^_`{|}~-@example.com", "!#$%&'*+/=?^_`{|}~-@example.com", "!#$%&'*+/=?^_`{|}~-@example.com"},
		"U-label":            {"Jane@München.de", "jane@xn--mnchen-3ya.de", "Jane@München.de", "Jane@xn--mnchen-3ya.de"},
		"decomposed U-label": {"jane@mu\u0308nchen.de", "jane@xn--mnchen-3ya.de", "jane@mu\u0308nchen.de", "jane@xn--mnchen-3ya.de"},
		"A-label":            {"jane@XN--Mnchen-3ya.de", "jane@xn--mnchen-3ya.de", "jane@XN--Mnchen-3ya.de", "jane@xn--mnchen-3ya.de"},
		"sharp s is kept":    {"jane@faß.de", "jane@xn--fa-hia.de", "jane@faß.de", "jane@xn--fa-hia.de"},
		"ideographic dot":    {"jane@例え。jp", "jane@xn--r8jz45g.jp", "jane@例え。jp", "jane@xn--r8jz45g.jp"},
		"full-width domain":  {"jane@ｅｘａｍｐｌｅ.com", "jane@example.com", "jane@ｅｘａｍｐｌｅ.com", "jane@example.com"},
		"joiner in a domain": {"jane@نامه\u200cای.com", "jane@xn--mgba3gch31f060k.com", "jane@نامه\u200cای.com", "jane@xn--mgba3gch31f060k.com"},
		"longest local part": {strings.Repeat("a", 64) + "@b.co", strings.Repeat("a", 64) + "@b.co", strings.Repeat("a", 64) + "@b.co", strings.Repeat("a", 64) + "@b.co"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ParseEmailAddress(c.text)
			if err != nil {
				t.Fatal(refusal(err))
			}
			want := [4]string{string(KindEmailAddress), c.canonical, c.display, c.mail}
			if diff := cmp.Diff(want, [4]string{string(got.Kind), got.Canonical, got.Display, got.MailAddress()}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestR29EmailAddressesRefused(t *testing.T) {
	const (
		form   = "form_param_format_invalid (email_address) Write it as name@example.com."
		domain = "form_param_format_invalid (email_address) What follows the @ isn't a domain."
		local  = "form_param_format_invalid (email_address) Before the @ only letters without accents, digits and .!#$%&'*+/=?^_`{|}~- are accepted."
		long   = "form_param_max_length_exceeded (email_address) At most 254 octets are accepted."
	)
	label := strings.Repeat("a", 60) + "."
	cases := map[string]struct{ text, want string }{
		"only spaces":           {"   ", form},
		"no at":                 {"jane.example.com", form},
		"no local part":         {"@example.com", form},
		"no domain":             {"jane@", form},
		"two ats":               {"jane@doe@example.com", form},
		"CRLF behind":           {"jane@example.com\r\n", form},
		"header injection":      {"jane@example.com\r\nBcc: all@example.com", form},
		"LF inside":             {"jane\n@example.com", form},
		"NUL":                   {"jane\x00@example.com", form},
		"tab in front":          {"\tjane@example.com", form},
		"C1 control":            {"jane@exam\u0085ple.com", form},
		"line separator":        {"jane@exam\u2028ple.com", form},
		"no-break space":        {"jane@exam\u00a0ple.com", form},
		"zero width space":      {"jane@exam\u200bple.com", form},
		"soft hyphen":           {"jane@exam\u00adple.com", form},
		"bidi override":         {"jane@exam\u202eple.com", form},
		"space inside":          {"jane doe@example.com", form},
		"display name":          {"Jane <jane@example.com>", form},
		"angle brackets":        {"<jane@example.com>", form},
		"comment":               {"jane(doe)@example.com", form},
		"list":                  {"jane@example.com,john@example.com", form},
		"group":                 {"all: jane@example.com;", form},
		"quoted local part":     {`"jane doe"@example.com`, form},
		"encoded word":          {"=?utf-8?q?jane?=@", form},
		"dot in front":          {".jane@example.com", form},
		"dot behind":            {"jane.@example.com", form},
		"two dots":              {"jane..doe@example.com", form},
		"dot after the domain":  {"jane@example.com.", form},
		"local part not ASCII":  {"jané@example.com", local},
		"full-width at":         {"jane＠example.com", form},
		"IPv4 literal":          {"jane@[127.0.0.1]", form},
		"IPv6 literal":          {"jane@[IPv6:::1]", form},
		"IPv4 as domain":        {"jane@127.0.0.1", domain},
		"domain without dot":    {"jane@localhost", domain},
		"underscore in domain":  {"jane@exam_ple.com", domain},
		"hyphen in front":       {"jane@-example.com", domain},
		"hyphen behind":         {"jane@example-.com", domain},
		"label over 63":         {"jane@" + strings.Repeat("a", 64) + ".com", domain},
		"A-label of nothing":    {"jane@xn--.com", domain},
		"A-label of ASCII":      {"jane@xn--example-.com", domain},
		"A-label not canonical": {"jane@xn--Mnchen-9999999.de", domain},
		"joiner without cause":  {"jane@exam\u200dple.com", domain},
		"mixed directions":      {"jane@abאב.com", domain},
		"long local part":       {strings.Repeat("a", 65) + "@b.co", "form_param_max_length_exceeded (email_address) At most 64 octets are accepted before the @."},
		"255 octets":            {strings.Repeat("a", 8) + "@" + strings.Repeat(label, 4) + "co", long},
		"255 octets as A-label": {strings.Repeat("a", 60) + "@" + strings.Repeat("ü.", 23) + strings.Repeat("a", 10) + ".com", long},
		"bad UTF-8":             {"jane@ex\xffample.com", "form_param_value_invalid (email_address) It isn't valid UTF-8."},
		"lone bad byte":         {"\xff", "form_param_value_invalid (email_address) It isn't valid UTF-8."},
		"a megabyte":            {strings.Repeat("a", 1<<20), long},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ParseEmailAddress(c.text)
			if refusal(err) != c.want {
				t.Errorf("got %+v and %q, want %q", got.Canonical, refusal(err), c.want)
			}
		})
	}
}

func TestR29LongestEmailAddress(t *testing.T) {
	domain := strings.Repeat(strings.Repeat("a", 62)+".", 3) + "example"
	text := strings.Repeat("a", 254-1-len(domain)) + "@" + domain
	if _, err := ParseEmailAddress(text); err != nil || len(text) != 254 {
		t.Errorf("254 octets: %s", refusal(err))
	}
}

func TestMailAddressOfOtherKindsIsEmpty(t *testing.T) {
	if got := (Identifier{Kind: KindUsername, Canonical: "a@b.co", Display: "a@b.co"}).MailAddress(); got != "" {
		t.Errorf("got %q", got)
	}
}

// R29: whatever is typed, an accepted address is one address and nothing else.
func FuzzR29ParseEmailAddress(f *testing.F) {
	for _, seed := range []string{
		"jane@example.com", "Jane+X@EXAMPLE.com", "j@münchen.de", "j@xn--mnchen-3ya.de", "j@例え。jp", "j@faß.de", "j@xn--example-.com",
		"a@b.c\r\nBcc: d@e.f", `"a b"@c.de`, "a@[::1]", "a..b@c.de", "j@نامه\u200cای.com", "j@ℯx.com", "j@ẞ.de", " j@b.co", "j@1.2.3.4", "j@ΣΑΣ.gr", "0@ℵ.ℵA",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseEmailAddress(text)
		if err != nil {
			if refusal(err) == "" || got != (Identifier{}) {
				t.Fatalf("refused as %v with %#v", err, got)
			}
			return
		}
		for _, again := range []string{got.Canonical, got.Display, got.MailAddress()} {
			second, err := ParseEmailAddress(again)
			if err != nil || second.Canonical != got.Canonical {
				t.Fatalf("%q gives %q, then %q gives %q (%v)", text, got.Canonical, again, second.Canonical, err)
			}
		}
		for name, form := range map[string]string{"canonical": got.Canonical, "mail": got.MailAddress()} {
			bad := func(r rune) bool { return r > unicode.MaxASCII || r <= ' ' || r == 0x7f }
			if strings.Count(form, "@") != 1 || len(form) > 254 || strings.ContainsFunc(form, bad) {
				t.Fatalf("%s form of %q is %q", name, text, form)
			}
		}
		if got.Canonical != strings.ToLower(got.Canonical) || strings.ContainsFunc(got.Display, unicode.IsControl) {
			t.Fatalf("%q gives %q, %q", text, got.Canonical, got.Display)
		}
	})
}
