// Command preflight answers the CORS preflight of a page.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/clerk"
)

func main() {
	boot.ServeHTTP(clerk.Wire{}, func(*boot.Runtime) ([]gateway.Endpoint, error) {
		return []gateway.Endpoint{{Operation: clerk.Preflight, Handler: clerk.Preflighted}}, nil
	})
}
