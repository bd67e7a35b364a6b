package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"time"
)

// A network is a bridge that containers are connected to; its address is this machine's in it.
type network struct {
	bridge string // empty: there is none
}

// most is how many engines of ours may run on one machine.
const most = 100

// addNetwork makes a bridge with an address that no other network of this machine has. Not docker0, which belongs to the machine's own Docker.
func addNetwork(ctx context.Context) (network, error) {
	var failed error
	for i := range most {
		address := net.IPv4(172, 30, byte(100+i), 1)
		if taken, err := isTaken(address); taken || err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		n := network{bridge: fmt.Sprintf("doorstep%d", i)}
		if err := ip(ctx, "link", "add", "name", n.bridge, "type", "bridge"); err != nil {
			failed = err
			continue
		}
		err := ip(ctx, "addr", "add", address.String()+"/24", "dev", n.bridge)
		if err == nil {
			err = ip(ctx, "link", "set", n.bridge, "up")
		}
		if err == nil {
			return n, nil
		}
		return network{}, errors.Join(err, n.remove())
	}
	return network{}, fmt.Errorf("no network could be made for the containers: %w", failed)
}

// isTaken says whether the machine has an address in address's /24 already.
func isTaken(address net.IP) (bool, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return false, err
	}
	mine := net.IPNet{IP: address.Mask(net.CIDRMask(24, 32)), Mask: net.CIDRMask(24, 32)}
	for _, other := range all {
		if n, ok := other.(*net.IPNet); ok && (n.Contains(address) || mine.Contains(n.IP)) {
			return true, nil
		}
	}
	return false, nil
}

func (n network) remove() error {
	if n.bridge == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return ip(ctx, "link", "del", n.bridge)
}

// ip is busybox's: iproute2's isn't on every machine.
func ip(ctx context.Context, args ...string) error {
	busybox, err := findBusybox()
	if err != nil {
		return err
	}
	output, err := exec.CommandContext(ctx, busybox, append([]string{"ip"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(output)))
	}
	return nil
}
