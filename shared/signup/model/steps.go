package model

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

const (
	notFound      = "resource_not_found"
	notUpdatable  = "sign_up_cannot_be_updated"
	taken         = "form_identifier_exists"
	proved        = "verification_already_verified"
	nothingToSend = "verification_missing email_address"
	tooSoon       = "verification_code_too_many_requests"
	tooManyMails  = "mail_rate_limit_exceeded email_address"
)

func readClient(w *World, r *Run) int {
	w.tell(r, w.caller(r.Op), nil)
	return r.finish(1)
}

func ensureClient(w *World, r *Run) int {
	handle := w.caller(r.Op)
	if handle == "" {
		var c *Client
		handle, c = w.newClient(r.Op)
		w.store(handle, c)
	}
	w.tell(r, handle, nil)
	return r.finish(1)
}

func deleteClient(w *World, r *Run) int {
	handle := w.caller(r.Op)
	if handle == "" {
		return done
	}
	for _, ref := range w.State.Clients[handle].Sessions {
		delete(w.State.Sessions, ref.Session)
	}
	delete(w.State.Clients, handle)
	r.Out.Client = handle
	return done
}

func get(w *World, r *Run) int {
	handle := w.caller(r.Op)
	su := w.signUp(handle, r.Op.SignUp)
	w.tell(r, handle, su)
	if su == nil {
		r.refused(notFound)
	}
	return r.finish(1)
}

// signUp is the sign-up of client that is called handle, or nil.
func (w *World) signUp(client, handle string) *SignUp {
	c := w.State.Clients[client]
	if c == nil || c.SignUp == nil || c.SignUp.Handle != handle {
		return nil
	}
	return c.SignUp
}

// malformed is what is wrong with the input of r in itself.
func malformed(in Input) (faults []string) {
	if in.Email != "" && !strings.Contains(in.Email, "@") {
		faults = append(faults, "form_param_format_invalid email_address")
	}
	if in.Username != "" && len(in.Username) < 4 {
		faults = append(faults, "form_username_invalid_length username")
	}
	return append(faults, malformedStrategy(in)...)
}

func malformedStrategy(in Input) []string {
	switch {
	case in.Strategy == emailLink && !in.Redirect:
		return []string{"form_param_missing redirect_url"}
	case in.Strategy != "" && in.Strategy != emailCode && in.Strategy != emailLink:
		return []string{"form_param_value_invalid strategy"}
	}
	return nil
}

func createBegun(w *World, r *Run) int {
	if faults := malformed(r.Op.Input); len(faults) > 0 {
		return r.refused(faults...)
	}
	if !w.countSource(creates, r.Op.Source, w.Rules.CreatesPerSource) {
		return r.refused("signup_rate_limit_exceeded")
	}
	if w.Rules.CreatesPerSource == 0 {
		return readOne(w, r)
	}
	return 1
}

func updateBegun(w *World, r *Run) int {
	if w.presented(r.Op) == "" {
		return r.refused(notFound)
	}
	if faults := malformed(r.Op.Input); len(faults) > 0 {
		return r.refused(faults...)
	}
	return readOne(w, r)
}

// readOne and readOther read the client and the claims, in an order that nobody promises.
func readOne(w *World, r *Run) int {
	if r.claimsFirst {
		w.readClaims(r)
		return 2
	}
	w.readCaller(r)
	if len(identifiers(r.Op.Input.Email, r.Op.Input.Username)) == 0 {
		return 3
	}
	return 2
}

func readOther(w *World, r *Run) int {
	if r.claimsFirst {
		w.readCaller(r)
	} else {
		w.readClaims(r)
	}
	return 3
}

func (w *World) readCaller(r *Run) {
	r.read = &read{handle: w.caller(r.Op)}
	if c := w.State.Clients[r.read.handle]; c != nil {
		r.read.client = c.clone()
	}
}

// readClaims looks up who holds what the input names. Without proof to come, an
// unverified claim is held against it as well.
func (w *World) readClaims(r *Run) {
	r.held = map[string]bool{}
	for _, key := range identifiers(r.Op.Input.Email, r.Op.Input.Username) {
		claim, exists := w.State.Claims[key]
		unasked := w.Rules.KeepsQuiet && kindOf(key) == "email_address" && !r.Op.Lax
		r.held[key] = exists && !unasked && (claim.Verified || kindOf(key) == "email_address" && r.Op.Lax)
	}
}

// reread is what a refused Create or Update tells of: the client as it is by then.
func reread(w *World, r *Run) int {
	w.tell(r, w.caller(r.Op), nil)
	return r.finish(5)
}

func create(w *World, r *Run) int {
	if r.read == nil {
		w.readCaller(r)
	}
	handle, known := r.read.handle, r.read.client != nil
	var c *Client
	if known {
		c = r.read.client.clone()
	} else {
		handle, c = w.newClient(r.Op)
	}
	if known && w.Rules.SingleSession {
		if len(w.liveOf(c.Sessions, handle)) > 0 {
			return r.refuse("session_exists")
		}
		if !w.keepsEnded(c, r.Op.Input) {
			c.Sessions, c.Active = nil, ""
		}
	}
	c.SignUp = &SignUp{Handle: "s" + strconv.Itoa(r.Op.Serial), AbandonedAt: w.Now.Add(w.Rules.AbandonAfter)}
	return w.change(r, handle, c, known)
}

// keepsEnded says that a create leaves c's ended sessions where they are: one
// without any facts, when each of them has reached its end.
func (w *World) keepsEnded(c *Client, in Input) bool {
	return in == (Input{Redirect: in.Redirect, App: in.App}) && !slices.ContainsFunc(c.Sessions, func(ref Ref) bool {
		return w.Now.Before(ref.Until)
	})
}

func update(w *World, r *Run) int {
	if r.read == nil {
		w.readCaller(r)
	}
	c, in := r.read.client, r.Op.Input
	switch {
	case c == nil || c.SignUp == nil || c.SignUp.Handle != r.Op.SignUp:
		return r.refuse(notFound)
	case w.status(c.SignUp) != "missing_requirements",
		c.SignUp.corrects(in.Email) && w.Rules.CreatesPerSource > 0 && c.SignUp.Corrections >= 2:
		return r.refuse(notUpdatable)
	}
	return w.change(r, r.read.handle, c.clone(), true)
}

// refuse ends a Create or Update, whose caller is told of the client as it is.
func (r *Run) refuse(faults ...string) int {
	r.refused(faults...)
	return 4
}

// corrects says that address would replace one that has been mailed to.
func (su *SignUp) corrects(address string) bool {
	return address != "" && su.Challenge != nil && emailKey(su.Email) != emailKey(address)
}

// change supplies the input to c's sign-up, begins a challenge if that is asked for,
// and advances.
func (w *World) change(r *Run, handle string, c *Client, known bool) int {
	in, su := r.Op.Input, c.SignUp
	var faults []string
	for _, key := range identifiers(in.Email, in.Username) {
		if r.held[key] {
			faults = append(faults, taken+" "+kindOf(key))
		}
	}
	if in.Password == Short {
		faults = append(faults, "form_password_length_too_short password")
	}
	if len(faults) > 0 {
		return r.refuse(faults...)
	}
	w.supply(su, in)
	due := false
	if in.Strategy != "" {
		if why := w.unsendable(su); why != "" {
			return r.refuse(why)
		}
		if missing, unverified := w.lacks(su, r.Op.Lax); len(missing)+len(unverified) > 0 {
			again, why := w.counted(r, su.Email)
			switch {
			case again:
				return 3
			case why != "":
				return r.refuse(why)
			}
			due = true
		}
	}
	if known && w.moved(handle, c) {
		r.read = nil
		return 3
	}
	if due {
		w.challenge(su, in)
	}
	if faults := w.advance(r, handle, c, known); len(faults) > 0 {
		return r.refuse(faults...)
	}
	w.tell(r, handle, c.SignUp)
	return r.finish(5)
}

// moved says that somebody has written the client since c was read.
func (w *World) moved(handle string, c *Client) bool {
	now := w.State.Clients[handle]
	return now == nil || now.revision != c.revision
}

// counted counts the mail to address once for a run. again says that this was an
// effect of its own, after which the step begins anew.
func (w *World) counted(r *Run, address string) (again bool, why string) {
	if r.mailed == address || w.Rules.MailsPerHour+w.Rules.MailsPerDay == 0 {
		return false, ""
	}
	if !w.countMail(address, r.Op.Source) {
		return false, tooManyMails
	}
	r.mailed = address
	return true, ""
}

func (w *World) supply(su *SignUp, in Input) {
	if su.corrects(in.Email) {
		su.Corrections++
	}
	if in.Email != "" {
		if emailKey(su.Email) != emailKey(in.Email) && w.Rules.Mistake != KeepsProof {
			su.Challenge = nil
		}
		su.Email = in.Email
	}
	if in.Username != "" {
		su.Username = in.Username
	}
	if in.FirstName != "" {
		su.FirstName = in.FirstName
	}
	if in.Password != "" {
		su.Password, su.password = true, w.hashed(in.Password)
	}
}

// unsendable is why no mail may be due for su, or "".
func (w *World) unsendable(su *SignUp) string {
	switch {
	case w.status(su) != "missing_requirements":
		return notUpdatable
	case su.Email == "":
		return nothingToSend
	case su.Challenge == nil:
		return ""
	case su.proved():
		return proved + " email_address"
	case w.Now.Before(su.Challenge.SentAt.Add(w.Rules.ResendAfter)):
		return tooSoon
	}
	return ""
}

// challenge begins a challenge and makes its mail due. A link to an app that doesn't
// say where that is would not work, so the mail has none.
func (w *World) challenge(su *SignUp, in Input) {
	linked := in.Redirect || !in.App
	su.Challenge = &Challenge{
		Strategy: in.Strategy, SentAt: w.Now, ExpiresAt: w.Now.Add(w.Rules.CodeLife), Linked: linked, HandsToApp: linked && in.App,
	}
	w.State.Mails++
}

// advance stores c, and completes its sign-up if nothing is lacking. Identifiers that
// others hold by then are dropped and returned as faults.
func (w *World) advance(r *Run, handle string, c *Client, known bool) (faults []string) {
	if missing, unverified := w.lacks(c.SignUp, r.Op.Lax); len(missing)+len(unverified) > 0 {
		w.store(handle, c)
		return nil
	}
	su := c.SignUp
	claims := map[string]Claim{}
	for _, key := range identifiers(su.Email, su.Username) {
		claims[key] = Claim{Owner: su.Handle, Verified: kindOf(key) == "username" || su.proved()}
		if held, exists := w.State.Claims[key]; exists && (held.Verified || !claims[key].Verified) {
			faults = append(faults, taken+" "+kindOf(key))
		}
	}
	if len(faults) > 0 {
		su.drop(faults)
		if known {
			w.store(handle, c)
		}
		return faults
	}
	w.disown(claims)
	maps.Copy(w.State.Claims, claims)
	w.complete(r, handle, c, known)
	return nil
}

func (su *SignUp) drop(faults []string) {
	for _, fault := range faults {
		if strings.HasSuffix(fault, "username") {
			su.Username = ""
		} else {
			su.Email, su.Challenge = "", nil
		}
	}
}

// disown takes what claims is about to hold from those who have it unproved, with
// their password and every session.
func (w *World) disown(claims map[string]Claim) {
	losers := map[string]bool{}
	for key := range claims {
		old, exists := w.State.Claims[key]
		if !exists {
			continue
		}
		losers[old.Owner] = true
		if kindOf(key) == "username" {
			w.State.Users[old.Owner].Username = ""
		} else {
			w.State.Users[old.Owner].Email = ""
		}
	}
	for loser := range losers {
		w.State.Users[loser].Password = ""
		w.State.Users[loser].Keys = 0
		w.State.Users[loser].revision++
		if w.Rules.Mistake != KeepsSessions {
			w.State.Users[loser].Version++
		}
	}
}

// complete makes the user and the session of c's sign-up, and stores c. A client that
// was known before gets another token, since it may do more now.
func (w *World) complete(r *Run, handle string, c *Client, known bool) {
	su := c.SignUp
	su.CompletedAt = w.Now
	user := &User{Email: su.Email, Username: su.Username, FirstName: su.FirstName, Password: su.password, Version: 1, revision: 1}
	if user.Password != "" {
		user.PasswordSetAt = w.Now
	}
	if su.proved() {
		user.ProvedAt = su.Challenge.VerifiedAt
	}
	w.State.Users[su.Handle] = user
	c.Sessions = slices.DeleteFunc(c.Sessions, func(ref Ref) bool { return !w.Now.Before(ref.Until) })
	made := w.begin(su.Handle, su.Handle, handle, c)
	for len(c.Sessions) > w.Rules.MaxSessions {
		delete(w.State.Sessions, c.Sessions[0].Session)
		c.Sessions = c.Sessions[1:]
	}
	if known {
		grace := w.Rules.TokenGrace
		if r.Op.Kind == ConfirmLink && w.caller(r.Op) != handle { // nobody is there to be told
			grace = su.AbandonedAt.Sub(w.Now)
		}
		w.renewToken(handle, c, r.Op, grace)
	}
	w.store(handle, c)
	r.made = made
}
