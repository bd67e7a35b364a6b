package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/table"
)

const dataModelIntro = `# Data model

One DynamoDB table holds everything. Its key is ` + "`pk`/`sk`" + `; ` + "`ttl`" + ` is when DynamoDB may delete an item, and readers check
expiry themselves. Every item says its type (` + "`ty`" + `) and the version of its layout (` + "`iv`" + `). Identifiers are unique because a
claim is put only if it doesn't exist, in the transaction that makes its user. There is no index and no scan.

No code, link, token or key can be recovered from the table: codes, links and client tokens are derived from nonces under
a key that the table doesn't hold.

## Items

`

func dataModelPage() ([]byte, error) {
	var page bytes.Buffer
	page.WriteString(dataModelIntro)
	for _, e := range table.Entities() {
		fmt.Fprintf(&page, "### %s\n\n`%s` — %s\n\n| attribute | meaning |\n| --- | --- |\n", e.Type, e.Key, e.About)
		for _, a := range e.Attributes {
			fmt.Fprintf(&page, "| `%s` | %s |\n", a.Name, cell(a.Meaning))
		}
		page.WriteString("\n")
	}
	page.WriteString("## Access patterns\n\nEvery request that is ever sent; a test holds each method of package table to its row.\n\n" +
		"| method | request | items | condition | cost |\n| --- | --- | --- | --- | --- |\n")
	for _, p := range table.Patterns() {
		items := "`" + strings.Join(p.Items, "`, `") + "`"
		fmt.Fprintf(&page, "| %s | %s | %s | %s | %s |\n", p.Method, p.Request, items, code(p.Condition), p.Cost)
	}
	return page.Bytes(), nil
}

// code is text in a table cell as code, or nothing.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(text, "|", `\|`) + "`"
}
