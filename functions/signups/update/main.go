// Command update adds or changes fields of an open sign-up.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/assembly/passwords"
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/clerk"
)

func main() {
	boot.ServeHTTP(clerk.Wire{}, func(rt *boot.Runtime) ([]gateway.Endpoint, error) {
		service, keys, err := passwords.SignUps(rt)
		return []gateway.Endpoint{{Operation: clerk.UpdateSignUp, Handler: clerk.API{SignUps: service, Keys: keys}.UpdateSignUp}}, err
	})
}
