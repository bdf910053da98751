package lint

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/jsonedit"
)

// fix adds to a finding what would mend it. Without a text, or where the patch
// finds no place in it, there is none.
func (p *pass) fix(f *Finding, safe bool, description string, patch []Operation) {
	if len(patch) > 0 {
		f.Fix = &Fix{Description: description, Safe: safe, Patch: patch}
	}
}

// put replaces the value at a path.
func (p *pass) put(path string, value any) []Operation {
	return p.operation("replace", path, value)
}

// drop removes what stands at a path.
func (p *pass) drop(path string) []Operation {
	return p.operation("remove", path, nil)
}

func (p *pass) operation(op, path string, value any) []Operation {
	pointer, ok := p.policy.Pointer(path)
	if !ok {
		return nil
	}
	return []Operation{{Op: op, Path: pointer, Value: value}}
}

// insert adds a member to the object at a path.
func (p *pass) insert(path, name string, value any) []Operation {
	pointer, ok := p.policy.Pointer(path)
	if !ok {
		return nil
	}
	return []Operation{{Op: "add", Path: pointer + "/" + jsonedit.Token(name), Value: value}}
}

// addCondition adds a condition to statement i. Where the operator is there in
// another spelling, or with the key, a person has to write it.
func (p *pass) addCondition(i int, operator, key, value string) []Operation {
	s := &p.policy.Statements[i]
	if !s.ConditionPresent {
		return p.insert(iam.StatementPath(i), "Condition", map[string]any{operator: map[string]string{key: value}})
	}
	base, ok := p.policy.Pointer(p.policy.ConditionPath(i, -1, -1))
	if !ok {
		return nil
	}
	for _, c := range s.Conditions {
		switch {
		case c.Written == operator && !strings.EqualFold(c.Key, key):
			ok = false
		case strings.EqualFold(c.Written, operator):
			return nil
		}
	}
	base += "/" + jsonedit.Token(operator)
	if ok {
		return []Operation{{Op: "add", Path: base, Value: map[string]string{key: value}}}
	}
	return []Operation{{Op: "add", Path: base + "/" + jsonedit.Token(key), Value: value}}
}

// addAction adds an action to those of statement i.
func (p *pass) addAction(i int, action string) []Operation {
	e := p.policy.Statements[i].Actions
	if e.Not {
		return nil
	}
	return p.put(p.policy.ActionPath(i, -1), append(slices.Clone(e.Values), action))
}

// operatorMove puts condition c of statement i under another operator. Where
// the operator has other keys too, or the statement has the other operator
// already, a person has to write it.
func (p *pass) operatorMove(i, c int, operator string) []Operation {
	conditions := p.policy.Statements[i].Conditions
	for k, other := range conditions {
		if k != c && (other.Written == conditions[c].Written || strings.EqualFold(other.Written, operator)) {
			return nil
		}
	}
	base, ok := p.policy.Pointer(p.policy.ConditionPath(i, -1, -1))
	if !ok {
		return nil
	}
	return []Operation{{
		Op: "move", From: base + "/" + jsonedit.Token(conditions[c].Written), Path: base + "/" + jsonedit.Token(operator),
	}}
}

// rawJSON is a value in the spelling of the document.
func rawJSON(text string) any {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return text
}
