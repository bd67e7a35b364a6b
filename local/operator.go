package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// operator makes the first super-user by running sso/operator once on the data of a running `make run`, or else on .local/. PASSWORD is the password; without
// one it makes one up and shows it, this once.
func operator(ctx context.Context, root, name string, getenv func(string) string, stdout, stderr io.Writer) error {
	if name == "" {
		return errors.New("which name? make operator NAME=<username>")
	}
	given := getenv("PASSWORD")
	password := cmp.Or(given, rand.Text())
	event, err := json.Marshal(map[string]string{"username": name, "password": password})
	if err != nil {
		return err
	}
	event = bytes.ReplaceAll(event, []byte("{{"), []byte(`{\u007b`)) // it holds no placeholder
	folder, err := os.MkdirTemp("", "doorstep")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "operator.json")
	if err := os.WriteFile(file, event, 0o600); err != nil {
		return err
	}
	if err := invoke(ctx, root, "sso/operator", file, getenv, stdout, stderr); err != nil || given != "" {
		return err
	}
	_, err = fmt.Fprintln(stdout, "The password is "+password+", shown this once.")
	return err
}
