package settings

import (
	"strings"
	"time"
)

// Callbacks are the settings of the messages about new users.
type Callbacks struct {
	URLs        []string `json:"urls" doc:"Addresses that each new user is posted to, signed as Standard Webhooks has it; http is for the loopback host of a local run only."`
	Timeout     Duration `json:"timeout" doc:"How long one attempt may take."`
	GiveUpAfter Duration `json:"give_up_after" doc:"How long a message is tried. Then it is set aside, for 14 days, and can be replayed."`
}

// mostCallbacks is how many addresses there may be: each costs every new user some writes.
const mostCallbacks = 10

func defaultCallbacks() Callbacks {
	return Callbacks{URLs: []string{}, Timeout: Duration(15 * time.Second), GiveUpAfter: Duration(72 * time.Hour)}
}

func (k *Callbacks) check(c *check) {
	const key = "callbacks.urls"
	for i, address := range k.URLs {
		c.refuse(item(key, i), address, callbackFault(address))
	}
	c.distinct(key, k.URLs)
	c.accepts(key, "list of `https://…`")
	if len(k.URLs) > mostCallbacks {
		c.faults.add(key, "must have at most %d entries, has %d", mostCallbacks, len(k.URLs))
	}
	c.lasting("callbacks.timeout", k.Timeout, time.Second, 30*time.Second)
	c.lasting("callbacks.give_up_after", k.GiveUpAfter, time.Hour, 14*24*time.Hour)
}

func callbackFault(address string) string {
	if fault := pageFault(address); fault != "" {
		return fault
	}
	if strings.Contains(address, "#") {
		return "must not have a fragment"
	}
	return ""
}

// CheckDeployed refuses addresses that only a local run may have: messages without
// encryption, to the machine itself. The error is of type Faults.
func (k *Callbacks) CheckDeployed() error {
	var c check
	for i, address := range k.URLs {
		if strings.HasPrefix(address, "http:") {
			c.refuse(item("callbacks.urls", i), address, "must be https: http is for local runs only")
		}
	}
	return c.faults.err()
}
