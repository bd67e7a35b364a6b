// Command verify-reset sets a new password with what the mailed link carries.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/assembly/passwords"
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/deskree"
)

func main() {
	boot.ServeHTTP(deskree.Wire{}, func(rt *boot.Runtime) ([]gateway.Endpoint, error) {
		accounts, keys, err := passwords.Passwords(rt)
		return deskree.Endpoint(rt.Settings, deskree.VerifyReset, deskree.API{Accounts: accounts, Keys: keys}.VerifyReset), err
	})
}
