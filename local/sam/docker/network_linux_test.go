package docker

import (
	"net"
	"testing"
)

func TestTakenNetworks(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1": true, "127.9.9.1": true, "203.0.113.1": false} {
		if taken, err := isTaken(net.ParseIP(address)); err != nil || taken != want {
			t.Errorf("%s: %v %v", address, taken, err)
		}
	}
}
