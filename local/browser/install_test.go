package browser_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A lock is what npm writes to package-lock.json, and to node_modules/.package-lock.json of what it has installed.
type lock struct {
	Packages map[string]struct {
		Version   string
		Integrity string
		Resolved  string
		Optional  bool
	}
}

// readJSON decodes the file into a T.
func readJSON[T any](t *testing.T, path ...string) (value T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatalf("%v: `make test` installs the npm packages", err)
	}
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%s: %v", filepath.Join(path...), err)
	}
	return value
}

// installed fails the test unless what is in dir/node_modules is what dir/package-lock.json names, as `npm ci` leaves it.
func installed(t *testing.T, dir string) {
	t.Helper()
	want := readJSON[lock](t, dir, "package-lock.json")
	have := readJSON[lock](t, dir, "node_modules", ".package-lock.json")
	for path, locked := range want.Packages {
		if found, ok := have.Packages[path]; path != "" && !locked.Optional && (!ok || found.Integrity != locked.Integrity) {
			t.Errorf("%s: %s isn't installed as its lock file has it: `make test` installs it", dir, path)
		}
	}
	for path := range have.Packages {
		// The engines' installer adds the dynoxide of a platform that the lock file can't name.
		if _, ok := want.Packages[path]; !ok && !strings.HasPrefix(path, "node_modules/@dynoxide/") {
			t.Errorf("%s: %s is installed, but isn't in the lock file", dir, path)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// All sets of npm packages come from lock files: every version is exact, every package has a hash, no registry is named, and `npm ci` accepts them.
func TestNPMPackagesComeFromLockFiles(t *testing.T) {
	exact := regexp.MustCompile(`^(npm:(@[a-z]+/)?[a-z-]+@)?\d+\.\d+\.\d+$`) // of a package, or of that for which it is an alias
	for _, dir := range []string{"..", ".", "../sdk", "../backend"} {
		manifest := readJSON[struct{ Dependencies, DevDependencies, OptionalDependencies map[string]string }](t, dir, "package.json")
		for _, group := range []map[string]string{manifest.Dependencies, manifest.DevDependencies, manifest.OptionalDependencies} {
			for name, version := range group {
				if !exact.MatchString(version) {
					t.Errorf("%s: %s is %q, not one exact version", dir, name, version)
				}
			}
		}
		for path, locked := range readJSON[lock](t, dir, "package-lock.json").Packages {
			if path != "" && (!strings.HasPrefix(locked.Integrity, "sha512-") || locked.Resolved != "") {
				t.Errorf("%s: %s has the hash %q and names the registry %q", dir, path, locked.Integrity, locked.Resolved)
			}
		}
		installed(t, dir)
		cmd := exec.Command("npm", "ci", "--dry-run", "--offline", "--ignore-scripts")
		cmd.Dir = dir
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: npm ci: %v\n%s", dir, err, output)
		}
	}
}
