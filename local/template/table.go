package template

import (
	"bytes"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.yaml.in/yaml/v3"
)

// A Table is an AWS::DynamoDB::Table.
type Table struct {
	// LogicalID is its name in the template.
	LogicalID string
	// TTLAttribute is the attribute that TimeToLiveSpecification names; empty when items don't expire.
	TTLAttribute string

	definition []byte // CreateTable's request without the name
}

// CreateInput is the CreateTable request that makes the table under name. Protection against deletion and point-in-time recovery are left out: they
// mean nothing locally.
func (t Table) CreateInput(name string) *dynamodb.CreateTableInput {
	input := &dynamodb.CreateTableInput{}
	// The definition has been decoded once already, by Parse.
	_ = json.Unmarshal(t.definition, input)
	input.TableName = aws.String(name)
	if input.StreamSpecification != nil {
		input.StreamSpecification.StreamEnabled = aws.Bool(true)
	}
	if input.BillingMode == "" {
		input.BillingMode = types.BillingModeProvisioned
	}
	return input
}

// HasStream says whether the table has a stream.
func (t Table) HasStream() bool { return t.CreateInput("").StreamSpecification != nil }

func (p *parser) table(resource entry, at place) (Table, error) {
	table := Table{LogicalID: resource.name}
	kept := map[string]any{}
	for _, property := range entries(lookup(resource.value, "Properties")) {
		here := at.at(property.name)
		switch property.name {
		case "TimeToLiveSpecification":
			name, err := p.text(orEmpty(lookup(property.value, "AttributeName")), here)
			if err != nil {
				return table, err
			}
			table.TTLAttribute = name
		case "TableName", "PointInTimeRecoverySpecification", "DeletionProtectionEnabled", "Tags", "SSESpecification",
			"ContributorInsightsSpecification", "ResourcePolicy", "OnDemandThroughput":
		default:
			value, err := p.plain(property.value, here)
			if err != nil {
				return table, err
			}
			kept[property.name] = value
		}
	}
	var err error
	if table.definition, err = json.Marshal(kept); err != nil {
		return table, err
	}
	decoder := json.NewDecoder(bytes.NewReader(table.definition))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&dynamodb.CreateTableInput{}); err != nil {
		return table, p.errorf(resource.key, at, "it isn't a table that can be made locally: %v", err)
	}
	return table, nil
}

// plain resolves node to what encoding/json takes.
func (p *parser) plain(node *yaml.Node, at place) (any, error) {
	resolved, err := p.resolve(node, at)
	if err != nil || resolved == nil {
		return nil, err
	}
	var value any
	if err := resolved.Decode(&value); err != nil {
		return nil, p.errorf(node, at, "%v", err)
	}
	return value, nil
}
