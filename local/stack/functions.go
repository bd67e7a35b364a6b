package stack

import (
	"context"
	"fmt"
	"maps"

	"github.com/doorstep-auth/doorstep/local/build"
	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/template"
)

// warm makes the functions and runs the init of one environment of each, so that a wrong setting shows now and not at the first request.
func (s *Stack) warm(ctx context.Context) error {
	if err := s.checkOverrides(); err != nil {
		return err
	}
	for _, path := range s.served() {
		f, _ := s.Template.Function(path)
		s.functions[path] = s.newFunction(f)
	}
	errs := make(chan error, len(s.functions))
	for _, f := range s.functions {
		go func() { errs <- f.Warm(ctx) }()
	}
	var first error
	for range s.functions {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

func (s *Stack) newFunction(f template.Function) *lambdahost.Function {
	return lambdahost.New(lambdahost.Options{
		Name: f.LogicalID, Bootstrap: build.Bootstrap(s.options.Build, f.Path), Timeout: f.Timeout, MemoryMB: f.MemoryMB,
		LogFormat: f.LogFormat, LogLevel: f.LogLevel, Region: engine.Region, AccountID: engine.AccountID,
		Environment: s.environment(f), MaxEnvironments: s.options.MaxEnvironments,
		OnLog: func(line lambdahost.Line) {
			line.Function = f.Path
			if s.options.OnLog != nil {
				s.options.OnLog(line)
			}
		},
	})
}

// environment has the variables that the template declares for f, with the values that they have here, and the engines' credentials.
func (s *Stack) environment(f template.Function) map[string]string {
	here := s.overrides()
	maps.Copy(here, s.options.Environment)
	maps.Copy(here, s.options.FunctionEnvironment[f.Path])
	all := maps.Clone(f.Environment)
	for name := range all {
		if value, ok := here[name]; ok {
			all[name] = value
		}
	}
	all["AWS_ACCESS_KEY_ID"], all["AWS_SECRET_ACCESS_KEY"] = engine.AccessKey, engine.SecretKey
	return all
}

// overrides are the variables that the local runner knows better than the template.
func (s *Stack) overrides() map[string]string {
	public := s.options.PublicURL
	if public == "" {
		public = s.APIURL
	}
	return map[string]string{
		"TABLE_NAME": engine.TableName, "SETTINGS": s.Settings, "PUBLIC_URL": public, "MAIL_FROM": s.options.MailFrom,
		"MAC_SECRET_ARN": "", "SIGNING_SECRET_ARN": "", "SECRETS": s.secrets,
		"DYNAMODB_ENDPOINT": s.DynamoDBEndpoint, "SES_ENDPOINT": s.SESEndpoint,
	}
}

// checkOverrides refuses to set a variable that would not arrive, as no function declares it.
func (s *Stack) checkOverrides() error {
	for _, set := range []map[string]string{s.overrides(), s.options.Environment} {
		for name := range set {
			if !s.Template.Declares(name) {
				return fmt.Errorf("%s: no function declares the variable %s", s.options.Template, name)
			}
		}
	}
	for path, set := range s.options.FunctionEnvironment {
		f, ok := s.Template.Function(path)
		if !ok {
			return fmt.Errorf("%s has no function %s", s.options.Template, path)
		}
		for name := range set {
			if _, declared := f.Environment[name]; !declared {
				return fmt.Errorf("%s: %s doesn't declare the variable %s", s.options.Template, path, name)
			}
		}
	}
	return nil
}

// Invoke runs the function at path once on a JSON event, as `make invoke` does, and returns its answer. The error is Function.Invoke's of lambdahost.
func (s *Stack) Invoke(ctx context.Context, path string, event []byte) ([]byte, error) {
	f, ok := s.functions[path]
	if !ok {
		return nil, fmt.Errorf("%s has no function %s with a route or a stream", s.options.Template, path)
	}
	result, err := f.Invoke(ctx, event, "")
	return result.Payload, err
}
