// Command roles lists the roles that the application knows.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/assembly"
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/deskree"
)

func main() {
	boot.ServeHTTP(deskree.Wire{}, func(rt *boot.Runtime) ([]gateway.Endpoint, error) {
		accounts, keys, err := assembly.Passwords(rt)
		return deskree.Endpoint(rt.Settings, deskree.GetRoles, deskree.API{Accounts: accounts, Keys: keys}.GetRoles), err
	})
}
