package signup

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// Input is what a request supplies to a sign-up. Empty means not supplied.
type Input struct {
	EmailAddress   string
	Username       string
	PhoneNumber    string
	Web3Wallet     string
	Password       secret.Text
	FirstName      string
	LastName       string
	Birthday       string
	Gender         string
	Locale         string
	UnsafeMetadata string // a JSON object
	LegalAccepted  bool
	Strategy       string
	Link           Link // of the mail, if Strategy sends one
}

// Longest free texts, in code points.
const (
	maxName   = 256
	maxGender = 64
	maxLocale = 35 // RFC 5646 §4.4.1
)

// change is an Input that has been read: what it does to a sign-up's facts.
type change struct {
	identifiers   []identifier.Identifier
	password      secret.Text
	texts         map[string]string
	metadata      json.RawMessage
	legalAccepted bool
	strategy      string
	link          LinkTerms
}

// parse checks in against the settings, reporting every fault at once.
func (in Input) parse(s *settings.Settings, disposable func(string) bool, now time.Time) (*change, error) {
	p := &inputParser{settings: s, now: now, change: &change{
		texts: map[string]string{}, password: in.Password,
		legalAccepted: in.LegalAccepted, strategy: in.Strategy,
	}}
	p.identifier("email_address", in.EmailAddress, admitted(s.Restrictions, disposable))
	p.identifier("phone_number", in.PhoneNumber, identifier.ParsePhoneNumber)
	p.identifier("username", in.Username, func(text string) (identifier.Identifier, error) {
		return identifier.ParseUsername(text, s.Username)
	})
	p.identifier("web3_wallet", in.Web3Wallet, identifier.ParseWeb3Wallet)
	if !in.Password.IsZero() {
		p.enabled("password")
	}
	p.text("first_name", in.FirstName, maxName)
	p.text("last_name", in.LastName, maxName)
	p.text("gender", in.Gender, maxGender)
	p.birthday(in.Birthday)
	p.locale(in.Locale)
	p.unsafeMetadata(in.UnsafeMetadata)
	p.strategy(in.Strategy, in.Link)
	return p.change, p.faults.Err()
}

type inputParser struct {
	settings *settings.Settings
	now      time.Time
	change   *change
	faults   problem.Errors
}

func (p *inputParser) fault(err error) { p.faults = append(p.faults, problem.List(err)...) }

// enabled reports whether the attribute is asked for, and records the fault if not.
func (p *inputParser) enabled(name string) bool {
	if requirement, _ := p.settings.Attribute(name); requirement != settings.Off {
		return true
	}
	p.fault(problem.ParamValueDisabled.On(name))
	return false
}

func (p *inputParser) identifier(name, text string, parse func(string) (identifier.Identifier, error)) {
	if text == "" || !p.enabled(name) {
		return
	}
	id, err := parse(text)
	if err != nil {
		p.fault(err)
		return
	}
	p.change.identifiers = append(p.change.identifiers, id)
}

func (p *inputParser) text(name, value string, longest int) {
	if value == "" || !p.enabled(name) {
		return
	}
	clean := norm.NFC.String(strings.TrimSpace(value))
	switch {
	case !utf8.ValidString(value) || strings.ContainsFunc(clean, unicode.IsControl):
		p.fault(problem.ParamFormatInvalid.On(name).Detailed("It has a character that isn't accepted."))
	case utf8.RuneCountInString(clean) > longest:
		p.fault(problem.ParamTooLong.On(name).Detailed("At most %d characters are accepted.", longest))
	case clean != "":
		p.change.texts[name] = clean
	}
}

// birthday takes a full date (RFC 3339 §5.6) that isn't in the future.
func (p *inputParser) birthday(value string) {
	if value == "" || !p.enabled("birthday") {
		return
	}
	day, err := time.Parse(time.DateOnly, value)
	if err != nil || day.After(p.now) || day.Year() < 1800 {
		p.fault(problem.ParamFormatInvalid.On("birthday").Detailed("It must be a past date, as YYYY-MM-DD."))
		return
	}
	p.change.texts["birthday"] = value
}

func (p *inputParser) locale(value string) {
	if value == "" {
		return
	}
	tag, err := language.Parse(value)
	if len(value) > maxLocale || err != nil {
		p.fault(problem.ParamFormatInvalid.On("locale").Detailed("It must be a BCP 47 language tag."))
		return
	}
	p.change.texts["locale"] = tag.String()
}

func (p *inputParser) unsafeMetadata(value string) {
	if value == "" {
		return
	}
	if len(value) > MaxMetadata {
		p.fault(problem.ParamTooLarge.On("unsafe_metadata").Detailed("At most %d bytes of JSON are accepted.", MaxMetadata))
		return
	}
	var object map[string]json.RawMessage
	var compact bytes.Buffer
	if !utf8.ValidString(value) || json.Unmarshal([]byte(value), &object) != nil || object == nil ||
		json.Compact(&compact, []byte(value)) != nil {
		p.fault(problem.ParamFormatInvalid.On("unsafe_metadata").Detailed("It must be a JSON object."))
		return
	}
	p.change.metadata = compact.Bytes()
}

// strategy takes the name of a strategy that create may begin at once.
func (p *inputParser) strategy(name string, link Link) {
	if name == "" || name == "password" {
		p.change.strategy = ""
		return
	}
	strategy, err := strategyNamed(p.settings, name)
	if err == nil {
		p.change.link, err = link.accept(p.settings, strategy)
	}
	if err != nil {
		p.fault(err)
	}
}

// apply puts the change into su. The password has been hashed meanwhile.
func (c *change) apply(su *SignUp, passwordHash string, metadata Metadata, now time.Time) {
	for _, id := range c.identifiers {
		su.setIdentifier(id)
	}
	if passwordHash != "" {
		su.PasswordHash = passwordHash
	}
	for name, value := range c.texts {
		*su.Facts.text(name) = value
	}
	if c.metadata != nil {
		su.Unsafe = metadata
	}
	if c.legalAccepted && su.LegalAccepted.IsZero() {
		su.LegalAccepted = now
	}
}

// text returns where the named free text is kept.
func (f *Facts) text(name string) *string {
	switch name {
	case "first_name":
		return &f.FirstName
	case "last_name":
		return &f.LastName
	case "birthday":
		return &f.Birthday
	case "gender":
		return &f.Gender
	case "locale":
		return &f.Locale
	}
	return nil
}

// printable is text, cut and escaped, as it may stand in an error's text.
func printable(text string) string {
	const longest = 40
	if len(text) > longest {
		text = text[:longest]
	}
	return strings.Trim(strconv.QuoteToASCII(text), `"`)
}
