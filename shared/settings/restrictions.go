package settings

import "strings"

// Restrictions say whose e-mail address is admitted. An entry of a list is an
// address (ada@example.com), a domain (example.com or @example.com), or the
// subdomains of one (*.example.com).
type Restrictions struct {
	Allowlist              []string `json:"allowlist" doc:"Addresses and domains that alone may sign up; empty admits all. An entry is name@example.com, example.com (or @example.com) for exactly that domain, or *.example.com for those below it."`
	Blocklist              []string `json:"blocklist" doc:"Addresses and domains that may not sign up, in the same form; an address is blocked with its +sub-addresses. Of two entries that match, the one that names the whole address decides; otherwise the block does."`
	BlockSubaddresses      bool     `json:"block_subaddresses" doc:"Whether to refuse addresses with +, = or # before the @, unless the allowlist names the whole address."`
	BlockDisposableDomains bool     `json:"block_disposable_domains" doc:"Whether to refuse addresses at domains of throwaway mailboxes, by the built-in list, unless the allowlist names the whole address."`
}

func defaultRestrictions() Restrictions {
	return Restrictions{Allowlist: []string{}, Blocklist: []string{}}
}

func (r *Restrictions) check(c *check, email EmailAddress) {
	c.patterns("restrictions.allowlist", r.Allowlist)
	c.patterns("restrictions.blocklist", r.Blocklist)
	if len(r.Allowlist) == 0 {
		return
	}
	if email.Requirement != Required {
		c.faults.add("restrictions.allowlist", "needs attributes.email_address.requirement required, or a sign-up without an address would pass it by")
	}
	if !email.VerifyAtSignUp {
		c.faults.add("restrictions.allowlist", "needs attributes.email_address.verify_at_sign_up, or anybody could name an address of it")
	}
}

// patterns checks a list of addresses, domains and subdomain wildcards.
func (c *check) patterns(key string, list []string) {
	c.accepts(key, "list of `name@example.com`, `example.com`, `*.example.com`")
	for i, entry := range list {
		c.refuse(item(key, i), entry, patternFault(entry))
	}
	c.distinct(key, list)
}

func patternFault(entry string) string {
	const form = "must be name@example.com, example.com or *.example.com, in lower case, its domain in ASCII (xn--…)"
	local, domain, whole := strings.Cut(entry, "@")
	switch {
	case whole && local != "":
		if len(local) > 64 || !isDotAtom(local) || strings.ToLower(local) != local {
			return form
		}
	case !whole:
		domain = strings.TrimPrefix(entry, "*.")
	}
	if !isHostName(domain) || !strings.Contains(domain, ".") {
		return form
	}
	return ""
}

// Admission is what the lists say of an address.
type Admission int

// What the lists say. Named is an address that the allowlist names as a whole: no
// other restriction is asked about it.
const (
	Admitted Admission = iota
	Named
	NotListed
	Blocked
)

// Admits says what the lists say of the address local@domain, both in canonical form.
// Who is blocked is blocked with every sub-address (RFC 5233); who is allowed, as written.
func (r *Restrictions) Admits(local, domain string) Admission {
	allowed, blocked := closest(r.Allowlist, local, domain), closest(r.Blocklist, local, domain)
	if name, _, tagged := strings.Cut(local, "+"); tagged {
		blocked = max(blocked, closest(r.Blocklist, name, domain))
	}
	switch {
	case allowed == wholeAddress && blocked != wholeAddress:
		return Named
	case blocked != noMatch:
		return Blocked
	case len(r.Allowlist) > 0 && allowed == noMatch:
		return NotListed
	}
	return Admitted
}

// match is how closely an entry names an address.
type match int

const (
	noMatch match = iota
	wholeDomain
	wholeAddress
)

func closest(list []string, local, domain string) match {
	found := noMatch
	for _, entry := range list {
		found = max(found, matches(entry, local, domain))
	}
	return found
}

func matches(entry, local, domain string) match {
	name, host, whole := strings.Cut(entry, "@")
	switch {
	case whole && name != "":
		if name == local && host == domain {
			return wholeAddress
		}
	case whole:
		if host == domain {
			return wholeDomain
		}
	case strings.HasPrefix(entry, "*."):
		if strings.HasSuffix(domain, entry[1:]) {
			return wholeDomain
		}
	case entry == domain:
		return wholeDomain
	}
	return noMatch
}
