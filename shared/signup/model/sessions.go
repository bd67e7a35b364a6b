package model

import (
	"slices"
	"strconv"
)

const (
	notSignedIn = "authentication_invalid"
	signedOut   = "signed_out"
)

// begin makes a session of user, which is from now on what c, called client, is active with.
func (w *World) begin(session, user, client string, c *Client) seen {
	made := Session{
		Client: client, User: user, Version: w.State.Users[user].Version, CreatedAt: w.Now, LastActive: w.Now,
		IdleUntil: w.Now.Add(w.Rules.IdleLife), ExpiresAt: w.Now.Add(w.Rules.SessionLife),
	}
	own := made
	w.State.Sessions[session] = &own
	c.Sessions = append(c.Sessions, Ref{session, user, made.ExpiresAt})
	c.Active, c.AuthChangedAt = session, w.Now
	return seen{session, made}
}

func signIn(w *World, r *Run) int {
	handle := w.caller(r.Op)
	if handle != "" {
		c := w.State.Clients[handle]
		for n := range r.Op.Many {
			w.begin("p"+strconv.Itoa(r.Op.Serial)+"."+strconv.Itoa(n), r.Op.SignUp, handle, c)
		}
		w.store(handle, c)
	}
	w.tell(r, handle, nil)
	return r.finish(1)
}

// The steps of what is done to sessions. Whatever somebody else was faster at begins anew.
const (
	atReading  = 0
	atSessions = 1
	atEffect   = 2 // first of an operation's own
	atSearch   = 3
	atRevoking = 4
)

func readHolder(w *World, r *Run) int {
	w.readCaller(r)
	switch {
	case r.read.client != nil:
		return atSessions
	case r.Op.Kind == EndSessions:
		return done // a caller who is nobody has nothing to end
	}
	return r.refused(notSignedIn)
}

// readSessions reads the client's live sessions, and finds the one that it is about.
func readSessions(w *World, r *Run) int {
	c, refs, why := r.read.client, r.read.client.Sessions, ""
	if r.Op.Kind == UseSession { // which reads that one alone
		refs = slices.DeleteFunc(slices.Clone(refs), func(ref Ref) bool { return ref.Session != r.Op.Session })
	}
	r.live = w.liveOf(refs, r.read.handle)
	switch r.Op.Kind {
	case EndSessions:
		return atEffect
	case Me:
		r.about, why = r.signedIn(c, r.Op.Session)
	case UserSessions, RevokeSession:
		r.about, why = r.signedIn(c, r.Op.By)
	default:
		r.about, why = r.find(c, r.Op.Session)
	}
	switch {
	case why != "":
		r.refused(why)
		return w.inform(r, c)
	case r.Op.Kind == GetSession, r.Op.Kind == Me:
		return w.inform(r, c)
	case r.Op.Kind == RevokeSession && !slices.ContainsFunc(r.live, func(s seen) bool { return r.revokes(s) }):
		return atSearch
	}
	return atEffect
}

// find is the live session called handle, or why there is none. One that was c's own is over.
func (r *Run) find(c *Client, handle string) (session seen, why string) {
	for _, session := range r.live {
		if session.handle == handle {
			return session, ""
		}
	}
	if c.Names(handle) {
		return session, signedOut
	}
	return session, notFound
}

// signedIn is the session as whose user c acts: handle, or the one that stands for it.
func (r *Run) signedIn(c *Client, handle string) (seen, string) {
	if handle == "" {
		handle = c.standing(r.live)
	}
	session, why := r.find(c, handle)
	if why != "" {
		why = notSignedIn
	}
	return session, why
}

// revokes says that s is the session to be revoked, of the user who asks for it.
func (r *Run) revokes(s seen) bool { return s.handle == r.Op.Session && s.User == r.about.User }

// inform ends a run that tells of c and of its sessions as they were read.
func (w *World) inform(r *Run, c *Client) int {
	r.Out.Client = r.read.handle
	r.tellLive(c)
	if r.Out.Faults == nil && r.Op.Kind != EndSessions {
		r.Out.Session, r.Out.Idle = r.about.handle, r.about.IdleUntil
	}
	if w.presented(r.Op) != c.token {
		r.Out.Token, r.Out.token = true, c.token
	}
	return done
}

// noteUse moves the session's idle limit, unless that was done a short while ago.
func noteUse(w *World, r *Run) int {
	if w.Now.Sub(r.about.LastActive) >= min(w.Rules.UseNotedEvery, w.Rules.IdleLife/10) {
		used := r.about
		used.LastActive, used.IdleUntil = w.Now, w.Now.Add(w.Rules.IdleLife)
		if used.IdleUntil.After(used.ExpiresAt) && w.Rules.Mistake != OutlivesItself {
			used.IdleUntil = used.ExpiresAt
		}
		stored := w.State.Sessions[used.handle]
		if stored == nil {
			return atReading
		}
		stored.LastActive, stored.IdleUntil = used.LastActive, used.IdleUntil
		r.about, r.live = used, slices.Clone(r.live)
		r.live[slices.IndexFunc(r.live, func(s seen) bool { return s.handle == used.handle })] = used
	}
	if r.Op.Kind == TouchSession && r.read.client.Active != r.about.handle {
		return atEffect + 1
	}
	return w.inform(r, r.read.client)
}

// activate makes the session the active one.
func activate(w *World, r *Run) int {
	if w.moved(r.read.handle, r.read.client) {
		return atReading
	}
	c := r.read.client.clone()
	if w.Rules.Mistake != StaysActive {
		c.Active = r.about.handle
	}
	w.store(r.read.handle, c)
	return w.inform(r, c)
}

// end ends one session, or all. Another live one becomes active.
func end(w *World, r *Run) int {
	c := r.read.client.clone()
	ends := func(ref Ref) bool { return r.Op.Kind == EndSessions || ref.Session == r.Op.Session }
	if !slices.ContainsFunc(c.Sessions, ends) {
		return w.inform(r, c)
	}
	if w.moved(r.read.handle, r.read.client) {
		return atReading
	}
	for _, ref := range c.Sessions {
		if ends(ref) {
			delete(w.State.Sessions, ref.Session)
		}
	}
	c.Sessions = slices.DeleteFunc(c.Sessions, ends)
	c.Active, c.AuthChangedAt = c.standing(r.live), w.Now
	w.store(r.read.handle, c)
	if at := slices.IndexFunc(r.live, func(s seen) bool { return s.handle == r.Op.Session }); at >= 0 {
		r.about = r.live[at]
	}
	return w.inform(r, c)
}

// list tells all live sessions of the user.
func list(w *World, r *Run) int {
	for handle, session := range w.State.Sessions {
		if session.User == r.about.User && w.State.alive(handle, w.Now) {
			r.Out.Listed = append(r.Out.Listed, handle)
		}
	}
	slices.Sort(r.Out.Listed)
	return w.inform(r, r.read.client)
}

// search looks for the session to be revoked among the user's on other clients.
func search(w *World, r *Run) int {
	session := w.State.Sessions[r.Op.Session]
	mine := session != nil && (session.User == r.about.User || w.Rules.Mistake == RevokesAnybodys)
	if !mine || !w.State.alive(r.Op.Session, w.Now) {
		r.refused(notFound)
		return w.inform(r, r.read.client)
	}
	r.about = seen{r.Op.Session, *session}
	return atRevoking
}

// revoke ends a session behind the back of its client.
func revoke(w *World, r *Run) int {
	delete(w.State.Sessions, r.Op.Session)
	return w.inform(r, r.read.client)
}
