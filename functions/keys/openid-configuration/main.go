// Command openid-configuration returns who issues the tokens and where its keys are.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/clerk"
)

func main() {
	boot.ServeHTTP(clerk.Wire{}, func(rt *boot.Runtime) ([]gateway.Endpoint, error) {
		return []gateway.Endpoint{{Operation: clerk.OpenIDConfiguration, Handler: clerk.Discovery(rt.Settings)}}, nil
	})
}
