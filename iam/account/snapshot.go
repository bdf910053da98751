package account

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
)

// Snapshot is what an export says of one or several accounts. It is read only
// and safe for concurrent use.
type Snapshot struct {
	accounts   map[string]*account
	principals []*Principal // by ARN
	byARN      map[string]*Principal
	resources  map[string]*resource // by ARN
	reach      *reach               // who may assume what, by identity policies
}

// account is what binds all of one account.
type account struct {
	id         string
	orgID      string
	orgPaths   []string
	management bool
	scps, rcps [][]*iam.Compiled
}

// resource is something with a policy of its own.
type resource struct {
	arn, account string
	policy       *iam.Compiled
}

// Principal is a user or a role of a snapshot.
type Principal struct {
	// Kind is [iam.User] or [iam.AssumedRole].
	Kind iam.PrincipalKind
	// ARN is that of the user or the role, with the path.
	ARN string
	// Name is without the path.
	Name string
	// ID is the unique ID, AIDA… or AROA…; empty where the export has none.
	ID string
	// Account is the number of the account.
	Account string
	// Groups are the groups of a user.
	Groups []string
	// Tags are the principal's tags.
	Tags map[string]string
	// Policies are its policies, those of its groups included.
	Policies []*iam.Compiled
	// Boundary is its permissions boundary; nil without one, and where the export
	// does not have its document: then it is listed in Missing.
	Boundary *iam.Compiled
	// Trust is the trust policy of a role.
	Trust *iam.Compiled
	// MaxSessionSeconds is the longest session of a role; 0 is the default, an hour.
	MaxSessionSeconds int
	// ServiceLinked is set for the roles of services.
	ServiceLinked bool
	// Missing are the ARNs of policies that it has and the export has not.
	Missing []string

	index           int      // in the principals of the snapshot
	trust           *trusted // whom Trust names, for looking up
	unknownBoundary string   // the ARN of a boundary whose document is missing
}

// String returns the principal as answers name it: "role/app".
func (p *Principal) String() string {
	if p.Kind == iam.User {
		return "user/" + p.Name
	}
	return "role/" + p.Name
}

// Principals returns the users and roles, in the order of their ARNs.
func (s *Snapshot) Principals() []*Principal { return slices.Clone(s.principals) }

// Accounts returns the numbers of the accounts, in order.
func (s *Snapshot) Accounts() []string {
	var all []string
	for id := range s.accounts {
		all = append(all, id)
	}
	slices.Sort(all)
	return all
}

// Principal returns the user or role of an ARN, of the ARN of a role's session,
// or of a name such as "role/app" that only one of them has.
func (s *Snapshot) Principal(name string) (*Principal, bool) {
	if p := s.byARN[name]; p != nil {
		return p, true
	}
	var found *Principal
	for _, p := range s.principals {
		if p.String() != name && p.Name != name && !p.hasSession(name) {
			continue
		}
		if found != nil {
			return nil, false
		}
		found = p
	}
	return found, found != nil
}

// hasSession reports whether an ARN is that of a session of the role.
func (p *Principal) hasSession(session string) bool {
	name, ok := strings.CutPrefix(session, p.sessionPrefix())
	return ok && p.Kind == iam.AssumedRole && name != "" && !strings.Contains(name, "/")
}

// sessionPrefix is what the ARNs of the role's sessions begin with.
func (p *Principal) sessionPrefix() string {
	partition := "aws"
	if parts, n := arn.Split(p.ARN); n == len(parts) {
		partition = parts[arn.PartitionComponent]
	}
	return "arn:" + partition + ":sts::" + p.Account + ":assumed-role/" + p.Name + "/"
}

// anySession is the name of a session of which nothing is known but the role.
const anySession = "session"

// caller returns the principal as it makes requests; a role in a session of that
// name.
func (p *Principal) caller(session string) iam.Principal {
	if p.Kind == iam.User {
		return iam.Principal{Kind: iam.User, ARN: p.ARN, Account: p.Account}
	}
	return iam.Principal{Kind: iam.AssumedRole, ARN: p.sessionPrefix() + session, RoleARN: p.ARN, Account: p.Account}
}

// resourceOf returns the resource whose policy applies to an ARN: itself, the
// bucket of an object, the table of an index, the function of a version.
func (s *Snapshot) resourceOf(name string) *resource {
	for part := name; ; {
		if r := s.resources[part]; r != nil {
			return r
		}
		i := strings.LastIndexAny(part, "/:")
		if i < 0 || !nested(name, part[:i]) {
			return nil
		}
		part = part[:i]
	}
}

// nested reports whether what an ARN names may belong to what a part of it names.
func nested(name, part string) bool {
	parts, n := arn.Split(name)
	if n < len(parts) || strings.Count(part, ":") < 5 {
		return false
	}
	switch parts[arn.ServiceComponent] {
	case "s3", "dynamodb", "lambda":
		return true
	}
	return false
}
