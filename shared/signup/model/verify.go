package model

import "slices"

func prepareBegun(w *World, r *Run) int {
	faults := malformedStrategy(r.Op.Input)
	if r.Op.Input.Strategy == "" {
		faults = []string{"form_param_missing strategy"}
	}
	if len(faults) > 0 {
		return r.refused(faults...)
	}
	if w.presented(r.Op) == "" {
		return r.refused(notFound)
	}
	return prepare(w, r)
}

func prepare(w *World, r *Run) int {
	handle := w.caller(r.Op)
	su := w.signUp(handle, r.Op.SignUp)
	if su == nil {
		r.refused(notFound)
		w.tell(r, handle, nil)
		return r.finish(2)
	}
	why := w.unsendable(su)
	if why == "" {
		var again bool
		if again, why = w.counted(r, su.Email); again {
			return 1
		}
	}
	if why != "" {
		r.refused(why)
		w.tell(r, handle, su)
		return r.finish(2)
	}
	c := w.State.Clients[handle]
	w.challenge(c.SignUp, r.Op.Input)
	w.store(handle, c)
	w.tell(r, handle, c.SignUp)
	return r.finish(2)
}

func attemptCounted(w *World, r *Run) int {
	switch strategy, code := r.Op.Input.Strategy, r.Op.Code; {
	case strategy == "":
		return r.refused("form_param_missing strategy")
	case strategy == emailLink:
		return r.refused("verification_strategy_invalid strategy")
	case strategy != emailCode:
		return r.refused("form_param_value_invalid strategy")
	case code == "":
		return r.refused("form_param_missing code")
	case len(code) != 6:
		return r.refused("form_param_format_invalid code")
	}
	if w.presented(r.Op) == "" {
		return r.refused(notFound)
	}
	r.crowded = !w.countSource(attempts, r.Op.Source, w.Rules.AttemptsPerSource)
	if w.Rules.AttemptsPerSource == 0 {
		return attempt(w, r)
	}
	return 1
}

// attempt counts a code before it is judged. The one that was counted last isn't
// counted again: it is the same request once more.
func attempt(w *World, r *Run) int {
	handle := w.caller(r.Op)
	su := w.signUp(handle, r.Op.SignUp)
	if why := w.untriable(su, r); why != "" {
		r.refused(why)
		w.tell(r, handle, su)
		return r.finish(3)
	}
	c := w.State.Clients[handle]
	if ch := su.Challenge; ch.counted != r.Op.Code || w.Rules.Mistake == CountsRepeats {
		if r.crowded && ch.Attempts > 0 && w.Now.Sub(c.changed) < w.Rules.SourceWindow {
			r.refused("too_many_requests")
			w.tell(r, handle, su)
			return r.finish(3)
		}
		ch.Attempts++
		ch.counted = r.Op.Code
		w.store(handle, c)
	}
	if su.Challenge.code != r.Op.Code {
		r.refused("form_code_incorrect code")
		w.tell(r, handle, su)
		return r.finish(3)
	}
	r.revision = c.revision
	return 2
}

// untriable is why no code may be tried on su, or "".
func (w *World) untriable(su *SignUp, r *Run) string {
	switch {
	case su == nil && r.crowded:
		return "too_many_requests"
	case su == nil:
		return notFound
	case su.proved():
		return proved + " email_address"
	case w.status(su) != "missing_requirements":
		return notUpdatable
	case su.Email == "":
		return nothingToSend
	case su.Challenge == nil:
		return "verification_not_sent email_address"
	}
	repeated := su.Challenge.counted == r.Op.Code
	switch w.challengeStatus(su.Challenge) {
	case "failed":
		if !repeated || !w.Now.Before(su.Challenge.ExpiresAt) {
			return "verification_failed code"
		}
	case "expired":
		return "verification_expired code"
	}
	return ""
}

// proveByCode acts on a right code, unless the client has changed since it was
// counted: then it is tried anew.
func proveByCode(w *World, r *Run) int {
	handle := w.caller(r.Op)
	c := w.State.Clients[handle]
	if c == nil || c.revision != r.revision {
		return 1
	}
	c = c.clone()
	if faults := w.prove(r, handle, c, emailCode, handle); len(faults) > 0 {
		r.refused(faults...)
	}
	w.tell(r, handle, c.SignUp)
	return r.finish(3)
}

// prove notes that by has met the challenge, and advances.
func (w *World) prove(r *Run, handle string, c *Client, strategy, by string) []string {
	ch := c.SignUp.Challenge
	ch.Strategy, ch.VerifiedAt, ch.VerifiedBy = strategy, w.Now, by
	return w.advance(r, handle, c, true)
}

func confirmLink(w *World, r *Run) int {
	r.Out.Link = "failed"
	about := w.links[r.Op.Link]
	su := w.signUp(about.client, about.signUp)
	if su == nil || su.Challenge == nil || !su.Challenge.Linked || su.Challenge.link != r.Op.Link {
		return done
	}
	same := w.caller(r.Op) == about.client
	r.Out.Link = w.followed(su, same)
	if r.Out.Link != "verified" {
		return done
	}
	c := w.State.Clients[about.client].clone()
	if !su.proved() {
		by := map[bool]string{true: about.client}[same]
		if faults := w.prove(r, about.client, c, emailLink, by); len(faults) > 0 {
			r.Out.Link = "failed"
		}
	}
	if !c.SignUp.CompletedAt.IsZero() {
		r.Out.Sessions = []string{c.SignUp.Handle}
	}
	if same && slices.ContainsFunc(c.Sessions, func(ref Ref) bool { return w.Now.Before(ref.Until) }) {
		r.Out.AuthAt = c.AuthChangedAt
	}
	if same && w.presented(r.Op) != c.token {
		r.Out.Token, r.Out.token = true, c.token
	}
	return done
}

// followed is what using the newest link of su comes to.
func (w *World) followed(su *SignUp, same bool) string {
	ch := su.Challenge
	status := w.challengeStatus(ch)
	foreign := !same && w.Rules.RequireSameClient && w.Rules.Mistake != SpendsForeigner
	switch {
	case status == "expired":
		return "expired"
	case status == "failed", status == "unverified" && w.status(su) != "missing_requirements":
		return "failed"
	case status == "unverified" && ch.HandsToApp:
		return "handed_over"
	case foreign && !ch.HandsToApp:
		return "client_mismatch"
	}
	return "verified"
}

func completeLink(w *World, r *Run) int {
	handle := w.caller(r.Op)
	su := w.signUp(handle, r.Op.SignUp)
	if why := w.unapproved(su, r.Op); why != "" {
		r.refused(why)
		w.tell(r, handle, su)
		return r.finish(1)
	}
	c := w.State.Clients[handle].clone()
	if faults := w.prove(r, handle, c, emailLink, handle); len(faults) > 0 {
		r.refused(faults...)
	}
	w.tell(r, handle, c.SignUp)
	return r.finish(1)
}

// unapproved is why a link's approval proves nothing for su, or "".
func (w *World) unapproved(su *SignUp, op Op) string {
	if su == nil || su.Challenge == nil || !su.Challenge.HandsToApp || op.Link == "" || su.Challenge.link != op.Link {
		return "approval_token_invalid"
	}
	if !op.Verifier {
		return "pkce_verification_failed code_verifier"
	}
	switch w.challengeStatus(su.Challenge) {
	case "verified":
		return "approval_token_consumed"
	case "expired":
		return "approval_token_expired"
	case "failed":
		return "verification_failed"
	}
	if w.status(su) != "missing_requirements" {
		return notUpdatable
	}
	return ""
}
