package model

import (
	"strconv"
	"strings"
	"time"
)

// session is the handle of the one that signing in makes.
func (r *Run) session() string { return "p" + strconv.Itoa(r.Op.Serial) + ".0" }

func signInCounted(w *World, r *Run) int { return sourceCounted(w, r) }

// signInLimited notes one more try for an account, whether or not there is one.
func signInLimited(w *World, r *Run) int {
	subject := r.Op.User
	if r.Op.Input.Email != "" {
		subject = mailbox(r.Op.Input.Email)
	} else if r.Op.Input.Username != "" {
		subject = usernameKey(r.Op.Input.Username)
	}
	if !w.countShared(signIns, subject, r.Op.Source, limit{w.Rules.SignInsPerHour, time.Hour}) {
		return r.refused("sign_in_rate_limit_exceeded")
	}
	if w.Rules.SignInsPerHour == 0 {
		return readHolders(w, r)
	}
	return atHolder
}

// judgePassword compares the password with that of whoever was found.
func judgePassword(w *World, r *Run) int {
	w.readUser(r, r.holder)
	switch {
	case r.user == nil || r.user.Password == "":
		return w.refuseSignIn(r, unknownAccount)
	case !strings.HasPrefix(r.user.Password, r.Op.Input.Password+"@"):
		return w.refuseSignIn(r, "password_incorrect")
	}
	r.rehash = r.user.Password != w.hashed(r.Op.Input.Password)
	if r.user.remindable() {
		r.was = r.user
		return atSave // which mails the link again
	}
	return atAfter
}

// refuseSignIn says why, where that is told.
func (w *World) refuseSignIn(r *Run, why string) int {
	if w.Rules.Tells {
		return r.refused(why)
	}
	return r.refused(badCredentials)
}

// openSession begins a session of the user as it was read, and stores the password's new hash with it.
func openSession(w *World, r *Run) int {
	if hold := r.user.hold(); hold != "" {
		return r.refused("user_held " + hold)
	}
	if r.rehash {
		r.rehash = false
		u := r.user.clone()
		u.Password = w.hashed(r.Op.Input.Password)
		if !w.unmoved(r, r.user) {
			r.user = u
			return atAfter
		}
		u.revision++
		w.State.Users[r.holder] = u
		r.user = u
	}
	w.tellSession(r, r.holder, w.openFor(r.session(), r.holder, r.user))
	return done
}

func readKey(w *World, r *Run) int {
	key := w.State.Keys[r.Op.Key]
	if key == nil || w.State.Users[key.User] == nil || w.State.Users[key.User].Version != key.Version {
		return r.refused(badCredentials)
	}
	w.readUser(r, key.User)
	r.noting = w.Now.Sub(key.UsedAt) >= 24*time.Hour
	return atAfter
}

// openWithKey opens the session and, once a day, notes the use, in an order that nobody promises.
func openWithKey(w *World, r *Run) int {
	if r.noting && r.last == (r.Out.Session != "" || r.Out.Faults != nil) {
		r.noting = false
		if key := w.State.Keys[r.Op.Key]; key != nil {
			key.UsedAt = w.Now
		}
		if r.last {
			return done
		}
		return atAfter
	}
	openSession(w, r)
	if r.noting {
		return atAfter
	}
	return done
}

func readBare(w *World, r *Run) int {
	w.readUser(r, r.Op.User)
	if r.user == nil || !r.user.anonymous() {
		return r.refused(badCredentials)
	}
	return atAfter
}
