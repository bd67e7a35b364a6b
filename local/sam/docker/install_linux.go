package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// install gets the engine, the docker command and a static busybox from Debian's or Ubuntu's packages when one of them is missing.
func install(ctx context.Context, say func(string)) error {
	packages := missing()
	if len(packages) == 0 {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("%s must be installed, and there is no apt-get to do it", strings.Join(packages, " and "))
	}
	say("installing " + strings.Join(packages, " and ") + " (once)")
	if err := aptGet(ctx, "update", "-qq"); err != nil {
		return err
	}
	if err := aptGet(ctx, append([]string{"install", "-y", "-qq", "--no-install-recommends"}, packages...)...); err != nil {
		return err
	}
	if _, err := exec.LookPath("docker"); err != nil {
		// Newer releases have the command in a package of its own.
		if err := aptGet(ctx, "install", "-y", "-qq", "--no-install-recommends", "docker-cli"); err != nil {
			return err
		}
	}
	if left := missing(); len(left) > 0 {
		return errors.New("the installed packages don't bring what was expected of " + strings.Join(left, " and "))
	}
	return nil
}

// missing are the packages to be installed.
func missing() []string {
	var packages []string
	_, noDaemon := exec.LookPath("dockerd")
	_, noCommand := exec.LookPath("docker")
	if noDaemon != nil || noCommand != nil {
		packages = append(packages, "docker.io")
	}
	if _, err := findBusybox(); err != nil {
		packages = append(packages, "busybox-static")
	}
	return packages
}

func aptGet(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", strings.Join(args, " "), err, strings.TrimSpace(string(output)))
	}
	return nil
}
