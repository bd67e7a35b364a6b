package identifier

import "strings"

// mailHost is how a provider reads the addresses of its domains.
type mailHost struct {
	domain string // that stands for all of the provider's
	tag    string // sign after which a name is the person's own; empty if there is none
	drop   string // signs in a name that make no difference
}

// LimitKey is the form under which rate limits count an address: of providers that
// are known to deliver several spellings to one mailbox, the plainest one. It is a
// guess about somebody else's host, so it is never an identity and never shown.
// Other kinds are counted by their canonical form.
func (i Identifier) LimitKey() string {
	at := strings.LastIndexByte(i.Canonical, '@')
	if i.Kind != KindEmailAddress || at < 0 {
		return i.Canonical
	}
	local, domain := i.Canonical[:at], i.Canonical[at+1:]
	host, known := hostOf(domain)
	if !known {
		return i.Canonical
	}
	if host.tag != "" {
		if name, _, tagged := strings.Cut(local, host.tag); tagged && name != "" {
			local = name
		}
	}
	plain := strings.Map(func(r rune) rune {
		if strings.ContainsRune(host.drop, r) {
			return -1
		}
		return r
	}, local)
	if plain == "" {
		plain = local
	}
	return plain + "@" + host.domain
}

// hostOf is the provider of domain. The sources are the providers' own help pages
// on aliases; one that is missing here only has its spellings counted apart.
func hostOf(domain string) (mailHost, bool) {
	switch domain {
	case "gmail.com", "googlemail.com":
		return mailHost{domain: "gmail.com", tag: "+", drop: "."}, true
	case "proton.me", "protonmail.com", "protonmail.ch", "pm.me":
		return mailHost{domain: "proton.me", tag: "+", drop: ".-_"}, true
	case "icloud.com", "me.com", "mac.com":
		return mailHost{domain: "icloud.com", tag: "+"}, true
	case "yandex.com", "yandex.ru", "yandex.by", "yandex.kz", "ya.ru":
		return mailHost{domain: "yandex.com", tag: "+", drop: ".-"}, true
	case "outlook.com", "hotmail.com", "live.com", "msn.com",
		"outlook.de", "outlook.fr", "outlook.es", "outlook.it", "outlook.jp", "outlook.pt", "outlook.dk", "outlook.at",
		"hotmail.co.uk", "hotmail.de", "hotmail.fr", "hotmail.es", "hotmail.it", "live.co.uk", "live.de", "live.fr", "live.nl",
		"fastmail.com", "fastmail.fm", "zoho.com", "zohomail.com", "zohomail.eu", "hey.com", "mailbox.org", "posteo.de", "posteo.net":
		return mailHost{domain: domain, tag: "+"}, true
	}
	return mailHost{}, false
}
