// Package disposable knows the domains of throwaway mailboxes. Only functions that
// take addresses link it: the list is 130 kB. Decision 0015 says where it is from.
package disposable

import (
	_ "embed" // for domains.txt
	"sort"
	"strings"
)

//go:generate go run ./internal/refresh

// domains are the listed domains in byte order, each with a line end: text, so that
// a refresh can be read before it is taken, and nothing is built at start.
//
//go:embed domains.txt
var domains string

// Domain reports whether domain (lower case, A-labels) or one above it is listed.
func Domain(domain string) bool {
	for strings.Contains(domain, ".") {
		if listed(domain) {
			return true
		}
		_, domain, _ = strings.Cut(domain, ".")
	}
	return false
}

// listed bisects the text by bytes: a place in the middle of a line stands for that line.
func listed(domain string) bool {
	at := sort.Search(len(domains), func(i int) bool { return lineAt(i) >= domain })
	return at < len(domains) && lineAt(at) == domain
}

func lineAt(i int) string {
	begin := strings.LastIndexByte(domains[:i], '\n') + 1
	return domains[begin : begin+strings.IndexByte(domains[begin:], '\n')]
}
