// Command not-found answers whatever no other route takes.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/clerk"
)

func main() {
	boot.ServeHTTP(clerk.Wire{}, func(*boot.Runtime) ([]gateway.Endpoint, error) {
		return []gateway.Endpoint{{Operation: clerk.NotFound, Handler: clerk.Nothing}}, nil
	})
}
