// Package template reads template.yaml as far as running the functions on one machine needs it: the functions with their routes, streams and
// variables, and the tables. CloudFormation's functions (!Ref, !Sub, !If …) are worked out with the parameters' defaults.
//
// What the package reads, it reads strictly: a property, event or function of CloudFormation that it doesn't know is an error with its place, so that
// nothing that changes how the cloud behaves is passed over silently. What it has no use for (policies, alarms, domains) it doesn't look at.
package template

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
)

// A Template is what template.yaml says, in the file's order.
type Template struct {
	Functions []Function
	Tables    []Table
}

// A Function is an AWS::Serverless::Function, with what Globals.Function gives it.
type Function struct {
	// LogicalID is its name in the template, such as SignupsAttemptVerificationFunction.
	LogicalID string
	// Path is <family>/<operation>, such as signups/attempt-verification: its directory below functions/.
	Path string
	// Timeout is how long one invocation may take.
	Timeout time.Duration
	// MemoryMB is its memory in MiB.
	MemoryMB int
	// LogFormat and LogLevel are LoggingConfig's LogFormat and ApplicationLogLevel, empty when not given.
	LogFormat, LogLevel string
	// Environment has every variable that is declared. A value that only a deployed stack has (a resource's attribute) is that attribute's name.
	Environment map[string]string
	// Routes are the routes of the HTTP API that it serves.
	Routes []Route
	// Streams are the table streams that wake it.
	Streams []Stream
	// Schedules are what invokes it now and then.
	Schedules []Schedule
}

// A Route is an HttpApi event.
type Route struct {
	// Event is the event's name in the template.
	Event string
	// Method is GET, POST … or ANY; empty for $default.
	Method string
	// Path is the path with its parameters, such as /v1/client/sign_ups/{id}, or $default.
	Path string
}

// DefaultPath is the Path of the route that takes what no other takes.
const DefaultPath = "$default"

// Key is the route's key as API Gateway writes it: "POST /v1/client" or "$default".
func (r Route) Key() string {
	if r.Path == DefaultPath {
		return DefaultPath
	}
	return r.Method + " " + r.Path
}

// A Stream is a DynamoDB event: a table's stream that wakes a function.
type Stream struct {
	// Event is the event's name in the template.
	Event string
	// Table is the logical id of the table.
	Table string
	// StartingPosition is TRIM_HORIZON or LATEST.
	StartingPosition string
	// BatchSize is the most records of one invocation.
	BatchSize int
	// Filters are the patterns of FilterCriteria as JSON; a record passes if one of them fits, or if there is none.
	Filters []string
	// MaximumRetryAttempts is how often a failed batch is tried again; -1 is without end.
	MaximumRetryAttempts int
	// MaximumRecordAge is how old a record may become before it is given up; 0 is without end.
	MaximumRecordAge time.Duration
	// BisectBatchOnFunctionError splits a failed batch in two.
	BisectBatchOnFunctionError bool
	// ReportBatchItemFailures lets the function answer which records failed.
	ReportBatchItemFailures bool
}

// A Schedule is an event of type Schedule or ScheduleV2.
type Schedule struct {
	// Event is the event's name in the template.
	Event string
	// Every is how long it is from one invocation to the next.
	Every time.Duration
}

// Parameters override the defaults of the template's Parameters.
type Parameters map[string]string

// Read reads the template in the file at path. An error names the file, the line and the place.
func Read(path string, parameters Parameters) (*Template, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(filepath.Base(path), text, parameters)
}

// Function returns the function of that Path, and whether there is one.
func (t *Template) Function(path string) (Function, bool) {
	for _, f := range t.Functions {
		if f.Path == path {
			return f, true
		}
	}
	return Function{}, false
}

// Declares says whether a function of the template declares the environment variable.
func (t *Template) Declares(variable string) bool {
	for _, f := range t.Functions {
		if _, ok := f.Environment[variable]; ok {
			return true
		}
	}
	return false
}

const idSuffix = "Function"

// LogicalID is the template's name for the function at path: signups/attempt-verification is SignupsAttemptVerificationFunction.
func LogicalID(path string) string {
	var id strings.Builder
	for word := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '-' }) {
		id.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return id.String() + idSuffix
}

// PathOf is the inverse of LogicalID. The error says how an id has to be built.
func PathOf(logicalID string) (string, error) {
	var words []string
	for _, r := range strings.TrimSuffix(logicalID, idSuffix) {
		if unicode.IsUpper(r) || len(words) == 0 {
			words = append(words, "")
		}
		words[len(words)-1] += string(unicode.ToLower(r))
	}
	if len(words) < 2 || LogicalID(words[0]+"/"+strings.Join(words[1:], "-")) != logicalID {
		return "", fmt.Errorf("%s isn't <Family><Operation>Function in CamelCase, such as SignupsCreateFunction", logicalID)
	}
	return words[0] + "/" + strings.Join(words[1:], "-"), nil
}
