// Command npm sends browsers to the CDN from which they load the SDK's scripts.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/clerk"
)

func main() {
	boot.ServeHTTP(clerk.Wire{}, func(rt *boot.Runtime) ([]gateway.Endpoint, error) {
		return []gateway.Endpoint{{Operation: clerk.GetSDKFile, Handler: clerk.SDKFile(rt.Settings)}}, nil
	})
}
