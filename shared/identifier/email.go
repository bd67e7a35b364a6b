package identifier

import (
	"net/mail"
	"strings"
	"unicode"

	"golang.org/x/net/idna"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

// Longest e-mail address and local part, in octets (RFC 5321 §4.5.3.1).
const (
	maxEmailAddress = 254
	maxLocalPart    = 64
)

// ParseEmailAddress reads an address as RFC 5321 §4.1.2 has it, local part and
// domain with nothing around them (R29). The canonical form is the local part in
// lower case and the domain as A-labels (RFC 5890); sub-addresses (+) and dots
// stay, because what they mean is the receiving host's business.
//
// Refused on purpose, though RFC 5321 or 6531 know them: quoted local parts,
// local parts outside ASCII (SES doesn't deliver to them), address literals,
// domains without a dot or with one at the end.
func ParseEmailAddress(s string) (Identifier, error) {
	const form = "Write it as name@example.com."
	display, err := typed(KindEmailAddress, s, maxEmailAddress)
	if err != nil {
		return Identifier{}, err
	}
	if strings.ContainsFunc(display, notInAddress) {
		return Identifier{}, malformed(KindEmailAddress, form)
	}
	parsed, err := mail.ParseAddress(display)
	if err != nil || parsed.Address != display || parsed.Name != "" {
		return Identifier{}, malformed(KindEmailAddress, form)
	}
	at := strings.LastIndexByte(display, '@')
	local, domain := display[:at], display[at+1:]
	if len(local) > maxLocalPart {
		return Identifier{}, problem.ParamTooLong.On(string(KindEmailAddress)).
			Detailed("At most %d octets are accepted before the @.", maxLocalPart)
	}
	if strings.ContainsFunc(local, func(r rune) bool { return r > unicode.MaxASCII }) {
		return Identifier{}, malformed(KindEmailAddress, "Before the @ only letters without accents, digits and .!#$%&'*+/=?^_`{|}~- are accepted.")
	}
	host, ok := canonicalDomain(domain)
	if !ok {
		return Identifier{}, malformed(KindEmailAddress, "What follows the @ isn't a domain.")
	}
	canonical := strings.ToLower(local) + "@" + host
	if len(canonical) > maxEmailAddress {
		return Identifier{}, problem.ParamTooLong.On(string(KindEmailAddress)).Detailed("At most %d octets are accepted.", maxEmailAddress)
	}
	return Identifier{Kind: KindEmailAddress, Canonical: canonical, Display: display}, nil
}

// notInAddress tells what no part of an accepted address holds: quotes, comments,
// literals, lists, white space, and control and invisible format characters
// except the joiners that some scripts need in domains (RFC 5892 A.1, A.2).
func notInAddress(r rune) bool {
	const zeroWidthNonJoiner, zeroWidthJoiner = 0x200c, 0x200d
	if r == zeroWidthNonJoiner || r == zeroWidthJoiner {
		return false
	}
	return strings.ContainsRune(`"(),:;<>[]\`, r) || unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)
}

// canonicalDomain returns a domain of two or more labels in lower case, each an
// LDH label or a valid A-label (RFC 5890 §2.3.1).
func canonicalDomain(domain string) (string, bool) {
	profile := idna.New(
		idna.MapForLookup(),
		idna.BidiRule(),
		idna.CheckJoiners(true),
		idna.CheckHyphens(true),
		idna.StrictDomainName(true),
		idna.Transitional(false),
		idna.VerifyDNSLength(true),
	)
	host, err := profile.ToASCII(domain)
	if err != nil {
		return "", false
	}
	// Some rules are checked on labels only as they come, not as they are mapped.
	again, err := profile.ToASCII(host)
	dot := strings.LastIndexByte(host, '.')
	if err != nil || again != host || dot <= 0 || dot == len(host)-1 {
		return "", false
	}
	// A last label of digits makes an IPv4 address of it (RFC 3696 §2).
	return host, strings.Trim(host[dot+1:], "0123456789") != ""
}

// MailAddress is the address to send to: the local part as the person wrote it,
// since a host may tell case apart, and the domain as A-labels. It is empty for
// other kinds.
func (i Identifier) MailAddress() string {
	written, canonical := strings.LastIndexByte(i.Display, '@'), strings.LastIndexByte(i.Canonical, '@')
	if i.Kind != KindEmailAddress || written < 0 || canonical < 0 {
		return ""
	}
	return i.Display[:written] + i.Canonical[canonical:]
}
