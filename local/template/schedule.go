package template

import (
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// schedule reads an event whose expression is a rate, as EventBridge has it: rate(5 minutes).
func (p *parser) schedule(event entry, body *yaml.Node, at place) (Schedule, error) {
	s := Schedule{Event: event.name}
	for _, property := range entries(body) {
		switch property.name {
		case "Schedule", "ScheduleExpression":
			if s.Every = rate(property.value.Value); s.Every == 0 {
				return s, p.errorf(property.value, at.at(property.name), "the local runner knows rates such as rate(5 minutes) only")
			}
		case "Name", "Description", "RetryPolicy":
		default:
			return s, p.errorf(property.key, at.at(property.name), "the local runner doesn't know this property of a schedule")
		}
	}
	if s.Every == 0 {
		return s, p.errorf(event.key, at, "it needs a Schedule")
	}
	return s, nil
}

// rate is the time that a rate expression tells; 0 if it is none.
func rate(expression string) time.Duration {
	inner, opened := strings.CutPrefix(expression, "rate(")
	inner, closed := strings.CutSuffix(inner, ")")
	value, unit, _ := strings.Cut(inner, " ")
	n, err := strconv.Atoi(value)
	per := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[strings.TrimSuffix(unit, "s")]
	if !opened || !closed || err != nil || n <= 0 || (n == 1) == strings.HasSuffix(unit, "s") {
		return 0
	}
	return time.Duration(n) * per
}
