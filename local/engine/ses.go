package engine

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// SESOptions say where an SES listens.
type SESOptions struct {
	// Root is the module's root, which has local/node_modules.
	Root string
	// Host is the address to listen on; empty is 127.0.0.1.
	Host string
	// Port to listen on; 0 takes a free one.
	Port int
}

// StartSES starts aws-ses-v2-local and returns when it answers. It keeps mails in memory: GET /store lists them as JSON,
// POST /clear-store forgets them, and / is a viewer. The error is ErrNotInstalled (see Install), ErrPortTaken, or what the server said.
func StartSES(ctx context.Context, o SESOptions) (*Engine, error) {
	script := filepath.Join(o.Root, "local", "node_modules", "aws-ses-v2-local", "dist", "cli.js")
	if _, err := os.Stat(script); err != nil {
		return nil, ErrNotInstalled
	}
	cmd := exec.Command("node", script, "--host", cmp.Or(o.Host, ownHost), "--port", strconv.Itoa(o.Port))
	// GetAccount answers only when it is told what to say.
	cmd.Env = append(os.Environ(), `AWS_SES_ACCOUNT={"SendQuota":{"Max24HourSend":50000,"MaxSendRate":14,"SentLast24Hours":0},"SendingEnabled":true,"ProductionAccessEnabled":true}`)
	e, err := start(ctx, cmd, "aws-ses-v2-local: server running at ", "/health-check")
	if err != nil {
		return nil, fmt.Errorf("aws-ses-v2-local: %w", err)
	}
	return e, nil
}
