// Package samcli runs the SAM CLI's own commands on template.yaml: sam build, sam local invoke, sam local start-api and sam local start-lambda.
package samcli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/process"
)

// BuildDir is where sam build puts the functions, relative to the module's root: the folder of samconfig.toml's default environment.
const BuildDir = ".aws-sam/x86_64"

// A CLI is the SAM CLI that the Makefile installed.
type CLI struct {
	// Root is the module's root.
	Root string
	// DockerHost is the engine, as DOCKER_HOST has it.
	DockerHost string
	// EnvVars is the file for --env-vars.
	EnvVars string
	// Temporary is a directory for what SAM leaves in the machine's otherwise.
	Temporary string
}

// Variables are what SAM needs to know, name=value: it must not ask AWS who it is, which takes it 10 seconds without a network, and the functions
// get the engines' credentials, never the developer's.
func Variables(dockerHost string) []string {
	return []string{
		"DOCKER_HOST=" + dockerHost, "AWS_DEFAULT_REGION=" + engine.Region, "AWS_REGION=" + engine.Region,
		"AWS_ACCESS_KEY_ID=" + engine.AccessKey, "AWS_SECRET_ACCESS_KEY=" + engine.SecretKey,
		"AWS_ENDPOINT_URL_STS=http://127.0.0.1:1", "AWS_MAX_ATTEMPTS=1", "AWS_EC2_METADATA_DISABLED=true", "SAM_CLI_TELEMETRY=0",
	}
}

// command is sam with args.
func (c *CLI) command(args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.Root, ".venv", "bin", "sam"), args...)
	cmd.Dir = c.Root
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "AWS_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, Variables(c.DockerHost)...)
	cmd.Env = append(cmd.Env, "TMPDIR="+c.Temporary, "PYTHONUNBUFFERED=1")
	return cmd
}

const stopGrace = 10 * time.Second

// run waits for sam to end, and returns what it printed to standard output and to standard error. When ctx ends before, sam is stopped, which removes
// its containers. The error has both outputs.
func (c *CLI) run(ctx context.Context, args ...string) (stdout, stderr []byte, err error) {
	cmd := c.command(args...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	p, err := process.Start(cmd)
	if err != nil {
		return nil, nil, fmt.Errorf("sam: %w", err)
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		p.Stop(stopGrace)
		return nil, nil, ctx.Err()
	}
	if p.Err() != nil {
		err = fmt.Errorf("%s%s\nsam %s: %w", log.Bytes(), out.Bytes(), strings.Join(args, " "), p.Err())
	}
	return out.Bytes(), log.Bytes(), err
}

// Build builds all functions for this machine's containers.
func (c *CLI) Build(ctx context.Context) error {
	_, _, err := c.run(ctx, "build", "--config-env", "default")
	return err
}

// Invoke runs the function called logicalID once on a JSON event, in a container of its own, and returns its answer.
func (c *CLI) Invoke(ctx context.Context, logicalID string, event []byte) ([]byte, error) {
	file := filepath.Join(c.Temporary, logicalID+".json")
	if err := os.WriteFile(file, event, 0o600); err != nil {
		return nil, err
	}
	args := append([]string{"local", "invoke", logicalID, "--event", file}, c.local()...)
	answer, log, err := c.run(ctx, args...)
	if err != nil {
		return nil, err
	}
	answer = bytes.TrimSpace(answer)
	if err := functionError(answer); err != nil {
		return nil, fmt.Errorf("%s\n%s: %w", log, logicalID, err)
	}
	return answer, nil
}

// local are the options that all of sam local's commands have.
func (c *CLI) local() []string {
	return []string{
		// SAM looks for its configuration beside the template that it is given.
		"--config-file", filepath.Join(c.Root, "samconfig.toml"), "--config-env", "default", "--template-file", BuildDir + "/template.yaml",
		"--env-vars", c.EnvVars, "--skip-pull-image",
	}
}

// functionError is the error that a function returned or ended with, in place of an answer.
func functionError(answer []byte) error {
	if !json.Valid(answer) {
		return fmt.Errorf("the answer isn't JSON: %q", answer)
	}
	var fault struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal(answer, &fault) == nil && fault.Type+fault.Message != "" {
		return errors.New("the function failed: " + strings.TrimSpace(fault.Type+" "+fault.Message))
	}
	return nil
}
