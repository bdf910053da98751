package account

import (
	"strconv"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/jsonsource"
)

// details reads the output of get-account-authorization-details (IAM API
// Reference, GetAccountAuthorizationDetails).
func (r *reader) details(root *jsonsource.Node) {
	items(root.Lookup("UserDetailList"), func(n *jsonsource.Node) {
		d := r.detail(n, iam.User, "UserId", "UserPolicyList", iam.InlineUserPolicy)
		items(n.Lookup("GroupList"), func(g *jsonsource.Node) { d.Groups = append(d.Groups, g.Text) })
		r.keep(n, d, false)
	})
	items(root.Lookup("GroupDetailList"), func(n *jsonsource.Node) {
		r.keep(n, r.detail(n, iam.Anonymous, "GroupId", "GroupPolicyList", iam.InlineGroupPolicy), true)
	})
	items(root.Lookup("RoleDetailList"), r.role)
	items(root.Lookup("Policies"), r.version)
	if t := root.Lookup("IsTruncated"); t != nil && t.Text == "true" && root.Lookup("Marker") != nil {
		r.truncated = text(root, "Marker")
	}
}

// detail reads what users, groups and roles have in common.
func (r *reader) detail(n *jsonsource.Node, kind iam.PrincipalKind, id, inline string, policy iam.Kind) *draft {
	d := &draft{Principal: Principal{Kind: kind, ARN: text(n, "Arn"), ID: text(n, id)}}
	name := localName(d.ARN)
	items(n.Lookup(inline), func(p *jsonsource.Node) {
		r.inline(d, name+"/"+text(p, "PolicyName"), p.Lookup("PolicyDocument"), policy)
	})
	items(n.Lookup("AttachedManagedPolicies"), func(p *jsonsource.Node) {
		d.attached = append(d.attached, text(p, "PolicyArn"))
	})
	d.boundary = text(n, "PermissionsBoundary", "PermissionsBoundaryArn")
	items(n.Lookup("Tags"), func(t *jsonsource.Node) {
		if d.Tags == nil {
			d.Tags = map[string]string{}
		}
		d.Tags[text(t, "Key")] = text(t, "Value")
	})
	return d
}

// role reads a role as the API returns it.
func (r *reader) role(n *jsonsource.Node) {
	d := r.detail(n, iam.AssumedRole, "RoleId", "RolePolicyList", iam.InlineRolePolicy)
	d.Trust = r.compile(n.Lookup("AssumeRolePolicyDocument"), "trust of "+localName(d.ARN), iam.ParseOptions{Kind: iam.TrustPolicy})
	if s := n.Lookup("MaxSessionDuration"); s != nil {
		d.MaxSessionSeconds, _ = strconv.Atoi(s.Text)
	}
	r.keep(n, d, false)
}

// version reads the version of a managed policy that is in force.
func (r *reader) version(n *jsonsource.Node) {
	name := text(n, "Arn")
	items(n.Lookup("PolicyVersionList"), func(v *jsonsource.Node) {
		if d := v.Lookup("IsDefaultVersion"); d != nil && d.Text == "false" {
			return
		}
		if c := r.compile(v.Lookup("Document"), localName(name), iam.ParseOptions{Kind: iam.IdentityPolicy}); c != nil {
			r.managed[name] = c
		}
	})
}

// output reads what other commands print, and reports whether it is one of
// those.
func (r *reader) output(root *jsonsource.Node) bool {
	switch {
	case root.Lookup("Role", "Arn") != nil:
		r.role(root.Lookup("Role"))
	case root.Lookup("Roles") != nil:
		items(root.Lookup("Roles"), r.role)
	case root.Lookup("PolicyDocument") != nil:
		return r.embedded(root)
	default:
		return false
	}
	return true
}

// embedded reads the output of get-role-policy and its like. It names whom the
// policy belongs to, not the account: that must be the only one.
func (r *reader) embedded(root *jsonsource.Node) bool {
	for _, of := range []struct {
		member, word string
		kind         iam.PrincipalKind
		policy       iam.Kind
	}{
		{"RoleName", "role", iam.AssumedRole, iam.InlineRolePolicy},
		{"UserName", "user", iam.User, iam.InlineUserPolicy},
		{"GroupName", "group", iam.Anonymous, iam.InlineGroupPolicy},
	} {
		name := text(root, of.member)
		if name == "" {
			continue
		}
		d := &draft{Principal: Principal{Kind: of.kind, Name: name}}
		label := of.word + "/" + name
		r.inline(d, label+"/"+text(root, "PolicyName"), root.Lookup("PolicyDocument"), of.policy)
		r.loose = append(r.loose, loose{d, of.word, r.name})
		return true
	}
	return false
}

// loose is a policy of someone whose account is not said.
type loose struct {
	draft *draft
	word  string
	file  string
}
