package model

import "slices"

const badRefresh = "refresh_token_invalid"

// readRefreshed reads the session that a refresh token names. The one before the newest
// is still taken for a while, and leads to the same next one.
func readRefreshed(w *World, r *Run) int {
	if !w.State.alive(r.Op.Session, w.Now) {
		return r.refused(badRefresh)
	}
	r.about = seen{r.Op.Session, *w.State.Sessions[r.Op.Session]}
	if hold := w.State.Users[r.about.User].hold(); hold != "" {
		return r.refused("user_held " + hold)
	}
	if r.Op.Generation == r.about.Generation-1 && (w.Now.Before(r.about.GraceUntil) || w.Rules.Mistake == TakesOld) {
		w.tellSession(r, r.about.User, r.Op.Session)
		return done
	}
	return atSave
}

// rotate moves the session on to its next token. An older token than that before the
// newest has been used by two: the session ends.
func rotate(w *World, r *Run) int {
	if r.Op.Generation != r.about.Generation {
		if w.Rules.Mistake != SharesSessions {
			delete(w.State.Sessions, r.Op.Session)
		}
		return r.refused(badRefresh)
	}
	stored := w.State.Sessions[r.Op.Session]
	if stored == nil || stored.Generation != r.about.Generation {
		return 0
	}
	stored.Generation++
	stored.GraceUntil, stored.LastActive, stored.IdleUntil = w.Now.Add(w.Rules.RefreshGrace), w.Now, w.Now.Add(w.Rules.IdleLife)
	if stored.IdleUntil.After(stored.ExpiresAt) {
		stored.IdleUntil = stored.ExpiresAt
	}
	w.tellSession(r, stored.User, r.Op.Session)
	return done
}

// listLeft reads what is the user's beside its identifiers.
func listLeft(w *World, r *Run) int {
	r.left = nil
	for handle, session := range w.State.Sessions {
		if session.User == r.holder {
			r.left = append(r.left, handle)
		}
	}
	for handle, key := range w.State.Keys {
		if key.User == r.holder {
			r.left = append(r.left, handle)
		}
	}
	slices.Sort(r.left)
	return atAfter
}

// deleteUser removes the user with what was read, and frees its identifiers.
func deleteUser(w *World, r *Run) int {
	if !w.unmoved(r, r.user) {
		return atReread
	}
	for _, key := range identifiers(r.user.Email, r.user.Username) {
		delete(w.State.Claims, key)
	}
	for _, handle := range r.left {
		delete(w.State.Sessions, handle)
		delete(w.State.Keys, handle)
	}
	delete(w.State.Users, r.holder)
	w.State.Gone[r.holder] = true
	return done
}
