package boot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/doorstep-auth/doorstep/shared/keystore"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/token"
)

// environment reads the variables that template.yaml declares.
type environment struct{ getenv func(string) string }

// settings are those of SETTINGS, with what the template knows better filled in.
func (env environment) settings() (*settings.Settings, error) {
	s, err := settings.Load(env.getenv("SETTINGS"))
	if err != nil {
		return nil, err
	}
	for variable, setting := range map[string]*string{
		"COOKIE_DOMAIN": &s.Cookie.Domain, "COOKIE_SAME_SITE": &s.Cookie.SameSite,
	} {
		if value := env.getenv(variable); value != "" {
			*setting = value
		}
	}
	for variable, setting := range map[string]*string{"PUBLIC_URL": &s.PublicURL, "MAIL_FROM": &s.Mail.FromAddress} {
		if *setting == "" {
			*setting = env.getenv(variable)
		}
	}
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("with PUBLIC_URL, MAIL_FROM, COOKIE_DOMAIN and COOKIE_SAME_SITE applied: %w", err)
	}
	if env.getenv("DYNAMODB_ENDPOINT") == "" {
		if err := s.Callbacks.CheckDeployed(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// credentials are the function's own. Lambda replaces an environment before they expire.
func (env environment) credentials() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		c := aws.Credentials{
			AccessKeyID: env.getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: env.getenv("AWS_SECRET_ACCESS_KEY"),
			SessionToken: env.getenv("AWS_SESSION_TOKEN"), Source: "environment",
		}
		if c.AccessKeyID == "" || c.SecretAccessKey == "" {
			return c, errors.New("boot: no AWS credentials in the environment")
		}
		return c, nil
	})
}

// Keyring reads the mac secret: from Secrets Manager or, on a developer's
// machine, from SECRETS.
func (rt *Runtime) Keyring() (*secret.Keyring, error) {
	read := func() (*secret.Keyring, error) {
		document, err := rt.secretDocument("mac", "MAC_SECRET_ARN")
		if err != nil {
			return nil, err
		}
		return secret.ParseKeyring(document)
	}
	ring, err := read()
	if err != nil {
		return nil, err
	}
	return ring.Rereading(read, time.Now), nil
}

// SigningKeys reads the signing secret, like Keyring.
func (rt *Runtime) SigningKeys() (*token.SigningKeys, error) {
	read := func() (*token.SigningKeys, error) {
		document, err := rt.secretDocument("signing", "SIGNING_SECRET_ARN")
		if err != nil {
			return nil, err
		}
		return token.ParseSigningKeys(document)
	}
	keys, err := read()
	if err != nil {
		return nil, err
	}
	return keys.Rereading(read, time.Now), nil
}

func (rt *Runtime) secretDocument(name, arnVariable string) ([]byte, error) {
	if local := rt.environment.getenv("SECRETS"); local != "" {
		return rt.localSecret(local, name)
	}
	arn := rt.environment.getenv(arnVariable)
	if arn == "" {
		return nil, fmt.Errorf("%s isn't set", arnVariable)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	defer cancel()
	document, err := rt.Keystore().Get(ctx, arn)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", arnVariable, err)
	}
	return document, nil
}

// localSecret takes one of the documents in SECRETS. A variable is readable by
// whoever may describe a function, so a deployed one refuses it: only a
// DynamoDB that isn't AWS's shows that this is a developer's machine.
func (rt *Runtime) localSecret(local, name string) ([]byte, error) {
	if rt.DynamoDBEndpoint == "" {
		return nil, errors.New("SECRETS is for local runs only (DYNAMODB_ENDPOINT isn't set): a deployed function reads Secrets Manager")
	}
	var documents map[string]json.RawMessage
	if err := json.Unmarshal([]byte(local), &documents); err != nil || documents[name] == nil {
		return nil, fmt.Errorf("SECRETS must be a JSON object with a member %q", name)
	}
	return documents[name], nil
}

// Keystore reaches Secrets Manager.
func (rt *Runtime) Keystore() *keystore.Store {
	return keystore.New(keystore.Config{Region: rt.AWS.Region, Credentials: rt.AWS.Credentials, Client: rt.HTTP})
}

// MACSecretARN and SigningSecretARN name the two secrets.
func (rt *Runtime) MACSecretARN() string     { return rt.environment.getenv("MAC_SECRET_ARN") }
func (rt *Runtime) SigningSecretARN() string { return rt.environment.getenv("SIGNING_SECRET_ARN") }

// drain reads the rest of a body, so that its connection can be used again.
func drain(body io.ReadCloser) {
	_, _ = io.Copy(io.Discard, io.LimitReader(body, 64<<10))
	_ = body.Close()
}
