package secret

import "time"

// Recent returns the current key, the one before it, and every other that was still
// current after since, newest first: what a receiver may know that couldn't be told of a
// rotation in the same moment.
func (r *Keyring) Recent(since time.Time) []MACKey {
	var recent []MACKey
	for position, key := range r.keys {
		// A key was replaced when the next newer one was made.
		if position > 1 && r.keys[position-1].CreatedAt <= since.UnixMilli() {
			break
		}
		recent = append(recent, MACKey{ID: key.ID, Key: key.Key})
	}
	return recent
}
