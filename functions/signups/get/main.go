// Command get returns a sign-up as it stands.
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
		return []gateway.Endpoint{{Operation: clerk.GetSignUp, Handler: clerk.API{SignUps: service, Keys: keys}.GetSignUp}}, err
	})
}
