package callback

import (
	"errors"
	"net/netip"
	"syscall"
)

// errAddress is what a connection to an address ends in that no receiver may have.
var errAddress = errors.New("callback: the host's address isn't a public one")

// special are the blocks of IPv4 that aren't the public Internet's (IANA's IPv4
// special-purpose address registry), with multicast and what is reserved.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
)

// global is all of IPv6 that is given out to networks (RFC 4291 §2.4), and specialV6 what
// of it isn't the public Internet's: Teredo and the like, documentation, 6to4.
var (
	global    = netip.MustParsePrefix("2000::/3")
	specialV6 = prefixes("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
	// nat64 carries an address of IPv4 in its last 32 bits (RFC 6052 §2.1).
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(list ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(list))
	for i, text := range list {
		parsed[i] = netip.MustParsePrefix(text)
	}
	return parsed
}

// public reports whether an address belongs to the public Internet, in whatever form it
// is written. Everything else could be a neighbour's or the machine's own, such as the
// metadata services at 169.254.169.254 and fd00:ec2::254.
func public(address netip.Addr) bool {
	address = address.Unmap()
	if nat64.Contains(address) {
		carried := address.As16()
		address = netip.AddrFrom4([4]byte(carried[12:]))
	}
	if address.Is4() {
		return !within(special, address)
	}
	return address.Zone() == "" && global.Contains(address) && !within(specialV6, address)
}

func within(blocks []netip.Prefix, address netip.Addr) bool {
	for _, block := range blocks {
		if block.Contains(address) {
			return true
		}
	}
	return false
}

// guard judges each address that is about to be connected to. That is after names have
// been resolved, so a name that leads elsewhere by now leads nowhere. local lets the
// machine's own addresses in.
func guard(local bool) func(network, address string, _ syscall.RawConn) error {
	return func(network, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		switch {
		case err != nil, network != "tcp4" && network != "tcp6":
			return errAddress
		case public(at.Addr()), local && at.Addr().Unmap().IsLoopback():
			return nil
		}
		return errAddress
	}
}
