// Command reject lets a super-user reject a user.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/assembly"
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/zato"
)

func main() {
	boot.ServeHTTP(zato.Wire{}, func(rt *boot.Runtime) ([]gateway.Endpoint, error) {
		accounts, err := assembly.SSO(rt)
		return zato.Endpoint(rt.Settings, zato.Reject, zato.API{Accounts: accounts, Log: rt.Log}.Reject), err
	})
}
