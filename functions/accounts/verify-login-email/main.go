// Command verify-login-email signs in with a mailed code.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/assembly"
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/norman"
)

func main() {
	boot.ServeHTTP(norman.Wire{}, func(rt *boot.Runtime) ([]gateway.Endpoint, error) {
		accounts, keys, err := assembly.Accounts(rt)
		return norman.Endpoint(rt.Settings, norman.VerifyLogInEmail, norman.API{Accounts: accounts, Keys: keys}.VerifyLogInEmail), err
	})
}
