package settings

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// anyLoopback stands for every port of the loopback host, by any of its names.
const anyLoopback = "http://localhost:*"

// loopbackHosts are what anyLoopback stands for.
var loopbackHosts = [...]string{"localhost", "127.0.0.1", "[::1]"}

const maxURL = 2048

// OriginAllowed reports whether pages of origin may call with credentials: it is
// an entry of allowed_origins, or the origin of public_url or of a proxy URL.
// origin is compared as browsers send it, byte by byte.
func (s *Settings) OriginAllowed(origin string) bool {
	if origin == "" {
		return false
	}
	for _, allowed := range s.AllowedOrigins {
		if allowed == anyLoopback && isAnyLoopback(origin) {
			return true
		}
		if allowed == origin && allowed != anyLoopback {
			return true
		}
	}
	for _, own := range s.ProxyURLs {
		if origin == originOf(own) {
			return true
		}
	}
	return origin == originOf(s.PublicURL)
}

// AppOriginAllowed reports whether origin is an entry of allowed_origins with an
// app's own scheme, such as that of a browser extension.
func (s *Settings) AppOriginAllowed(origin string) bool {
	return strings.Contains(origin, "://") && isAppScheme(origin) && s.OriginAllowed(origin)
}

// Home is the application's first page: pages.home_url or, without it, the root of
// the first web site among allowed_origins or, without one, of fallback, an absolute URL.
func (s *Settings) Home(fallback string) string {
	if s.Pages.HomeURL != "" {
		return s.Pages.HomeURL
	}
	for _, origin := range s.AllowedOrigins {
		if origin != anyLoopback && !isAppScheme(origin) {
			return origin + "/"
		}
	}
	return originOf(fallback) + "/"
}

// RedirectAllowed reports whether a link may return to target: an entry of
// redirect_urls has its exact origin and its path or a path above it, or is an
// app's own scheme and equal as a whole. Whatever a browser could read as
// another address (user info, backslashes, dot segments, control characters) is refused.
func (s *Settings) RedirectAllowed(target string) bool {
	if len(target) > maxURL || !plainURL(target) {
		return false
	}
	for _, allowed := range s.RedirectURLs {
		if isAppScheme(allowed) {
			if target == allowed {
				return true
			}
			continue
		}
		if redirectMatches(allowed, target) {
			return true
		}
	}
	return false
}

// AbsoluteURL reports whether target can be a redirect URL at all: absolute, and
// the same address to every reader. RedirectAllowed says whether it may be one.
func AbsoluteURL(target string) bool { return len(target) <= maxURL && plainURL(target) }

// RedirectSources are the origins and app schemes of redirect_urls as sources of a
// Content-Security-Policy (CSP level 3 §2.3.1), each once. An IPv6 host has no
// form there and is left out.
func (s *Settings) RedirectSources() []string {
	sources := []string{}
	add := func(source string) {
		if !strings.Contains(source, "[") && !slices.Contains(sources, source) {
			sources = append(sources, source)
		}
	}
	for _, allowed := range s.RedirectURLs {
		switch {
		case isAppScheme(allowed):
			scheme, _, _ := strings.Cut(allowed, ":")
			add(scheme + ":")
		case strings.HasPrefix(allowed, anyLoopback):
			for _, host := range loopbackHosts {
				add("http://" + host + ":*")
			}
		default:
			add(originOf(allowed))
		}
	}
	return sources
}

func redirectMatches(allowed, target string) bool {
	origin, path := originOf(target), pathOf(target)
	prefix, wild := strings.CutPrefix(allowed, anyLoopback)
	if wild {
		if !isAnyLoopback(origin) {
			return false
		}
	} else {
		if originOf(allowed) != origin {
			return false
		}
		prefix = pathOf(allowed)
	}
	prefix = strings.TrimSuffix(prefix, "/")
	return !hasDotSegment(path) && (path == prefix || strings.HasPrefix(path, prefix+"/"))
}

// originOf cuts an absolute URL after its host and port.
func originOf(absolute string) string {
	scheme, rest, found := strings.Cut(absolute, "://")
	if !found {
		return ""
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	return scheme + "://" + rest
}

// pathOf is the path of an absolute URL as it is written.
func pathOf(absolute string) string {
	path := strings.TrimPrefix(absolute, originOf(absolute))
	if end := strings.IndexAny(path, "?#"); end >= 0 {
		path = path[:end]
	}
	return path
}

// isAnyLoopback reports whether origin is plain HTTP on the loopback host, with or without a port.
func isAnyLoopback(origin string) bool {
	host, found := strings.CutPrefix(origin, "http://")
	if !found {
		return false
	}
	for _, loopback := range loopbackHosts {
		if rest, found := strings.CutPrefix(host, loopback); found {
			return rest == "" || (rest[0] == ':' && isPort(rest[1:]))
		}
	}
	return false
}

func isPort(text string) bool {
	port, err := strconv.ParseUint(text, 10, 16)
	return err == nil && port > 0 && text[0] != '0'
}

// plainURL reports whether address is absolute and means the same to every reader:
// printable ASCII, no backslash, no user info, nothing undecodable.
func plainURL(address string) bool {
	for i := 0; i < len(address); i++ {
		if c := address[i]; c <= ' ' || c >= 0x7f || c == '\\' {
			return false
		}
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme == "" || parsed.User != nil || parsed.Opaque != "" {
		return false
	}
	for i := 0; i < len(parsed.Path); i++ {
		if c := parsed.Path[i]; c < ' ' || c == 0x7f {
			return false
		}
	}
	return !strings.Contains(originOf(address), "@")
}

// hasDotSegment looks for . and .. as browsers resolve them, percent-encoded or not.
func hasDotSegment(path string) bool {
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return true
	}
	for _, segment := range strings.FieldsFunc(decoded, func(r rune) bool { return r == '/' || r == '\\' }) {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// isAppScheme reports whether address has a scheme that an app claims for itself.
func isAppScheme(address string) bool {
	scheme, _, found := strings.Cut(address, ":")
	return found && scheme != "http" && scheme != "https"
}

// runnable are schemes that make a browser or system run or read something of its own.
const runnable = " about blob content data file filesystem ftp intent javascript mailto sms tel vbscript view-source ws wss "

// appSchemeFault words what is wrong with an app's own scheme, "" if nothing.
func appSchemeFault(scheme string) string {
	if scheme == "" || scheme[0] < 'a' || scheme[0] > 'z' {
		return "must begin with a scheme in lower case"
	}
	for i := 0; i < len(scheme); i++ {
		c := scheme[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '+' && c != '.' && c != '-' {
			return "must begin with a scheme in lower case"
		}
	}
	if strings.Contains(runnable, " "+scheme+" ") {
		return "can't use the scheme " + scheme
	}
	return ""
}

// webOriginFault words what is wrong with an http or https origin, "" if nothing.
func webOriginFault(origin string) string {
	scheme, authority, _ := strings.Cut(origin, "://")
	if scheme != "http" && scheme != "https" {
		return "must begin with https:// (or http:// on the loopback host)"
	}
	host, port := authority, ""
	if colon := strings.LastIndexByte(authority, ':'); colon > strings.LastIndexByte(authority, ']') {
		host, port = authority[:colon], authority[colon+1:]
		if !isPort(port) {
			return "has no valid port"
		}
	}
	switch {
	case !isHost(host):
		return "has no valid host (lower case, ASCII)"
	case scheme == "https" && port == "443", scheme == "http" && port == "80":
		return "must leave out the port " + port + ", as browsers do"
	case scheme == "http" && !isLoopback(host):
		return "must be https; http is for the loopback host only"
	}
	return ""
}

// isHost accepts a name of lower-case letters, digits and hyphens, an IPv4 address, or an IPv6 address in brackets.
func isHost(host string) bool {
	if inner, bracketed := strings.CutPrefix(host, "["); bracketed {
		address, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && address.Is6() && address.Zone() == "" && "["+address.String()+"]" == host
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last != "" && strings.Trim(last, "0123456789") == "" {
		address, err := netip.ParseAddr(host)
		return err == nil && address.Is4()
	}
	return isHostName(host)
}

// isHostName checks a DNS name (RFC 1123 §2.1) in lower case.
func isHostName(name string) bool {
	if len(name) > 253 {
		return false
	}
	for _, label := range strings.Split(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := 0; i < len(label); i++ {
			c := label[i]
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}

// isLoopback reports whether host never leaves the machine (RFC 6761 §6.3 for names below localhost).
func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && address.IsLoopback()
}
