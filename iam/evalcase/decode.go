package evalcase

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/berth-project/berth/arn"
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
	Principal                         json.RawMessage
	Action, Resource, ResourceAccount string
	Context                           map[string]json.RawMessage
}

type principalJSON struct {
	Type, ARN, RoleARN, UserARN, Account, Service, Provider, CanonicalUser string
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
func ParseCase(text []byte) Case { return parseCase(text, nil) }

func parseCase(text []byte, files fs.FS) Case {
	var in caseJSON
	err := decode(text, &in)
	c := Case{ID: in.ID, Title: in.Title, Confidence: in.Confidence, Expect: in.Expect}
	if err == nil {
		c.Request, err = in.Request.request()
	}
	if err == nil {
		err = c.readPolicies(&in, files)
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
	who, err := principalOf(r.Principal)
	if err != nil {
		return iam.Request{}, err
	}
	if r.Action == "" || r.Resource == "" {
		return iam.Request{}, errors.New(`request has no action or no resource: name both, the resource "*" where there is none`)
	}
	out := iam.Request{Principal: who, Action: r.Action, Resource: r.Resource, ResourceAccount: r.ResourceAccount}
	if out.ResourceAccount == "" {
		id, _ := arn.Parse(r.Resource)
		out.ResourceAccount = cmp.Or(id.Account, who.Account)
	}
	for _, key := range slices.Sorted(maps.Keys(r.Context)) {
		raw := r.Context[key]
		if _, ok := out.Context.Get(key); ok {
			return out, fmt.Errorf("context key %s is there in two spellings: keys are without regard to case", key)
		}
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

// principalOf reads a principal that is an object with everything about it, or
// one string from which that follows.
func principalOf(raw json.RawMessage) (iam.Principal, error) {
	var name string
	if !isNull(raw) && json.Unmarshal(raw, &name) == nil {
		return iam.ParsePrincipal(name)
	}
	var in principalJSON
	if !isNull(raw) {
		if err := decode(raw, &in); err != nil {
			return iam.Principal{}, fmt.Errorf("principal: %w", err)
		}
	}
	kind, ok := iam.ParsePrincipalKind(in.Type)
	if !ok {
		return iam.Principal{}, fmt.Errorf("principal type %q is not known: want user, assumed-role, federated-user, root, service, anonymous, saml or web-identity", in.Type)
	}
	return iam.Principal{
		Kind: kind, ARN: in.ARN, RoleARN: in.RoleARN, UserARN: in.UserARN, Account: in.Account,
		Service: in.Service, Provider: in.Provider, CanonicalUser: in.CanonicalUser,
	}, nil
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || bytes.Equal(raw, []byte("null")) }

// policyReader compiles documents and keeps the first error.
type policyReader struct {
	files fs.FS
	err   error
}

func (r *policyReader) one(raw json.RawMessage, name string, o iam.ParseOptions) *iam.Compiled {
	if isNull(raw) || r.err != nil {
		return nil
	}
	text, err := r.text(raw)
	if err != nil {
		r.err = fmt.Errorf("policy %s: %w", name, err)
		return nil
	}
	p, err := iam.Parse(text, o)
	if err != nil {
		r.err = fmt.Errorf("policy %s: %w", name, err)
		return nil
	}
	return iam.Compile(p)
}

// text is a policy that stands in the case, or in the file the case names.
func (r *policyReader) text(raw json.RawMessage) ([]byte, error) {
	var file string
	if json.Unmarshal(raw, &file) != nil {
		return raw, nil
	}
	if r.files == nil {
		return nil, fmt.Errorf("%q is the name of a file, and files are not read here: write the policy itself", file)
	}
	if !fs.ValidPath(file) {
		return nil, fmt.Errorf("%q is not the name of a file beside the cases or below: write it with slashes, without .. and ./", file)
	}
	f, err := r.files.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPolicy+1))
	if err == nil && len(text) > maxPolicy {
		err = fmt.Errorf("%s is longer than %d bytes, which no policy is", file, maxPolicy)
	}
	return text, err
}

// maxPolicy is the longest file of a policy, in bytes.
const maxPolicy = 1 << 20

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

func (c *Case) readPolicies(in *caseJSON, files fs.FS) error {
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
	r := policyReader{files: files}
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
