// Command dispatch tells the configured URLs of each new user. The table's stream wakes
// it for new users, a schedule for what couldn't be delivered yet, and an operator with
// {"replay":"<url>"} for what was given up.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/callback/dispatch"
)

func main() {
	boot.Serve(func(rt *boot.Runtime) (any, error) { return dispatch.New(rt) })
}
