// Package model tells a second time, as plainly as it can, what a sign-up does, in
// steps or in one call, and what becomes of the users and sessions that it yields: the
// reference that random sequences of operations are compared with. It shares no code with what it judges and imports the
// standard library only, so that a mistake has to be made twice to go unseen. Nothing
// but tests uses it.
//
// A World is everything there is. An Op is what a caller asks for; Begin makes it a
// Run, whose steps are its effects, one after the other. Taking all steps is the
// operation undisturbed (Apply), taking some is one that died on the way (Cut), and
// mixing the steps of two is what may come of both at once (Together).
//
// To add an operation: its Kind and what it takes in Op, its steps in the table
// operations, one for each write, and what can be seen of its state in State, with
// what may never be so, or never become so, in Faults and FaultsSince. What changes a
// user has its effect in changes; the other steps of the doors' operations are shared.
// In the tests, signingUp, holdingSessions or atDoors draws it, service.send, sendSession
// or sendDoor sends it and view.add reads what it stores. A bug or two of its own in bugs
// show that it is looked at.
package model
