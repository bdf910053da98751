package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
)

// simulation is the question of berth iam simulate.
type simulation struct {
	identity, session            []string
	boundary, resource, endpoint string
	scps, rcps                   []string
	principal, roleARN           string
	actions, resources           []string
	account                      string
	context                      []string
	exact, administrator         bool
	target, expect               string
	trace                        bool
}

var targets = map[string]iam.Target{"": iam.AnyResource, "role-trust": iam.RoleTrust, "kms-key": iam.KMSKey}

func (c *cli) iamSimulateCommand() *cobra.Command {
	var q simulation
	cmd := &cobra.Command{
		Use:   "simulate --action ACTION [--resource ARN]",
		Short: "say whether policies allow a request, and why",
		Long: "Decides as the vendor documents it: identity, resource, boundary, session, organisation and endpoint policies, the same\n" +
			"account and another. Every file may be a policy, a template, a plan or text with policies in it; - is standard input,\n" +
			"and FILE#NAME the policies of one role or resource in it.\n" +
			"Context keys that follow from the caller (aws:PrincipalArn, aws:username) and the clock are there; --context adds others\n" +
			"or replaces them. Without --principal a user of the resource's account asks. The exit status is 0 whatever the answer;\n" +
			"--expect makes another answer a failure.",
		Example: "  berth iam simulate --policy worker.json --action s3:GetObject --resource arn:aws:s3:::media/1.jpg\n" +
			"  berth iam simulate --policy caller.json --resource-policy trust.json --target role-trust --action sts:AssumeRole \\\n" +
			"    --principal arn:aws:iam::444455556666:role/deployer --resource arn:aws:iam::111122223333:role/app --context sts:ExternalId=k",
		Args: exactly(),
		RunE: func(*cobra.Command, []string) error { return c.simulate(&q) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&q.identity, "policy", nil, "a `FILE` with policies of the caller; may be given several times")
	f.BoolVar(&q.administrator, "administrator", false, "the caller's own policies allow everything")
	f.StringVar(&q.boundary, "boundary", "", "a `FILE` with the permissions boundary of the caller")
	f.StringArrayVar(&q.session, "session", nil, "a `FILE` with a session policy; may be given several times")
	f.StringVar(&q.resource, "resource-policy", "", "a `FILE` with the policy of the resource, or the trust policy of a role")
	f.StringArrayVar(&q.scps, "scp", nil, "`FILES` of one level of service control policies, with commas; once for each level, the root first")
	f.StringArrayVar(&q.rcps, "rcp", nil, "`FILES` of one level of resource control policies, with commas; once for each level, the root first")
	f.StringVar(&q.endpoint, "endpoint", "", "a `FILE` with the policy of the VPC endpoint the request comes through")
	f.StringVar(&q.principal, "principal", "", "who asks: the `ARN` of a user, role, session or provider, an account, a service, or anonymous")
	f.StringVar(&q.roleARN, "role-arn", "", "the `ARN` of the role of a session, where it has a path")
	f.StringSliceVar(&q.actions, "action", nil, "the `ACTION`, such as s3:GetObject; may be given several times")
	f.StringSliceVar(&q.resources, "resource", nil, "the `ARN` asked for; may be given several times (default \"*\")")
	f.StringVar(&q.account, "resource-account", "", "the `ACCOUNT` that owns the resource (default: that in its ARN, else the caller's)")
	f.StringArrayVar(&q.context, "context", nil, "a context key as `KEY=VALUE`; given several times for one key, the key is multivalued")
	f.BoolVar(&q.exact, "exact-context", false, "use the --context keys alone: derive none")
	f.StringVar(&q.target, "target", "", "what the resource is where the rules differ: `role-trust or kms-key` (default: by the action and ARN)")
	f.BoolVar(&q.trace, "trace", false, "show every statement with what matched and what did not")
	f.StringVar(&q.expect, "expect", "", "fail unless every answer is `allow or deny`")
	_ = cmd.MarkFlagRequired("action")
	c.jsonFlag(cmd)
	return cmd
}

// simulated is one answer as JSON.
type simulated struct {
	Schema    string `json:"schema"`
	Principal string `json:"principal"`
	Action    string `json:"action"`
	Resource  string `json:"resource"`
	iam.Explanation
	Message string `json:"message,omitempty"`
}

func (c *cli) simulate(q *simulation) error {
	if _, ok := targets[q.target]; !ok {
		return usageError{fmt.Errorf("--target %q is neither role-trust nor kms-key", q.target)}
	}
	if err := checkExpect(q.expect); err != nil {
		return err
	}
	set, err := c.policySet(q)
	if err != nil {
		return err
	}
	if len(q.resources) == 0 {
		q.resources = []string{"*"}
	}
	unexpected := 0
	for _, action := range q.actions {
		c.noteUnknown(action)
		for _, resource := range q.resources {
			allowed, err := c.simulateOne(q, set, action, resource)
			if err != nil {
				return err
			}
			if q.expect != "" && allowed != (q.expect == "allow") {
				unexpected++
			}
		}
	}
	if unexpected > 0 {
		fmt.Fprintf(c.stderr, "berth: expected %s; %d of %d answers are not\n", q.expect, unexpected, len(q.actions)*len(q.resources))
		return errReported
	}
	return nil
}

func (c *cli) simulateOne(q *simulation, set iam.PolicySet, action, resource string) (allowed bool, err error) {
	req, err := q.request(action, resource)
	if err != nil {
		return false, usageError{err}
	}
	if q.target == "" {
		set.Target = targetOf(action, resource)
	}
	x := set.Explain(req)
	if !q.trace {
		x.Trace = nil
	}
	if c.json {
		return x.Allowed(), c.printJSON(newSimulated(req, x))
	}
	return x.Allowed(), writeExplanation(c.stdout, x)
}

// writeExplanation writes an explanation for people, with its trace if it has
// one.
func writeExplanation(w io.Writer, x iam.Explanation) error {
	if err := x.WriteText(w); err != nil {
		return err
	}
	return x.WriteTrace(w)
}

func newSimulated(req *iam.Request, x iam.Explanation) simulated {
	return simulated{
		Schema: "berth.iam.simulation/1", Principal: nameOf(&req.Principal), Action: req.Action, Resource: req.Resource,
		Explanation: x, Message: x.Message(),
	}
}

// nameOf is what people call a principal.
func nameOf(p *iam.Principal) string { return cmp.Or(p.ARN, p.Service, p.Provider, "anonymous") }

// checkExpect checks the value of --expect.
func checkExpect(word string) error {
	if word != "" && word != "allow" && word != "deny" {
		return usageError{fmt.Errorf("--expect %q is neither allow nor deny", word)}
	}
	return nil
}

// targetOf tells by what is asked where the stricter rules of roles and keys
// apply.
func targetOf(action, resource string) iam.Target {
	id, err := arn.Parse(resource)
	lower := strings.ToLower(action)
	switch {
	case err != nil:
		return iam.AnyResource
	case id.Service == "iam" && strings.HasPrefix(id.Resource, "role/") && strings.HasPrefix(lower, "sts:"):
		return iam.RoleTrust
	case id.Service == "kms" && strings.HasPrefix(id.Resource, "key/") && strings.HasPrefix(lower, "kms:"):
		return iam.KMSKey
	}
	return iam.AnyResource
}

func (c *cli) policySet(q *simulation) (set iam.PolicySet, err error) {
	set.Target = targets[q.target]
	if set.Identity, err = c.compiledPolicies(q.identity, iam.IdentityPolicy); err != nil {
		return set, err
	}
	if q.administrator {
		set.Identity = append(set.Identity, everything())
	}
	if set.Session, err = c.compiledPolicies(q.session, iam.SessionPolicy); err != nil {
		return set, err
	}
	for _, one := range []struct {
		to   **iam.Compiled
		path string
		kind iam.Kind
	}{
		{&set.Boundary, q.boundary, iam.BoundaryPolicy},
		{&set.Resource, q.resource, q.resourceKind()},
		{&set.Endpoint, q.endpoint, iam.EndpointPolicy},
	} {
		if *one.to, err = c.onlyPolicy(one.path, one.kind); err != nil {
			return set, err
		}
	}
	if set.SCPs, err = c.levels(q.scps, iam.ServiceControlPolicy); err != nil {
		return set, err
	}
	set.RCPs, err = c.levels(q.rcps, iam.ResourceControlPolicy)
	return set, err
}

// everything is the policy of an administrator.
func everything() *iam.Compiled {
	star := iam.Elements{Values: []string{"*"}}
	return iam.CompileNamed("--administrator", &iam.Policy{
		Version: iam.Version2012, Statements: []iam.Statement{{Effect: iam.Allow, Actions: star, Resources: star}},
	})
}

// resourceKind is the kind of the resource's policy: a trust policy where a
// role is assumed.
func (q *simulation) resourceKind() iam.Kind {
	for _, a := range q.actions {
		if q.target == "role-trust" || len(q.resources) > 0 && targetOf(a, q.resources[0]) == iam.RoleTrust {
			return iam.TrustPolicy
		}
	}
	return iam.ResourcePolicy
}

func (c *cli) levels(given []string, kind iam.Kind) ([][]*iam.Compiled, error) {
	var out [][]*iam.Compiled
	for _, level := range given {
		policies, err := c.compiledPolicies(strings.Split(level, ","), kind)
		if err != nil {
			return nil, err
		}
		out = append(out, policies)
	}
	return out, nil
}

// request is one question of the simulation.
func (q *simulation) request(action, resource string) (*iam.Request, error) {
	if err := checkAction("--action", action); err != nil {
		return nil, err
	}
	account := q.account
	if id, err := arn.Parse(resource); err == nil {
		account = cmp.Or(account, id.Account)
	} else if resource != "*" {
		return nil, fmt.Errorf("--resource: %w", err)
	}
	if !arn.ValidAccount(account) && account != "" {
		return nil, fmt.Errorf("the resource's account %q is not 12 digits; give --resource-account", account)
	}
	who, err := q.caller(account)
	if err != nil {
		return nil, err
	}
	context, err := q.contextOf(who, cmp.Or(account, who.Account))
	return &iam.Request{Principal: who, Action: action, Resource: resource, ResourceAccount: cmp.Or(account, who.Account, someAccount), Context: context}, err
}

// noteUnknown tells of an action that the catalogue does not have: policies
// decide about it all the same.
func (c *cli) noteUnknown(action string) {
	cat := catalog.Default()
	prefix, _, _ := strings.Cut(action, ":")
	_, listed := cat.Service(prefix)
	if _, ok := cat.Action(action); !ok && (listed || !cat.KnownPrefix(prefix)) {
		fmt.Fprintf(c.stderr, "note: %v\n", noAction(action))
	}
}

// checkAction refuses what is not the name of one action.
func checkAction(flag, action string) error {
	if prefix, name, ok := strings.Cut(action, ":"); !ok || prefix == "" || name == "" || strings.ContainsAny(action, "*?") {
		return fmt.Errorf("%s %q is not one action, such as s3:GetObject", flag, action)
	}
	return nil
}

// someAccount is the account of a caller about whom nothing is said.
const someAccount = "111122223333"

func (q *simulation) caller(account string) (iam.Principal, error) {
	if q.principal == "" {
		account = cmp.Or(account, someAccount)
		return iam.Principal{Kind: iam.User, ARN: "arn:aws:iam::" + account + ":user/someone", Account: account}, nil
	}
	who, err := iam.ParsePrincipal(q.principal)
	if err == nil && q.roleARN != "" {
		if who.Kind != iam.AssumedRole {
			return who, fmt.Errorf("--role-arn is for sessions of roles, and %s is none", q.principal)
		}
		who.RoleARN = q.roleARN
	}
	return who, err
}

func (q *simulation) contextOf(who iam.Principal, resourceAccount string) (iam.Context, error) {
	var context iam.Context
	if !q.exact {
		facts := iam.Facts{Principal: who, Time: time.Now(), Call: iam.CallFacts{TLS: true}, Resource: iam.ResourceFacts{Account: resourceAccount}}
		context = iam.DeriveContext(facts)
	}
	return context, setContext(&context, q.context)
}

// setContext sets the keys that --context gives as KEY=VALUE.
func setContext(context *iam.Context, pairs []string) error {
	given := map[string][]string{}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || !strings.Contains(key, ":") {
			return fmt.Errorf("--context %q is not KEY=VALUE, such as aws:SourceIp=203.0.113.7", pair)
		}
		given[strings.ToLower(key)] = append(given[strings.ToLower(key)], value)
	}
	for key, values := range given {
		if len(values) == 1 && !multivalued(key) {
			context.Set(key, values[0])
			continue
		}
		context.SetMulti(key, values...)
	}
	return nil
}

// multivalued reports whether the catalogue knows the key as one of several
// values, so that one of it given alone still is.
func multivalued(key string) bool {
	k, ok := knownKey(key)
	return ok && k.Multi
}

// sortedUnique is the sorted set of words.
func sortedUnique(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}
