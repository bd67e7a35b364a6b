package signup

import "context"

func (m *MemoryStore) NoteAttempt(_ context.Context, a Attempt) error {
	end, err := m.begin("NoteAttempt")
	if err != nil {
		return err
	}
	defer end()
	if m.attempts == nil {
		m.attempts = map[string]Attempt{}
	}
	if _, taken := m.attempts[a.CID]; taken {
		return ErrConflict
	}
	m.attempts[a.CID] = a
	return nil
}
