package disposable

import (
	"slices"
	"strings"
	"testing"
)

// TestR26DisposableDomains finds listed domains and what lies below them, and nothing else.
func TestR26DisposableDomains(t *testing.T) {
	for domain, want := range map[string]bool{
		"mailinator.com": true, "inbox.mailinator.com": true, "guerrillamail.com": true, "10minutemail.com": true,
		"not-mailinator.com": false, "mailinator.com.example.com": false, "com": false, "": false, ".": false,
		"gmail.com": false, "outlook.com": false, "icloud.com": false, "duck.com": false, "example.com": false,
		"\x00": false, "zzzzzzzz.zz": false, strings.Repeat("a.", 100) + "com": false,
	} {
		if got := Domain(domain); got != want {
			t.Errorf("%q: %v, want %v", domain, got, want)
		}
	}
}

// TestEveryListedDomainIsFound: the list is sorted as the search expects it, to its ends.
func TestEveryListedDomainIsFound(t *testing.T) {
	all := strings.Split(strings.TrimSuffix(domains, "\n"), "\n")
	if len(all) < 5_000 || !slices.IsSorted(all) || !strings.HasSuffix(domains, "\n") {
		t.Fatalf("%d domains, sorted: %v", len(all), slices.IsSorted(all))
	}
	for _, domain := range all {
		if !listed(domain) || listed(domain+"x") || listed("-"+domain) {
			t.Fatalf("%q is searched for wrongly", domain)
		}
	}
}

func BenchmarkDomain(b *testing.B) {
	for b.Loop() {
		Domain("a.b.example.com")
	}
}
