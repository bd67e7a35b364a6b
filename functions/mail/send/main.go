// Command send mails what the table's stream says is due. It is the only
// function that may send mail.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/outbox"
)

func main() { boot.ServeStream(outbox.New) }
