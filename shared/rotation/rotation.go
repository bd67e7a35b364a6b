// Package rotation makes the material of the two secrets when a stack is made,
// and rotates it: the logic of the function keys/rotate.
//
// It promises that material is only ever added: an existing document is never
// replaced but by its own rotation, and of two writers at once, or one writer
// tried twice, one wins. Key ids reach the log, key material doesn't.
package rotation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/doorstep-auth/doorstep/shared/keystore"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/token"
)

const (
	// physicalID never changes: the secrets are resources of their own, so there
	// is nothing that CloudFormation could replace or delete here.
	physicalID = "secret-material"

	maxRounds    = 5               // reads and writes before another writer is left to it
	roundWait    = time.Second     // in which the other writer's version gets readable
	deniedWait   = 2 * time.Second // a new role's policies take a while to hold everywhere
	answerMargin = 5 * time.Second // kept to tell CloudFormation before Lambda ends the function
)

// Store is where the documents are: a *keystore.Store, whose Current and Put
// say what is atomic and which errors they return.
type Store interface {
	Current(ctx context.Context, arn string) (keystore.Version, error)
	Put(ctx context.Context, arn string, document []byte, requestToken string) error
}

// Keeper looks after both secrets. All fields but Local must be set.
type Keeper struct {
	Local            bool // a developer's machine, whose secrets no function may change: every event is done at once
	Store            Store
	MACSecretARN     string
	SigningSecretARN string
	Schedule         token.Schedule
	Random           io.Reader // cryptographically secure
	Now              func() time.Time
	Wait             func(context.Context, time.Duration) error // Sleep but in tests
	Log              *slog.Logger
}

// Sleep waits for the duration, or returns the context's error.
func Sleep(ctx context.Context, duration time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(duration):
		return nil
	}
}

// Outcome says what one run did to each secret.
type Outcome struct {
	MAC     Deed `json:"mac,omitempty"`
	Signing Deed `json:"signing,omitempty"`
}

// Deed is what was done to a secret; empty if it wasn't looked at.
type Deed string

// The deeds.
const (
	Kept    Deed = "kept"    // nothing was due
	Made    Deed = "made"    // its first document was made
	Rotated Deed = "rotated" // it has a new document
)

// Handle serves the function's three kinds of events:
//
//   - CloudFormation's, for the custom resource SecretMaterial: Create and Update
//     fill what is empty, Delete does nothing. CloudFormation is told the outcome.
//   - the operator's {"rotate":"mac"}: a new current key in the mac secret.
//   - any other, so the schedule's: rotates the signing keys that are due.
func (k *Keeper) Handle(ctx context.Context, event json.RawMessage) (any, error) {
	var kind struct {
		RequestType cfn.RequestType
		Rotate      *string `json:"rotate"`
	}
	if err := json.Unmarshal(event, &kind); err != nil {
		return nil, fmt.Errorf("rotation: the event isn't a JSON object: %w", err)
	}
	switch {
	case k.Local:
		return Outcome{MAC: Kept, Signing: Kept}, nil
	case kind.RequestType != "":
		var request cfn.Event
		if err := json.Unmarshal(event, &request); err != nil {
			return nil, fmt.Errorf("rotation: the event isn't CloudFormation's: %w", err)
		}
		return cfn.LambdaWrap(k.customResource)(ctx, request)
	case kind.Rotate == nil:
		return k.RotateSigning(ctx)
	case *kind.Rotate == "mac":
		return k.RotateMAC(ctx)
	default:
		return nil, fmt.Errorf(`rotation: can't rotate %q, only "mac"`, *kind.Rotate)
	}
}

func (k *Keeper) customResource(ctx context.Context, event cfn.Event) (string, map[string]any, error) {
	if event.RequestType == cfn.RequestDelete {
		return physicalID, nil, nil
	}
	if deadline, known := ctx.Deadline(); known {
		shorter, cancel := context.WithDeadline(ctx, deadline.Add(-answerMargin))
		defer cancel()
		ctx = shorter
	}
	_, err := k.Fill(ctx)
	for errors.Is(err, keystore.ErrDenied) && k.Wait(ctx, deniedWait) == nil {
		_, err = k.Fill(ctx)
	}
	return physicalID, nil, err
}

// Fill makes the first document of each secret that never had one. A document
// that is there stays; one that can't be read is an error.
func (k *Keeper) Fill(ctx context.Context) (Outcome, error) {
	var outcome Outcome
	var err error
	outcome.MAC, err = k.update(ctx, k.MACSecretARN, func(existing []byte) (json.Marshaler, error) {
		if existing == nil {
			return secret.NewKeyring(k.Random, k.Now())
		}
		_, err := secret.ParseKeyring(existing)
		return nil, err
	})
	if err != nil {
		return outcome, fmt.Errorf("rotation: fill the mac secret: %w", err)
	}
	outcome.Signing, err = k.update(ctx, k.SigningSecretARN, func(existing []byte) (json.Marshaler, error) {
		if existing == nil {
			return token.NewSigningKeys(k.Random, k.Now())
		}
		_, err := token.ParseSigningKeys(existing)
		return nil, err
	})
	if err != nil {
		return outcome, fmt.Errorf("rotation: fill the signing secret: %w", err)
	}
	return outcome, nil
}

// RotateSigning moves the signing keys as k.Schedule says. A secret without a
// document is an error: only Fill makes the first.
func (k *Keeper) RotateSigning(ctx context.Context) (Outcome, error) {
	deed, err := k.update(ctx, k.SigningSecretARN, func(existing []byte) (json.Marshaler, error) {
		if existing == nil {
			return nil, keystore.ErrNotSet
		}
		keys, err := token.ParseSigningKeys(existing)
		if err != nil {
			return nil, err
		}
		rotated, changed, err := keys.Rotate(k.Random, k.Now(), k.Schedule)
		if err != nil || !changed {
			return nil, err
		}
		return rotated, nil
	})
	if err != nil {
		return Outcome{}, fmt.Errorf("rotation: rotate the signing secret: %w", err)
	}
	return Outcome{Signing: deed}, nil
}

// RotateMAC puts a new current key before the mac secret's keys. A repeated
// call adds another one, which does no harm.
func (k *Keeper) RotateMAC(ctx context.Context) (Outcome, error) {
	deed, err := k.update(ctx, k.MACSecretARN, func(existing []byte) (json.Marshaler, error) {
		if existing == nil {
			return nil, keystore.ErrNotSet
		}
		ring, err := secret.ParseKeyring(existing)
		if err != nil {
			return nil, err
		}
		return ring.Rotate(k.Random, k.Now())
	})
	if err != nil {
		return Outcome{}, fmt.Errorf("rotation: rotate the mac secret: %w", err)
	}
	return Outcome{MAC: deed}, nil
}

// update replaces a secret's document by what change makes of it: nil in for a
// secret without one, nil out for no change. The write is tied to the version
// that was read: had another writer replaced that one, update reads again.
func (k *Keeper) update(ctx context.Context, arn string, change func(existing []byte) (json.Marshaler, error)) (Deed, error) {
	for round := 1; ; round++ {
		version, err := k.Store.Current(ctx, arn)
		if err != nil && !errors.Is(err, keystore.ErrNotSet) {
			return "", err
		}
		replacement, err := change(version.Document)
		if err != nil {
			return "", err
		}
		if replacement == nil {
			return Kept, nil
		}
		document, err := json.Marshal(replacement)
		if err != nil {
			return "", err
		}
		err = k.Store.Put(ctx, arn, document, keystore.RequestToken(arn, version.ID))
		if err == nil {
			return k.done(ctx, arn, version, replacement), nil
		}
		if !errors.Is(err, keystore.ErrConflict) || round == maxRounds {
			return "", err
		}
		if err := k.Wait(ctx, roundWait); err != nil {
			return "", err
		}
	}
}

func (k *Keeper) done(ctx context.Context, arn string, replaced keystore.Version, replacement any) Deed {
	deed := Rotated
	if replaced.Document == nil {
		deed = Made
	}
	k.Log.InfoContext(ctx, "secret "+string(deed), "arn", arn, "keys", replacement)
	return deed
}
