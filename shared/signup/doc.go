// Package signup is the domain of Doorstep: how a person, over several requests
// in any order, becomes a user with a session. It knows nothing of HTTP or AWS.
//
// A [SignUp] collects facts. [Require] says, as a pure function of the settings
// and those facts, what is still missing or unproved. The operations of
// [Service] change facts and then call its one advance, which saves the sign-up
// or, when nothing is missing, completes it: user, identifier claims, session
// and the consumed sign-up come into being in one transaction, or not at all.
//
// Errors that a caller may see are declared in package problem; any other error
// is a fault of ours.
package signup
