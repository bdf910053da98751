package evalcase

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/berth-project/berth/iam"
)

// caseJSON is a case as the file has it.
type caseJSON struct {
	ID, Title, Topic, Note, Confidence string
	Request                            requestJSON
	Policies                           policiesJSON
	Options                            optionsJSON
	Expect                             Expectation
}

type requestJSON struct {
	Principal struct {
		Type, ARN, RoleARN, UserARN, Account, Service, Provider, CanonicalUser string
	}
	Action, Resource, ResourceAccount string
	Context                           map[string]json.RawMessage
}

type policiesJSON struct {
	Identity []json.RawMessage
	Resource json.RawMessage
	Boundary json.RawMessage
	Session  []json.RawMessage
	SCPs     [][]json.RawMessage
	RCPs     [][]json.RawMessage
	Endpoint json.RawMessage
}

type optionsJSON struct {
	ResourceType                 string
	PrincipalInManagementAccount bool
	ResourceInManagementAccount  bool
	ServiceLinkedRole            bool
}

// ParseCase reads one case: an element of "cases". What is wrong with it is in
// Err.
func ParseCase(text []byte) Case {
	var in caseJSON
	err := decode(text, &in)
	c := Case{ID: in.ID, Title: in.Title, Confidence: in.Confidence, Expect: in.Expect}
	if err == nil {
		c.Request, err = in.Request.request()
	}
	if err == nil {
		err = c.readPolicies(&in)
	}
	if err == nil {
		err = c.Expect.check()
	}
	if err != nil {
		c.Err = fmt.Errorf("case %s: %w", in.ID, err)
	}
	return c
}

func (r *requestJSON) request() (iam.Request, error) {
	kind, ok := iam.ParsePrincipalKind(r.Principal.Type)
	if !ok {
		return iam.Request{}, fmt.Errorf("principal type %q is not known: want user, assumed-role, federated-user, root, service, anonymous, saml or web-identity", r.Principal.Type)
	}
	if r.Action == "" || r.Resource == "" {
		return iam.Request{}, errors.New(`request has no action or no resource: name both, the resource "*" where there is none`)
	}
	out := iam.Request{
		Principal: iam.Principal{
			Kind: kind, ARN: r.Principal.ARN, RoleARN: r.Principal.RoleARN, UserARN: r.Principal.UserARN,
			Account: r.Principal.Account, Service: r.Principal.Service, Provider: r.Principal.Provider,
			CanonicalUser: r.Principal.CanonicalUser,
		},
		Action: r.Action, Resource: r.Resource, ResourceAccount: r.ResourceAccount,
	}
	for key, raw := range r.Context {
		var one string
		var many []string
		switch {
		case json.Unmarshal(raw, &one) == nil && !isNull(raw):
			out.Context.Set(key, one)
		case json.Unmarshal(raw, &many) == nil && !isNull(raw):
			out.Context.SetMulti(key, many...)
		default:
			return out, fmt.Errorf("context key %s is %s: write a string, or a list of strings for a multivalued key", key, raw)
		}
	}
	return out, nil
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || bytes.Equal(raw, []byte("null")) }

// policyReader compiles documents and keeps the first error.
type policyReader struct{ err error }

func (r *policyReader) one(raw json.RawMessage, name string, o iam.ParseOptions) *iam.Compiled {
	if isNull(raw) || r.err != nil {
		return nil
	}
	p, err := iam.Parse(raw, o)
	if err != nil {
		r.err = fmt.Errorf("policy %s: %w", name, err)
		return nil
	}
	return iam.Compile(p)
}

// list keeps the difference between no list and an empty one.
func (r *policyReader) list(raws []json.RawMessage, name string, o iam.ParseOptions) []*iam.Compiled {
	if raws == nil {
		return nil
	}
	out := []*iam.Compiled{}
	for i, raw := range raws {
		out = append(out, r.one(raw, fmt.Sprintf("%s[%d]", name, i), o))
	}
	return out
}

func (r *policyReader) levels(raws [][]json.RawMessage, name string, o iam.ParseOptions) [][]*iam.Compiled {
	var out [][]*iam.Compiled
	for i, level := range raws {
		out = append(out, r.list(level, fmt.Sprintf("%s[%d]", name, i), o))
	}
	return out
}

func (c *Case) readPolicies(in *caseJSON) error {
	resource := iam.ParseOptions{Kind: iam.ResourcePolicy, Lenient: true}
	target := iam.AnyResource
	switch in.Options.ResourceType {
	case "":
	case "role-trust":
		resource.Kind, target = iam.TrustPolicy, iam.RoleTrust
	case "kms-key":
		resource.ResourceType, target = "kms:key", iam.KMSKey
	default:
		return fmt.Errorf("resourceType %q is not known: want role-trust, kms-key or nothing", in.Options.ResourceType)
	}
	var r policyReader
	p := &in.Policies
	c.Policies = iam.PolicySet{
		Identity: r.list(p.Identity, "identity", iam.ParseOptions{Kind: iam.IdentityPolicy}),
		Resource: r.one(p.Resource, "resource", resource),
		Boundary: r.one(p.Boundary, "boundary", iam.ParseOptions{Kind: iam.BoundaryPolicy}),
		Session:  r.list(p.Session, "session", iam.ParseOptions{Kind: iam.SessionPolicy}),
		SCPs:     r.levels(p.SCPs, "scps", iam.ParseOptions{Kind: iam.ServiceControlPolicy}),
		RCPs:     r.levels(p.RCPs, "rcps", iam.ParseOptions{Kind: iam.ResourceControlPolicy}),
		Endpoint: r.one(p.Endpoint, "endpoint", iam.ParseOptions{Kind: iam.EndpointPolicy}),
		Target:   target,

		PrincipalInManagementAccount: in.Options.PrincipalInManagementAccount,
		ResourceInManagementAccount:  in.Options.ResourceInManagementAccount,
		ServiceLinkedRole:            in.Options.ServiceLinkedRole,
	}
	return r.err
}

// check refuses expectations that no answer could meet.
func (e *Expectation) check() error {
	switch e.Decision {
	case "Allow", "ImplicitDeny", "ExplicitDeny":
		return nil
	}
	return fmt.Errorf("expect.decision %q is not known: want Allow, ImplicitDeny or ExplicitDeny", e.Decision)
}
