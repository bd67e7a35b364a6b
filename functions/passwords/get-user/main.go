// Command get-user shows the caller's user object, and refuses to make or delete one.
package main

import (
	"slices"

	"github.com/doorstep-auth/doorstep/shared/assembly"
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/deskree"
)

func main() {
	boot.ServeHTTP(deskree.Wire{}, func(rt *boot.Runtime) ([]gateway.Endpoint, error) {
		accounts, keys, err := assembly.Passwords(rt)
		api := deskree.API{Accounts: accounts, Keys: keys}
		return slices.Concat(
			deskree.Endpoint(rt.Settings, deskree.GetUser, api.GetUser),
			deskree.Endpoint(rt.Settings, deskree.CreateUser, api.CreateUser),
			deskree.Endpoint(rt.Settings, deskree.DeleteUser, api.DeleteUser),
		), err
	})
}
