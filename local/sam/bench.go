package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/pump"
	"github.com/doorstep-auth/doorstep/local/replay"
	"github.com/doorstep-auth/doorstep/local/sam/docker"
	"github.com/doorstep-auth/doorstep/local/sam/samcli"
	"github.com/doorstep-auth/doorstep/local/template"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/token"
)

// A bench is what functions in SAM's containers need: a Docker engine with an image, and a DynamoDB and an SES that containers reach.
type bench struct {
	root     string
	dir      string // temporary
	report   *report
	template *template.Template
	secrets  string
	docker   *docker.Engine
	sam      *samcli.CLI
	dynamodb *engine.Engine
	ses      *engine.Engine

	summary string         // of what was shown
	stops   []func() error // of what was started, in that order
}

func newBench(root string, r *report) (*bench, error) {
	b := &bench{root: root, report: r}
	var err error
	if b.template, err = template.Read(filepath.Join(root, "template.yaml"), nil); err != nil {
		return nil, err
	}
	if b.secrets, err = newSecrets(); err != nil {
		return nil, err
	}
	b.dir, err = os.MkdirTemp("", "doorstep-sam-")
	b.onEnd(func() error { return os.RemoveAll(b.dir) })
	return b, err
}

// newSecrets makes the SECRETS document: a mac key and signing keys.
func newSecrets() (string, error) {
	ring, err := secret.NewKeyring(rand.Reader, time.Now())
	if err != nil {
		return "", err
	}
	keys, err := token.NewSigningKeys(rand.Reader, time.Now())
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{"mac": ring, "signing": keys})
	return string(text), err
}

// onEnd has end call stop, before what was started earlier.
func (b *bench) onEnd(stop func() error) { b.stops = append(b.stops, stop) }

// end stops everything, and returns what went wrong, here or before.
func (b *bench) end(failed error) error {
	if errors.Is(failed, context.Canceled) {
		failed = errors.New("interrupted")
	}
	for i := len(b.stops) - 1; i >= 0; i-- {
		if err := b.stops[i](); err != nil {
			failed = errors.Join(failed, fmt.Errorf("clean up: %w", err))
		}
	}
	return failed
}

// setUp finds or starts the engines.
func (b *bench) setUp(ctx context.Context) error {
	b.report.section("Set-up")
	if err := b.setUpDocker(ctx); err != nil {
		return err
	}
	if !engine.Installed(b.root) {
		if err := engine.Install(ctx, b.root); err != nil {
			return err
		}
		b.report.done("npm", "installed the DynamoDB and the SES")
	}
	var err error
	if b.ses, err = engine.StartSES(ctx, engine.SESOptions{Root: b.root, Host: b.docker.Listen}); err != nil {
		return err
	}
	b.onEnd(func() error { b.ses.Stop(); return nil })
	b.report.done("SES", b.ses.Endpoint)
	return b.startDynamoDB(ctx)
}

func (b *bench) setUpDocker(ctx context.Context) error {
	var err error
	if b.docker, err = docker.Find(ctx); err != nil {
		return err
	}
	if b.docker == nil {
		if b.docker, err = docker.Start(ctx, b.report.note); err != nil {
			return err
		}
		b.onEnd(b.docker.Stop)
	}
	b.report.done("Docker "+b.docker.Version, whose(b.docker))
	b.sam = &samcli.CLI{Root: b.root, DockerHost: b.docker.Host, EnvVars: filepath.Join(b.dir, "env.json"), Temporary: b.dir}
	return b.setUpImage(ctx)
}

func (b *bench) setUpImage(ctx context.Context) error {
	base, err := b.docker.EnsureBase(ctx)
	if err != nil {
		return err
	}
	if base == docker.StandIn && !b.docker.Own() {
		b.onEnd(b.removeImages)
	}
	b.onEnd(b.removeContainers)
	b.report.done("base image", string(base))
	return nil
}

func whose(e *docker.Engine) string {
	if e.Own() {
		return "started for this"
	}
	return "found, at " + e.Host
}

// cleaning is how long tidying up may take.
const cleaning = 30 * time.Second

func (b *bench) removeContainers() error {
	ctx, cancel := context.WithTimeout(context.Background(), cleaning)
	defer cancel()
	return b.docker.RemoveContainers(ctx, filepath.Join(b.root, samcli.BuildDir))
}

func (b *bench) removeImages() error {
	ctx, cancel := context.WithTimeout(context.Background(), cleaning)
	defer cancel()
	return b.docker.RemoveImages(ctx)
}

// startDynamoDB starts a DynamoDB with an empty table, in place of the one before.
func (b *bench) startDynamoDB(ctx context.Context) error {
	db, err := engine.StartDynamoDB(ctx, engine.DynamoDBOptions{Root: b.root, Host: b.docker.Listen})
	if err != nil {
		return err
	}
	b.onEnd(func() error { db.Stop(); return nil })
	if b.dynamodb != nil {
		b.dynamodb.Stop()
	}
	b.dynamodb = db
	table := b.template.Tables[0]
	if err := engine.CreateTable(ctx, db.Endpoint, table.CreateInput(engine.TableName), table.TTLAttribute); err != nil {
		return err
	}
	b.report.done("DynamoDB", db.Endpoint+", an empty table")
	return nil
}

// writeVariables writes the file for --env-vars: what every function's variables are here. publicURL is where the API will listen; it may be empty.
func (b *bench) writeVariables(file, publicURL string) error {
	variables := b.variables(publicURL)
	for name := range variables {
		if !b.template.Declares(name) {
			return fmt.Errorf("template.yaml: no function declares the variable %s, and sam local sets only declared ones", name)
		}
	}
	text, err := json.MarshalIndent(map[string]any{"Parameters": variables}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o600)
}

func (b *bench) variables(publicURL string) map[string]string {
	inContainer := func(endpoint string) string { return strings.Replace(endpoint, b.docker.Listen, b.docker.Reach, 1) }
	return map[string]string{
		"TABLE_NAME": engine.TableName, "SETTINGS": replay.Settings, "PUBLIC_URL": publicURL, "MAIL_FROM": "no-reply@doorstep.test",
		"MAC_SECRET_ARN": "", "SIGNING_SECRET_ARN": "", "SECRETS": b.secrets,
		"DYNAMODB_ENDPOINT": inContainer(b.dynamodb.Endpoint), "SES_ENDPOINT": inContainer(b.ses.Endpoint),
	}
}

// mailFunction is the function that the pump wakes.
const mailFunction = "mail/send"

// startPump has the mail function invoked at lambdaURL with what is written to the table.
func (b *bench) startPump(ctx context.Context, lambdaURL string, onBatch func(pump.Batch)) error {
	f, ok := b.template.Function(mailFunction)
	if !ok || len(f.Streams) != 1 {
		return fmt.Errorf("template.yaml: %s has no stream", mailFunction)
	}
	p, err := pump.Start(ctx, pump.Options{
		Config: engine.Config(), Endpoint: b.dynamodb.Endpoint, Table: engine.TableName, Function: f.Path, Stream: f.Streams[0],
		Invoker: &samcli.Function{URL: lambdaURL, LogicalID: f.LogicalID}, OnBatch: onBatch,
		OnTrouble: func(err error) { b.report.note(err.Error()) },
	})
	if err != nil {
		return err
	}
	b.onEnd(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		p.Stop(ctx)
		return nil
	})
	return nil
}
