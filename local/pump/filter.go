package pump

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// A filter is an event source mapping's FilterCriteria: a record passes if one of the patterns fits it, or if there is none.
type filter []pattern

// A pattern is a tree that is laid over a record: a leaf fits if one of its rules does, a branch if all that hangs on it fits.
type pattern struct {
	branches map[string]pattern
	rules    []rule
}

// A rule is one item of a leaf's list: a literal, or {"exists": …}.
type rule struct {
	literal any
	exists  *bool
}

func parseFilter(patterns []string) (filter, error) {
	var f filter
	for _, text := range patterns {
		var tree map[string]any
		if err := json.Unmarshal([]byte(text), &tree); err != nil {
			return nil, fmt.Errorf("the filter %s isn't a JSON object", text)
		}
		p, err := parseBranch(tree, nil)
		if err != nil {
			return nil, fmt.Errorf("the filter %s: %w", text, err)
		}
		f = append(f, p)
	}
	return f, nil
}

func parseBranch(tree map[string]any, path []string) (pattern, error) {
	p := pattern{branches: map[string]pattern{}}
	for name, value := range tree {
		at := append(slices.Clip(path), name)
		var err error
		switch value := value.(type) {
		case map[string]any:
			p.branches[name], err = parseBranch(value, at)
		case []any:
			p.branches[name], err = parseLeaf(value, at)
		default:
			err = fmt.Errorf("%s must be an object or a list", strings.Join(at, "."))
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

func parseLeaf(list []any, path []string) (pattern, error) {
	var p pattern
	for _, item := range list {
		r := rule{literal: item}
		if operator, ok := item.(map[string]any); ok {
			exists, is := operator["exists"].(bool)
			if !is || len(operator) != 1 {
				text, _ := json.Marshal(item)
				return p, fmt.Errorf("%s: the local runner knows exact values and exists, not %s", strings.Join(path, "."), text)
			}
			r = rule{exists: &exists}
		}
		p.rules = append(p.rules, r)
	}
	return p, nil
}

func (f filter) passes(event map[string]any) bool {
	return len(f) == 0 || slices.ContainsFunc(f, func(p pattern) bool { return p.fits(event, true) })
}

func (p pattern) fits(value any, present bool) bool {
	if p.branches == nil {
		return slices.ContainsFunc(p.rules, func(r rule) bool { return r.fits(value, present) })
	}
	members, _ := value.(map[string]any)
	for name, branch := range p.branches {
		member, has := members[name]
		if !branch.fits(member, has) {
			return false
		}
	}
	return true
}

func (r rule) fits(value any, present bool) bool {
	if r.exists != nil {
		// As in EventBridge, only a leaf can exist.
		_, inner := value.(map[string]any)
		return *r.exists == (present && !inner)
	}
	return present && value == r.literal
}
