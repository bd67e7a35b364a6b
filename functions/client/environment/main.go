// Command environment returns what the instance asks for.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/clerk"
)

func main() {
	boot.ServeHTTP(clerk.Wire{}, func(rt *boot.Runtime) ([]gateway.Endpoint, error) {
		return []gateway.Endpoint{{Operation: clerk.GetEnvironment, Handler: clerk.Environment(rt.Settings)}}, nil
	})
}
