// Command list-keys lists the API keys of an account.
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
		return norman.Endpoint(rt.Settings, norman.ListKeys, norman.API{Accounts: accounts, Keys: keys}.ListKeys), err
	})
}
