// Package flows_test runs whole sign-ups over HTTP against the built functions: each file in scripts/ is a transcript. A script's settings.json is the
// settings document of its stack; scripts with the same one share a stack, so each keeps to addresses and names of its own.
//
// Besides testscript's own commands there are
//
//	client NAME [native]         who calls from now on: a browser with a cookie jar, or an app with a token in the Authorization header
//	get|post|put|patch|delete|options PATH [-type=T] [-text=BODY] [-json=BODY] [-size=N] [NAME=VALUE | NAME%=ENCODED]...
//	                             sends a request; a form of the fields, the body as it is, or a field of N bytes
//	with HEADER VALUE            adds a header to the next request
//	status N                     the answer's status
//	json PATH VALUE              a member of the answer: text as it is, anything else as JSON; `json response.x.len N` is a list's length
//	! json PATH                  the answer hasn't the member
//	let NAME PATH                keeps a member of the answer as $NAME
//	error CODE [PARAM]           the answer is this one error
//	errors CODE[:PARAM]...       the answer is these errors, in any order
//	header NAME [VALUE]          the answer's header; ! header NAME: it has none
//	cookie NAME [VALUE]          the answer sets the cookie
//	mail ADDRESS                 waits for a new mail to the address: prints it, sets $code and $wrong1 to $wrong6, which aren't the code, and $link;
//	                             if a link leads to an application's page, what its query has instead, such as $oobCode and $uid
//	notice ADDRESS               waits for a new mail to the address that has neither code nor link, and prints it
//	redirect PARAM [VALUE]       the answer is a 303 whose target has the parameter, kept as $PARAM
//	! mail ADDRESS               no new mail has come, and none is on its way
//	mails N ADDRESS              so many mails have come in all, and none is on its way
//	operator                     keeps the operator key as $operator
//	once FUNCTION JSON           invokes a function on an event and prints the answer; with ! it must fail
//	told PATH TEXT               waits for a callback with the text at a receiver, verifies and prints it; ! told: none has come
//	settle                       waits until nothing that is due is unsent
//	tamper HOW                   spoils the client's token: flip, cut or forge
//	repeat NAME N TEXT           sets $NAME to TEXT N times
//	pause DURATION               waits
//	start FILE                   starts a stack on a settings document and stops it; with ! it must fail, and its one line is printed
//
// Every answer must be below 500 and every error in the wire's envelope, with CORS. While the scripts run, what the functions print and which calls they
// make are kept, and judged at the end: see TestR13R59Flows.
//
// Some people meet a fate that their address's domain tells: refused.example, throttled.example, lost.example and busy.example (see proxy_test.go and
// faults_test.go).
package flows_test
