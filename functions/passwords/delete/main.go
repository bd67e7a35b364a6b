// Command delete deletes the caller's account.
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
		return deskree.Endpoint(rt.Settings, deskree.DeleteAccount, deskree.API{Accounts: accounts, Keys: keys}.DeleteAccount), err
	})
}
