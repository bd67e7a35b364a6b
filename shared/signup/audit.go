package signup

import "time"

// Attempt is the record of one call, however it ended. It holds no secret: neither
// what was tried nor what was given out.
type Attempt struct {
	CID         string    // the call's, lower-case hex; never empty
	Operation   string    // such as sso/login
	Application string    // known one that the call came from, or empty
	Source      string    // IP address that the call came from
	Claimed     string    // IP address that a trusted caller called for, or empty
	Outcome     string    // ok, or a code that says why not
	Told        string    // the code that the caller was told instead, or empty
	User        string    // whom it was about, as the wire shows users, or empty
	At          time.Time // to the millisecond
	KeepUntil   time.Time
}
