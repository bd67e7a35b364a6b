package secret

// LimitKey is what may be stored of whom a rate limit is about, an address or a
// source: a keyed hash of 128 bits, since a plain one would be found by trying
// known addresses (ASVS 6.5.2). kind keeps the limits apart.
func LimitKey(key MACKey, kind, subject string) []byte {
	return key.Sum("rate limit", []byte(kind), []byte(subject))[:16]
}
