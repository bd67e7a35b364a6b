// Package npmfiles serves the scripts of the SDK's npm packages that are installed for the tests, in place of the CDN to which the API's /npm/ redirects.
// What isn't installed is redirected to that CDN.
package npmfiles

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/mod/semver"
)

// Prefix is the path below which a Server answers; it is outside the API's routes.
const Prefix = "/local-npm/"

// Packages are those whose scripts are served.
var packages = []string{"@clerk/clerk-js", "@clerk/ui"}

// A Server serves installed packages.
type Server struct {
	cdn       string
	installed map[string][]release
}

type release struct {
	version string // as semver has it, with a v in front
	dir     string
}

// New finds the packages in the node_modules directories that exist, whatever name each is installed under. cdn has no slash at its end.
func New(cdn string, nodeModules ...string) *Server {
	s := &Server{cdn: cdn, installed: map[string][]release{}}
	for _, dir := range nodeModules {
		for _, pattern := range []string{"*/package.json", "@*/*/package.json"} {
			files, _ := filepath.Glob(filepath.Join(dir, pattern)) // only a malformed pattern is an error
			for _, file := range files {
				s.add(file)
			}
		}
	}
	return s
}

func (s *Server) add(file string) {
	var about struct{ Name, Version string }
	text, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(text, &about) != nil {
		return
	}
	for _, name := range packages {
		if about.Name == name && semver.IsValid("v"+about.Version) {
			s.installed[name] = append(s.installed[name], release{"v" + about.Version, filepath.Dir(file)})
		}
	}
}

// Any reports whether there is anything to serve.
func (s *Server) Any() bool { return len(s.installed) > 0 }

// request is a path below Prefix.
var request = regexp.MustCompile(`^(@clerk/[a-z-]+)@([^/]+)/dist/([A-Za-z0-9][A-Za-z0-9._+-]*)$`)

// ServeHTTP serves GET Prefix<package>@<range>/dist/<file>.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, Prefix)
	w.Header().Set("Access-Control-Allow-Origin", "*")
	asked := request.FindStringSubmatch(path)
	if asked == nil {
		http.NotFound(w, r)
		return
	}
	dir := s.find(asked[1], asked[2])
	if dir == "" {
		http.Redirect(w, r, s.cdn+"/"+path, http.StatusTemporaryRedirect)
		return
	}
	file, err := os.Open(filepath.Join(dir, "dist", asked[3]))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || info.IsDir() {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, asked[3], info.ModTime(), file)
}

// find returns the directory of the newest release of the package within versions, or "".
func (s *Server) find(name, versions string) string {
	var best release
	for _, installed := range s.installed[name] {
		if within(installed.version, versions) && (best.dir == "" || semver.Compare(installed.version, best.version) > 0) {
			best = installed
		}
	}
	return best.dir
}

// within understands what framework SDKs ask for: a whole version, its first parts, ^ and ~, and latest.
func within(version, versions string) bool {
	floor := "v" + strings.TrimLeft(versions, "^~")
	switch {
	case versions == "latest":
		return semver.Prerelease(version) == ""
	case !semver.IsValid(floor):
		return false
	case versions[0] == '^' || floor == semver.Major(floor):
		return semver.Major(version) == semver.Major(floor) && semver.Compare(version, floor) >= 0
	case versions[0] == '~' || floor == semver.MajorMinor(floor):
		return semver.MajorMinor(version) == semver.MajorMinor(floor) && semver.Compare(version, floor) >= 0
	}
	return semver.Compare(version, floor) == 0
}
