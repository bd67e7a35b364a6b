// Command operator makes the first super-user, once. It has no route: whoever may invoke
// functions invokes it, with a file that holds {"username": "…", "password": "…"} so that
// the password is in no shell history, and is answered {"user_id": "…", "username": "…"}:
//
//	aws lambda invoke --function-name <its name> --cli-binary-format raw-in-base64-out --payload file://chief.json answer.json
//
// Its name is that of the stack's resource SsoOperatorFunction:
//
//	aws cloudformation describe-stack-resource --stack-name <stack> --logical-resource-id SsoOperatorFunction
package main

import (
	"github.com/doorstep-auth/doorstep/shared/assembly/passwords"
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/wire/zato"
)

func main() {
	boot.Serve(func(rt *boot.Runtime) (any, error) {
		accounts, err := passwords.SSO(rt)
		return zato.API{Accounts: accounts, Log: rt.Log}.FirstSuperUser, err
	})
}
