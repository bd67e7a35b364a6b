// Command register-email mails a code to an address that shall become the account's.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/assembly/passwords"
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/norman"
)

func main() {
	boot.ServeHTTP(norman.Wire{}, func(rt *boot.Runtime) ([]gateway.Endpoint, error) {
		accounts, keys, err := passwords.Accounts(rt)
		return norman.Endpoint(rt.Settings, norman.RegisterEmail, norman.API{Accounts: accounts, Keys: keys}.RegisterEmail), err
	})
}
