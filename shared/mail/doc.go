// Package mail writes and sends the mails of Doorstep.
//
// Each mail is a Go type, such as [VerificationCode], with a pair of templates
// (text and HTML) and its texts in every language. A [Renderer] makes a [Message]
// of it, a [Sender] hands the message over, and the [Dispatcher] does both for
// the mails that the table's stream says are due: at least once, and a mail that
// is sent twice carries the same code.
//
// A mail holds nothing that a caller typed, so that nobody can send words or
// links of their own to strangers; and nothing remote, so that reading it tells
// nobody. Its one link, if it has one, is the instance's own or leads to a page of the
// application's that the settings name.
package mail
