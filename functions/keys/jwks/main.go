// Command jwks returns the public keys that verify session tokens.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/clerk"
)

func main() {
	boot.ServeHTTP(clerk.Wire{}, func(rt *boot.Runtime) ([]gateway.Endpoint, error) {
		keys, err := rt.SigningKeys()
		return []gateway.Endpoint{{Operation: clerk.KeySet, Handler: clerk.PublicKeys(keys)}}, err
	})
}
