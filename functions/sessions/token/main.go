// Command token makes a new token of a session.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/assembly"
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/clerk"
)

func main() {
	boot.ServeHTTP(clerk.Wire{}, func(rt *boot.Runtime) ([]gateway.Endpoint, error) {
		service, keys, err := assembly.Sessions(rt)
		return []gateway.Endpoint{{Operation: clerk.CreateSessionToken, Handler: clerk.API{SignUps: service, Keys: keys}.CreateSessionToken}}, err
	})
}
