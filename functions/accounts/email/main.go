// Command email makes an account with an e-mail address.
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
		return norman.Endpoint(rt.Settings, norman.SignUpEmail, norman.API{Accounts: accounts, Keys: keys}.SignUpEmail), err
	})
}
