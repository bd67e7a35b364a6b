package template_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/template"
)

func read(t *testing.T, parameters template.Parameters) *template.Template {
	t.Helper()
	read, err := template.Read("testdata/template.yaml", parameters)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestFunctions(t *testing.T) {
	environment := map[string]string{
		"TABLE_NAME": "Table", "STAGE": "local of doorstep: ${literal} Own", "OWN": "local-a+b", "ARN": "Table.Arn", "PICKED": "y",
		"BOTH": "yes", "EITHER": "no", "GONE": "", "SHARED": "global",
	}
	own := map[string]string{}
	for name, value := range environment {
		own[name] = value
	}
	own["SHARED"], own["EXTRA"] = "own", "1"
	want := []template.Function{
		{
			LogicalID: "SignupsAttemptVerificationFunction", Path: "signups/attempt-verification", Timeout: 20 * time.Second, MemoryMB: 256,
			LogFormat: "JSON", LogLevel: "DEBUG", Environment: own,
			Routes: []template.Route{{Event: "Post", Method: "POST", Path: "/v1/{id}/attempt"}, {Event: "Any", Method: "ANY", Path: "/{proxy+}"}, {Event: "Default", Path: "$default"}},
		},
		{
			LogicalID: "MailSendFunction", Path: "mail/send", Timeout: 10 * time.Second, MemoryMB: 256, LogFormat: "JSON", LogLevel: "DEBUG",
			Environment: environment,
			Streams: []template.Stream{{
				Event: "TableStream", Table: "Table", StartingPosition: "TRIM_HORIZON", BatchSize: 10, Filters: []string{`{"a":["b"]}`},
				MaximumRetryAttempts: 3, MaximumRecordAge: 15 * time.Minute, BisectBatchOnFunctionError: true, ReportBatchItemFailures: true,
			}},
		},
		{
			LogicalID: "KeysRotateFunction", Path: "keys/rotate", Timeout: 10 * time.Second, MemoryMB: 256, LogFormat: "JSON", LogLevel: "DEBUG",
			Environment: environment, Schedules: []template.Schedule{{Event: "Daily", Every: 24 * time.Hour}},
		},
	}
	if diff := cmp.Diff(want, read(t, nil).Functions); diff != "" {
		t.Error(diff)
	}
}

func TestParametersDecideConditions(t *testing.T) {
	live := read(t, template.Parameters{"Stage": "live", "Memory": "1769"})
	f, ok := live.Function("client/get")
	if !ok || f.MemoryMB != 1769 || f.LogLevel != "INFO" || f.Environment["GONE"] != "here" || f.Environment["EITHER"] != "yes" {
		t.Errorf("%v %+v", ok, f)
	}
	if !live.Declares("EXTRA") || live.Declares("NOTHING") {
		t.Error("Declares is wrong")
	}
}

func TestTable(t *testing.T) {
	tables := read(t, nil).Tables
	if len(tables) != 1 || tables[0].LogicalID != "Table" || tables[0].TTLAttribute != "ttl" {
		t.Fatalf("%+v", tables)
	}
	input := tables[0].CreateInput("local")
	if aws.ToString(input.TableName) != "local" || input.BillingMode != types.BillingModePayPerRequest || len(input.KeySchema) != 2 ||
		aws.ToString(input.KeySchema[1].AttributeName) != "sk" || input.KeySchema[1].KeyType != types.KeyTypeRange ||
		input.StreamSpecification.StreamViewType != types.StreamViewTypeNewAndOldImages || !*input.StreamSpecification.StreamEnabled {
		t.Errorf("%+v", input)
	}
}

func TestRouteKey(t *testing.T) {
	routes := read(t, nil).Functions[0].Routes
	for i, want := range []string{"POST /v1/{id}/attempt", "ANY /{proxy+}", "$default"} {
		if got := routes[i].Key(); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}

func TestLogicalIDAndPathAreInverse(t *testing.T) {
	for path, id := range map[string]string{
		"signups/create": "SignupsCreateFunction", "signups/attempt-verification": "SignupsAttemptVerificationFunction",
		"client/not-found": "ClientNotFoundFunction", "keys/jwks": "KeysJwksFunction",
	} {
		if got := template.LogicalID(path); got != id {
			t.Errorf("%s: %s", path, got)
		}
		if got, err := template.PathOf(id); err != nil || got != path {
			t.Errorf("%s: %s, %v", id, got, err)
		}
	}
	for _, id := range []string{"Function", "SignupsFunction", "signupsCreateFunction", "SignupsCreate", ""} {
		if got, err := template.PathOf(id); err == nil {
			t.Errorf("%q is %s", id, got)
		}
	}
}

// What the runner doesn't know is refused with its place, so that it never runs something else than the cloud does.
func TestUnknownsAreNamed(t *testing.T) {
	const function = `Resources:
  AThingFunction:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
`
	const event = function + "      Events:\n        E:\n          Type: "
	for _, test := range []struct{ name, text, want string }{
		{"no functions", "Resources: {}", "t.yaml: Resources: there is no"},
		{"not YAML", "a: [", "t.yaml: "},
		{"not a map", "- a", "t.yaml: it must be a map"},
		{"bad id", strings.Replace(function, "AThing", "thing", 1), "t.yaml:2: Resources.thingFunction: thingFunction isn't"},
		{"runtime", strings.Replace(function, "provided.al2023", "nodejs20.x", 1), "provided.al2023 only, not nodejs20.x"},
		{"intrinsic", function + "      Timeout: !ImportValue x", "t.yaml:6: Resources.AThingFunction.Properties.Timeout: the local runner doesn't know the function Fn::ImportValue"},
		{"reference", function + "      Timeout: !Ref Nothing", `Properties.Timeout: there is no parameter or resource "Nothing"`},
		{"substitution", function + "      Environment: {Variables: {A: !Sub \"${Nothing}\"}}", `Environment.Variables.A: there is no parameter or resource "Nothing"`},
		{"condition", function + "      Timeout: !If [Nothing, 1, 2]", `there is no condition "Nothing"`},
		{"circle", "Conditions: {A: !Not [!Condition A]}\n" + strings.Replace(function, "    Type", "    Condition: A\n    Type", 1), "Conditions.A: it depends on itself"},
		{"number", function + "      Timeout: soon", `Properties.Timeout: "soon" isn't a positive whole number`},
		{"event type", event + "Kinesis", "Events.E.Properties: the local runner doesn't know events of type Kinesis"},
		{"route property", event + "HttpApi\n          Properties: {Path: /a, Method: GET, Auth: {}}", "Events.E.Properties.Auth: the local runner doesn't know this property of an HttpApi event"},
		{"method", event + "HttpApi\n          Properties: {Path: /a, Method: FETCH}", `"FETCH" is no Method`},
		{"path", event + "HttpApi\n          Properties: {Path: \"/{a+}/b\", Method: GET}", `the path "/{a+}/b" isn't one`},
		{"relative path", event + "HttpApi\n          Properties: {Path: a, Method: GET}", `the path "a" doesn't begin with /`},
		{"payload format", event + "HttpApi\n          Properties: {Path: /a, Method: GET, PayloadFormatVersion: \"1.0\"}", "payload format 2.0 only"},
		{"stream property", event + "DynamoDB\n          Properties: {TumblingWindowInSeconds: 1}", "Properties.TumblingWindowInSeconds: the local runner doesn't know this property of a DynamoDB event"},
		{"stream", event + "DynamoDB\n          Properties: {BatchSize: 1}", "it needs a Stream"},
		{"batch size", event + "DynamoDB\n          Properties: {BatchSize: many}", `"many" isn't a valid value`},
		{"cron", event + "Schedule\n          Properties: {Schedule: \"cron(0 12 * * ? *)\"}", "Properties.Schedule: the local runner knows rates"},
		{"rate", event + "Schedule\n          Properties: {Schedule: rate(1 minutes)}", "Properties.Schedule: the local runner knows rates"},
		{"schedule property", event + "Schedule\n          Properties: {Schedule: rate(1 day), Input: x}", "Properties.Input: the local runner doesn't know this property of a schedule"},
		{"schedule", event + "ScheduleV2\n          Properties: {Name: a}", "it needs a Schedule"},
		{"two owners", event + "HttpApi\n  BThingFunction:\n    Type: AWS::Serverless::Function\n    Properties: {Runtime: provided.al2023, Events: {E: {Type: HttpApi}}}", "the route $default is both AThingFunction's and BThingFunction's"},
		{"CORS at the gateway", function + "  Api: {Type: AWS::Serverless::HttpApi, Properties: {CorsConfiguration: true}}", "Resources.Api.Properties.CorsConfiguration: the local runner doesn't know"},
		{"REST API", function + "  Api: {Type: AWS::Serverless::Api}", "serves HTTP APIs"},
		{"table", function + "  T: {Type: AWS::DynamoDB::Table, Properties: {Keys: []}}", "Resources.T.Properties: it isn't a table that can be made locally"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := template.Parse("t.yaml", []byte(test.text), nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v\ndoesn't say %s", err, test.want)
			}
		})
	}
	if _, err := template.Parse("t.yaml", []byte(function), template.Parameters{"Nothing": "1"}); err == nil || !strings.Contains(err.Error(), "there is no Nothing") {
		t.Error(err)
	}
}

// The project's own template is one that can be run.
func TestTheProjectsTemplate(t *testing.T) {
	stack, err := template.Read("../../template.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(stack.Tables) != 1 || !stack.Tables[0].HasStream() {
		t.Errorf("it has %d tables", len(stack.Tables))
	}
}
