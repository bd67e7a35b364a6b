// Command handshake sends a browser back to a server-rendered application with
// fresh session cookies for it.
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
		return []gateway.Endpoint{{Operation: clerk.Handshake, Handler: clerk.API{SignUps: service, Keys: keys}.Handshake}}, err
	})
}
