// Command get returns a session of the calling client.
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
		return []gateway.Endpoint{{Operation: clerk.GetSession, Handler: clerk.API{SignUps: service, Keys: keys}.GetSession}}, err
	})
}
