package clerk

import (
	"context"
	"net/http"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// sdkPackages are the npm packages whose scripts framework SDKs load from this API (§1.8).
var sdkPackages = [...]string{"@clerk/clerk-js@", "@clerk/ui@"}

// SDKFile serves GetSDKFile: browsers are sent to the CDN of the settings. For an
// hour they needn't ask again, so a new release within the range is soon seen.
func SDKFile(s *settings.Settings) gateway.Handler {
	return func(_ context.Context, r *gateway.Request) (*gateway.Response, error) {
		path := r.Params["proxy"]
		if !isSDKFile(path) {
			return nil, problem.ResourceNotFound.New().Detailed("There is no such file of the SDK.")
		}
		return &gateway.Response{Status: http.StatusTemporaryRedirect, Header: map[string]string{
			"Location": s.SDKURL + "/" + strings.ReplaceAll(path, "^", "%5E"), "Cache-Control": "public, max-age=3600",
		}}, nil
	}
}

// isSDKFile reports whether path is <package>@<range>/dist/<file> of one of the
// packages, in letters that mean the same in every URL: whoever asks can't choose
// where on the CDN, or beyond it, a browser ends.
func isSDKFile(path string) bool {
	for _, name := range sdkPackages {
		if rest, found := strings.CutPrefix(path, name); found {
			versions, file, found := strings.Cut(rest, "/dist/")
			return found && isPlainName(versions, "^~") && isPlainName(file, "")
		}
	}
	return false
}

// isPlainName accepts up to 128 letters, digits and -._+ that begin with a letter,
// digit or one of first.
func isPlainName(name, first string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i]
		alphanumeric := (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
		if alphanumeric || (i > 0 && strings.IndexByte("-._+", c) >= 0) || (i == 0 && strings.IndexByte(first, c) >= 0) {
			continue
		}
		return false
	}
	return name != "" && len(name) <= 128
}
