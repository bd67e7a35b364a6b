package flows_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/replay/inbox"
)

// secrets are what the scripts saw that no log line may hold, by kind.
type secrets struct {
	mu   sync.Mutex
	kept map[string]map[string]bool
}

func newSecrets() *secrets { return &secrets{kept: map[string]map[string]bool{}} }

// Kinds of secrets.
const (
	kindCode     = "code"
	kindToken    = "token"
	kindPassword = "password"
	kindAddress  = "address"
)

// shortest is how long a value must be to be looked for: a shorter one is part of other words.
const shortest = 6

func (s *secrets) add(kind, value string) {
	if len(value) < shortest {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept[kind] == nil {
		s.kept[kind] = map[string]bool{}
	}
	s.kept[kind][value] = true
}

// addField keeps what a person fills into a field.
func (s *secrets) addField(name, value string) {
	switch name {
	case "password", "newPassword", "new_password":
		s.add(kindPassword, value)
	case "code":
		s.add(kindCode, value)
	case "api_key", "oobCode", "confirm_token", "ust":
		s.add(kindToken, value)
	case "refreshToken", "refresh_token":
		s.addRefreshToken(value)
	case "email", "email_address", "phone_number", "web3_wallet", "email_address_or_phone_number":
		s.add(kindAddress, value)
	}
}

// addToken keeps a client token: whole, and its secret part in both alphabets of base64 (RFC 4648), as the table's bytes are shown in the other one.
func (s *secrets) addToken(token string) {
	s.add(kindToken, token)
	if _, part, found := strings.Cut(token, "."); found {
		s.add(kindToken, part)
		s.add(kindToken, strings.NewReplacer("-", "+", "_", "/").Replace(part))
	}
}

// addRefreshToken keeps a refresh token without the name of its key, which is no secret.
func (s *secrets) addRefreshToken(token string) {
	part, _, _ := strings.Cut(token, ".")
	s.add(kindToken, part)
}

// opening is what opens a mailed link: a value of its query.
var opening = regexp.MustCompile(`[?&;](?:oobCode|confirm_token|token)=([\w.~-]+)`)

// addLinks keeps what opens the links in text, such as that of a mail.
func (s *secrets) addLinks(text string) {
	for _, found := range opening.FindAllStringSubmatch(text, -1) {
		s.add(kindToken, found[1])
	}
}

// secretMembers are the members of answers that nobody else may read.
var secretMembers = []string{"jwt", "access_token", "id_token", "idToken", "api_key", "oobCode", "confirm_token", "ust"}

// addJWTs keeps the tokens and keys that an answer holds, wherever they are.
func (s *secrets) addJWTs(value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			switch text, _ := member.(string); {
			case slices.Contains(secretMembers, name):
				s.add(kindToken, text)
			case name == "refreshToken" || name == "refresh_token":
				s.addRefreshToken(text)
			}
			s.addJWTs(member)
		}
	case []any:
		for _, member := range v {
			s.addJWTs(member)
		}
	}
}

// leaks says which of the secrets of these kinds, or of all, the lines hold.
func (s *secrets) leaks(lines []string, kinds ...string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := strings.ToLower(strings.Join(lines, "\n"))
	var found []string
	for kind, values := range s.kept {
		if len(kinds) > 0 && !slices.Contains(kinds, kind) {
			continue
		}
		for value := range values {
			if leaked(all, kind, strings.ToLower(value)) {
				found = append(found, fmt.Sprintf("there is the %s %q", kind, value))
			}
		}
	}
	return found
}

// leaked says whether text holds value. Six digits count only where they stand alone: as a part of a number or an id they mean nothing.
func leaked(text, kind, value string) bool {
	if kind != kindCode || strings.Trim(value, "0123456789") != "" {
		return strings.Contains(text, value)
	}
	alone := regexp.MustCompile(`(^|[^0-9a-z.])` + value + `($|[^0-9a-z])`)
	return strings.Contains(text, value) && alone.MatchString(text)
}

// keepLinks keeps what opens the links of all mails that were sent, whether a script read them or not.
func (r *run) keepLinks(t *testing.T) {
	for _, s := range r.stacks {
		mails, err := inbox.Read(t.Context(), s.InboxURL)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mails {
			r.secrets.addLinks(m.Text)
		}
	}
}

// checkRedaction holds everything that was printed against everything that was secret (R13, R59; ASVS 16.2.5).
func (r *run) checkRedaction(t *testing.T) {
	r.keepLinks(t)
	lines := append(r.logs.read(), r.shown.read()...)
	for _, leak := range r.secrets.leaks(lines) {
		t.Error(leak)
	}
	// That nothing was found counts only if there was something to find, and to find it in.
	for _, said := range []string{`"operation":"signups/create"`, `"outcome":"sent"`, "signups/attempt-verification"} {
		if !strings.Contains(strings.Join(lines, "\n"), said) {
			t.Errorf("no line says %s", said)
		}
	}
	for _, kind := range []string{kindCode, kindToken, kindPassword, kindAddress} {
		if len(r.secrets.kept[kind]) == 0 {
			t.Errorf("the scripts saw no %s", kind)
		}
		for value := range r.secrets.kept[kind] {
			line := fmt.Sprintf(`{"level":"INFO","msg":"request","text":"was %s; it"}`, value)
			if len(r.secrets.leaks([]string{line})) == 0 {
				t.Errorf("a line with the %s %q isn't noticed", kind, value)
			}
		}
	}
}

// checkTables looks for what would let somebody in who can read the table (R13).
func (r *run) checkTables(t *testing.T) {
	items := 0
	for _, s := range r.stacks {
		pages := dynamodb.NewScanPaginator(engine.Client(s.DynamoDBEndpoint), &dynamodb.ScanInput{TableName: aws.String(engine.TableName)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range page.Items {
				text, err := attributevalue.MarshalMapJSON(item)
				if err != nil {
					t.Fatal(err)
				}
				for _, leak := range r.secrets.leaks([]string{string(text)}, kindCode, kindToken, kindPassword) {
					t.Errorf("%s in %s", leak, text)
				}
				items++
			}
		}
	}
	if items < 50 {
		t.Errorf("the tables have %d items", items)
	}
}

func TestR59LeaksAreFound(t *testing.T) {
	s := newSecrets()
	s.add(kindCode, "123456")
	s.addToken("AAAAAAAAAAAAAAAAAAAA.BBBB-BBBBBBB_BBBBBBBBBB")
	s.addField("password", "correct horse battery staple")
	s.addField("email_address", "Ada@Example.com")
	for line, want := range map[string]int{
		"all is well":                               0,
		`{"code":"123456"}`:                         1,
		"code=123456&strategy":                      1,
		"the code is 123456.":                       1,
		`{"duration_ms":12.123456,"id":"a123456f"}`: 0,
		"1234567":                                   0,
		"token bbbb-bbbbbbb_bbbbbbbbbb":             1,
		`{"B":"BBBB+BBBBBBB/BBBBBBBBBB="}`:          1,
		"Correct Horse battery staple":              1,
		"to ada@example.com":                        1,
		"to a***@example.com":                       0,
		"ada@example.com typed code 123456":         2,
		"first line\nada@example.com\nanother":      1,
	} {
		if got := s.leaks([]string{line}); len(got) != want {
			t.Errorf("%q: %q", line, got)
		}
	}
}

func TestR59LeaksOfLinksAreFound(t *testing.T) {
	s := newSecrets()
	s.addLinks("Open this:\nhttps://app.example/confirm?lang=de&oobCode=AAAAbbbb-CCCC_dddd&uid=4HO2M3TJ0C1K8QJ0ZXA7B2N9Y5DE\n")
	s.addLinks("https://sso.example/?confirm_token=EEEEffff-GGGG_hhhh\nhttps://auth.example/v1/verify?token=IIIIjjjj.KKKKllll")
	s.addLinks(`<a href="https://app.example/reset?uid=1&amp;oobCode=MMMMnnnn-OOOO_pppp">Choose</a>`)
	s.addField("oobCode", "typedtypedtyped")
	s.addField("newPassword", "another long passphrase")
	s.addJWTs(map[string]any{"data": map[string]any{
		"idToken": "eyJ.a.b", "refreshToken": "QQQQrrrr.keynames", "uid": "4HO2M3TJ0C1K8QJ0ZXA7B2N9Y5DE", "confirm_token": "SSSStttt-UUUU", "ust": "gAAAAAvvvv",
	}})
	for line, want := range map[string]int{
		"GET /reset?uid=4HO2M3TJ0C1K8QJ0ZXA7B2N9Y5DE":      0,
		"the key is keynames":                              0,
		`{"oobCode":"AAAAbbbb-CCCC_dddd"}`:                 1,
		"confirm_token=EEEEffff-GGGG_hhhh":                 1,
		"/v1/verify?token=IIIIjjjj.KKKKllll":               1,
		"oobCode MMMMnnnn-OOOO_pppp isn't right":           1,
		"typedtypedtyped":                                  1,
		"he typed another long passphrase":                 1,
		"eyJ.a.b and SSSStttt-UUUU and gAAAAAvvvv":         3,
		"refresh QQQQrrrr":                                 1,
		"refresh QQQQrrrr.keynames, AAAAbbbb-CCCC_dddd, x": 2,
	} {
		if got := s.leaks([]string{line}); len(got) != want {
			t.Errorf("%q: %q", line, got)
		}
	}
}
