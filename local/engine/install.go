package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// ErrNotInstalled says that the engines' npm packages aren't there.
var ErrNotInstalled = errors.New("the local engines aren't installed: run `make test` or `make run` once, which install them")

// dynoxideVersion is the one in local/package.json; other platforms' packages, which the lock file can't name, are asked for at the same version.
const dynoxideVersion = "1.2.1"

// stampFile, in node_modules, holds the hash of the lock file that was installed.
const stampFile = ".doorstep-lock"

// FindRoot returns the module's root: dir or the nearest directory above it that has a go.mod.
func FindRoot(dir string) (string, error) {
	start := dir
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no go.mod in %s or above it", start)
		}
		dir = parent
	}
}

// Installed says whether the engines of the module at root are there, at the versions of its lock file.
func Installed(root string) bool {
	want, err := lockHash(root)
	if err != nil {
		return false
	}
	have, err := os.ReadFile(filepath.Join(root, "local", "node_modules", stampFile))
	if err != nil || string(have) != want {
		return false
	}
	_, err = os.Stat(dynoxidePath(root))
	return err == nil
}

// Install gets the engines' npm packages when they are missing or the lock file has changed. The error has npm's own last lines, or says that node
// and npm are needed.
func Install(ctx context.Context, root string) error {
	if Installed(root) {
		return nil
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return errors.New("the local engines come from npm: install Node.js 20 or newer, which brings npm")
	}
	if err := npm(ctx, root, "ci", "--no-audit", "--no-fund"); err != nil {
		return err
	}
	if _, err := os.Stat(dynoxidePath(root)); err != nil {
		// This platform's package isn't in the lock file.
		if err := npm(ctx, root, "install", "--no-save", "--no-audit", "--no-fund", dynoxidePackage()+"@"+dynoxideVersion); err != nil {
			return err
		}
	}
	hash, err := lockHash(root)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "local", "node_modules", stampFile), []byte(hash), 0o644)
}

func npm(ctx context.Context, root string, args ...string) error {
	cmd := exec.CommandContext(ctx, "npm", args...)
	cmd.Dir = filepath.Join(root, "local")
	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("npm %s in local/: %w\n%s", strings.Join(args, " "), err, output)
	}
	return nil
}

func lockHash(root string) (string, error) {
	lock, err := os.ReadFile(filepath.Join(root, "local", "package-lock.json"))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	return hex.EncodeToString(sum[:]), nil
}

// dynoxidePackage is the npm name of this platform's dynoxide: npm calls the architectures and systems by Node's names.
func dynoxidePackage() string {
	arch := map[string]string{"amd64": "x64"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	return "@dynoxide/" + runtime.GOOS + "-" + arch
}

func dynoxidePath(root string) string {
	return filepath.Join(root, "local", "node_modules", filepath.FromSlash(dynoxidePackage()), "dynoxide")
}
