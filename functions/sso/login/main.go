// Command login logs in with a username and a password.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/assembly/passwords"
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/zato"
)

func main() {
	boot.ServeHTTP(zato.Wire{}, func(rt *boot.Runtime) ([]gateway.Endpoint, error) {
		accounts, err := passwords.SSO(rt)
		return zato.Endpoint(rt.Settings, zato.LogIn, zato.API{Accounts: accounts, Log: rt.Log}.LogIn), err
	})
}
