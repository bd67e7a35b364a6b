package pump

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// A checkpoint says how far each shard of a stream is done.
type checkpoint struct {
	// Stream is the stream's ARN: another stream has other numbers.
	Stream string `json:"stream"`
	// Shards has the sequence number of the last record that is done.
	Shards map[string]string `json:"shards"`
}

// readCheckpoint reads the file at path. One that is missing or of another stream stands for the beginning.
func readCheckpoint(path, stream string) (checkpoint, error) {
	fresh := checkpoint{Stream: stream, Shards: map[string]string{}}
	if path == "" {
		return fresh, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return fresh, nil
	}
	if err != nil {
		return fresh, err
	}
	var c checkpoint
	if err := json.Unmarshal(text, &c); err != nil {
		return fresh, fmt.Errorf("%s is damaged (%w): `make clean` starts anew", path, err)
	}
	if c.Stream != stream || c.Shards == nil {
		return fresh, nil
	}
	return c, nil
}

// write replaces the file at path in one step, so that it is never half written.
func (c checkpoint) write(path string) error {
	if path == "" {
		return nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}
