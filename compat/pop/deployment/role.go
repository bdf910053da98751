package deployment

import (
	"encoding/json"
	"strings"

	"github.com/berth-project/berth/iam"
)

// Role is what one function of a deployment runs as.
type Role struct {
	// Name is the role's, and the function's with "POP-" before it.
	Name string
	// Does says what it is for.
	Does string

	grants func(Names) []grant
	calls  func(Names) []Call
}

// Call is a call that a role makes, and on what occasion.
type Call struct {
	When, Action, Resource string
}

// grant is a statement of a policy.
type grant struct {
	sid       string
	actions   []string
	resources []string
}

// function is the name of the role's function.
func (r Role) function() string { return "POP-" + r.Name }

// Calls are the calls that the role makes, those to its log included.
func (r Role) Calls(n Names) []Call {
	return append(r.calls(n),
		Call{"a function starts", "logs:CreateLogStream", n.log(r.function(), "log-stream:2026/01/01/[1]0")},
		Call{"a function logs", "logs:PutLogEvents", n.log(r.function(), "log-stream:2026/01/01/[1]0")})
}

// Policy returns the policy that allows what the role does.
func (r Role) Policy(n Names) (*iam.Policy, error) {
	text, err := r.Document(n)
	if err != nil {
		return nil, err
	}
	return iam.Parse(text, iam.ParseOptions{Kind: iam.InlineRolePolicy})
}

// statement and document are a policy as it is written.
type statement struct {
	Sid, Effect string
	Action      []string
	Resource    []string
}

type document struct {
	Version   string
	Statement []statement
}

// Document returns the policy as a JSON document.
func (r Role) Document(n Names) ([]byte, error) {
	d := document{Version: iam.Version2012}
	own := grant{"OwnLog", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, []string{n.log(r.function(), "*")}}
	for _, g := range append(r.grants(n), own) {
		actions := make([]string, len(g.actions))
		for i, action := range g.actions {
			if actions[i] = action; !strings.Contains(action, ":") {
				actions[i] = "dynamodb:" + action
			}
		}
		d.Statement = append(d.Statement, statement{g.sid, "Allow", actions, g.resources})
	}
	return json.MarshalIndent(d, "", "  ")
}

// Trust returns who may assume the role: Lambda, on behalf of this account. Whether
// Lambda says so in every case was not seen: try it before it is enforced.
func Trust(n Names) ([]byte, error) {
	return json.MarshalIndent(map[string]any{
		"Version": iam.Version2012,
		"Statement": []any{map[string]any{
			"Effect": "Allow", "Principal": map[string]string{"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
			"Condition": map[string]any{"StringEquals": map[string]string{"aws:SourceAccount": n.Account}},
		}},
	}, "", "  ")
}
