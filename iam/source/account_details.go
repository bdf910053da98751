package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/jsonsource"
)

// isAccountDetails reports whether a document is the output of
// get-account-authorization-details (IAM API Reference,
// GetAccountAuthorizationDetails).
func isAccountDetails(n *jsonsource.Node) bool {
	for _, list := range []string{"UserDetailList", "GroupDetailList", "RoleDetailList"} {
		if v := n.Lookup(list); v != nil && v.Kind == jsonsource.Array {
			return true
		}
	}
	return false
}

// accountDetails finds the policies of an account.
func (w *walker) accountDetails(root *jsonsource.Node) {
	attached, bounded := map[string][]string{}, map[string][]string{}
	for _, of := range accountLists {
		eachItem(root.Lookup(of.list), func(n *jsonsource.Node) {
			who := of.word + "/" + stringOf(n, of.name)
			w.owned(n, who, of)
			eachItem(n.Lookup("AttachedManagedPolicies"), func(p *jsonsource.Node) {
				arn := stringOf(p, "PolicyArn")
				attached[arn] = append(attached[arn], who)
			})
			if arn := stringOf(n.Lookup("PermissionsBoundary"), "PermissionsBoundaryArn"); arn != "" {
				bounded[arn] = append(bounded[arn], who)
			}
		})
	}
	eachItem(root.Lookup("Policies"), func(n *jsonsource.Node) { w.managed(n, attached, bounded) })
}

// accountList is one of the lists of who has policies.
type accountList struct {
	list, word, name, inline string
	kind                     iam.Kind
}

var accountLists = []accountList{
	{"UserDetailList", "user", "UserName", "UserPolicyList", iam.InlineUserPolicy},
	{"GroupDetailList", "group", "GroupName", "GroupPolicyList", iam.InlineGroupPolicy},
	{"RoleDetailList", "role", "RoleName", "RolePolicyList", iam.InlineRolePolicy},
}

// owned takes the policies embedded in one user, group or role.
func (w *walker) owned(n *jsonsource.Node, who string, of accountList) {
	if trust := n.Lookup("AssumeRolePolicyDocument"); trust != nil {
		r := certain(who+"/AssumeRolePolicyDocument", iam.TrustPolicy, "AssumeRolePolicyDocument of "+who)
		r.attached = []string{who}
		w.slot(r, trust)
	}
	eachItem(n.Lookup(of.inline), func(p *jsonsource.Node) {
		if document := p.Lookup("PolicyDocument"); document != nil {
			r := certain(who+"/"+stringOf(p, "PolicyName"), of.kind, of.inline+" of "+who)
			r.attached = []string{who}
			w.slot(r, document)
		}
	})
}

// managed takes the version of a managed policy that is in force.
func (w *walker) managed(n *jsonsource.Node, attached, bounded map[string][]string) {
	arn := stringOf(n, "Arn")
	r := certain(stringOf(n, "PolicyName"), iam.IdentityPolicy, "a managed policy: Policies")
	r.attached = slices.Concat(attached[arn], bounded[arn])
	if who := bounded[arn]; len(who) > 0 && len(attached[arn]) == 0 {
		r.kind, r.why = iam.BoundaryPolicy, "PermissionsBoundary of "+strings.Join(who[:min(len(who), 5)], ", ")
	}
	old := 0
	eachItem(n.Lookup("PolicyVersionList"), func(v *jsonsource.Node) {
		document := v.Lookup("Document")
		if document == nil {
			return
		}
		if d := v.Lookup("IsDefaultVersion"); d != nil && d.Text == "false" {
			old++
			return
		}
		w.slot(r, document)
	})
	if old > 0 {
		w.note(w.t.origin(n.Start), fmt.Sprintf("versions of %s that are not in force were not read: %d", r.name, old), "")
	}
}

// eachItem calls do for each item of a list.
func eachItem(n *jsonsource.Node, do func(*jsonsource.Node)) {
	if n == nil {
		return
	}
	for i := range n.Items {
		do(&n.Items[i])
	}
}
