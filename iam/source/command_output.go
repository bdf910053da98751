package source

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/jsonsource"
)

// output is what a command of the vendor's command line prints, with a policy in
// it.
type output struct {
	// has are the members that tell the command.
	has []string
	// each leads to the things that have policies; empty is the document itself.
	each string
	// policy leads from such a thing to its policy.
	policy string
	kind   iam.Kind
	on     string // what a resource policy is attached to: "sqs:queue"
	// name and owner are the members of the thing that name the policy and what
	// has it; word is put before the owner.
	name, owner, word string
	why               string
}

// outputs are the commands, the more particular before the less (AWS CLI Command
// Reference).
var outputs = []output{
	{has: []string{"PolicyVersion"}, policy: "PolicyVersion.Document", kind: iam.IdentityPolicy, why: "get-policy-version prints a managed policy"},
	{has: []string{"Role"}, each: "Role", policy: "AssumeRolePolicyDocument", kind: iam.TrustPolicy, owner: "RoleName", word: "role/", why: "AssumeRolePolicyDocument of a role"},
	{has: []string{"Roles"}, each: "Roles[]", policy: "AssumeRolePolicyDocument", kind: iam.TrustPolicy, owner: "RoleName", word: "role/", why: "AssumeRolePolicyDocument of a role"},
	{has: []string{"RoleName", "PolicyName", "PolicyDocument"}, policy: "PolicyDocument", kind: iam.InlineRolePolicy, name: "PolicyName", owner: "RoleName", word: "role/", why: "get-role-policy prints a policy of a role"},
	{has: []string{"UserName", "PolicyName", "PolicyDocument"}, policy: "PolicyDocument", kind: iam.InlineUserPolicy, name: "PolicyName", owner: "UserName", word: "user/", why: "get-user-policy prints a policy of a user"},
	{has: []string{"GroupName", "PolicyName", "PolicyDocument"}, policy: "PolicyDocument", kind: iam.InlineGroupPolicy, name: "PolicyName", owner: "GroupName", word: "group/", why: "get-group-policy prints a policy of a group"},
	{has: []string{"InlinePolicy"}, policy: "InlinePolicy", kind: iam.InlineRolePolicy, why: "get-inline-policy-for-permission-set prints a policy of a role"},
	{has: []string{"VpcEndpoints"}, each: "VpcEndpoints[]", policy: "PolicyDocument", kind: iam.EndpointPolicy, owner: "VpcEndpointId", why: "describe-vpc-endpoints prints the policies of endpoints"},
	{has: []string{"repositoryName", "policyText"}, policy: "policyText", kind: iam.ResourcePolicy, on: "ecr:repository", owner: "repositoryName", why: "get-repository-policy prints the policy of a repository"},
	{has: []string{"registryId", "policyText"}, policy: "policyText", kind: iam.ResourcePolicy, on: "ecr", owner: "registryId", why: "get-registry-policy prints the policy of a registry"},
	{has: []string{"ARN", "ResourcePolicy"}, policy: "ResourcePolicy", kind: iam.ResourcePolicy, on: "secretsmanager:secret", owner: "ARN", why: "get-resource-policy prints the policy of a secret"},
	{has: []string{"resourcePolicies"}, each: "resourcePolicies[]", policy: "policyDocument", kind: iam.ResourcePolicy, on: "logs", name: "policyName", why: "describe-resource-policies prints the policies of a resource"},
	{has: []string{"Attributes"}, each: "Attributes", policy: "Policy", kind: iam.ResourcePolicy, on: "sqs:queue", owner: "QueueArn", why: "get-queue-attributes prints the policy of a queue"},
	{has: []string{"Attributes"}, each: "Attributes", policy: "Policy", kind: iam.ResourcePolicy, on: "sns:topic", owner: "TopicArn", why: "get-topic-attributes prints the policy of a topic"},
	{has: []string{"BackupVaultName", "Policy"}, policy: "Policy", kind: iam.ResourcePolicy, on: "backup:backupVault", owner: "BackupVaultArn", why: "get-backup-vault-access-policy prints the policy of a vault"},
	{has: []string{"FileSystemId", "Policy"}, policy: "Policy", kind: iam.ResourcePolicy, on: "elasticfilesystem:file-system", owner: "FileSystemId", why: "describe-file-system-policy prints the policy of a file system"},
	{has: []string{"Arn", "Policy"}, policy: "Policy", kind: iam.ResourcePolicy, owner: "Arn", why: "the output is the policy of a resource"},
	{has: []string{"PolicyInJson"}, policy: "PolicyInJson", kind: iam.ResourcePolicy, on: "glue:catalog", why: "get-resource-policy prints the policy of a catalogue"},
	{has: []string{"policy"}, policy: "policy.document", kind: iam.ResourcePolicy, on: "codeartifact:repository", why: "get-repository-permissions-policy prints the policy of a repository"},
	{has: []string{"Policy", "RevisionId"}, policy: "Policy", kind: iam.ResourcePolicy, why: "the output is the policy of a resource"},
	{has: []string{"Policy", "PolicyName"}, policy: "Policy", kind: iam.ResourcePolicy, on: "kms:key", why: "get-key-policy prints the policy of a key"},
	{has: []string{"Policy"}, policy: "Policy", kind: iam.ResourcePolicy, why: "the output is the policy of a resource"},
}

// commandOutput finds the policies in what a command prints and reports whether
// it is one of those that are known.
func (w *walker) commandOutput(root *jsonsource.Node) bool {
	if root.Kind != jsonsource.Object {
		return false
	}
	if p := root.Lookup("Policy", "PolicySummary"); p != nil {
		return w.organizationPolicy(root.Lookup("Policy"), p)
	}
	known := false
	for _, o := range outputs {
		if slices.ContainsFunc(o.has, func(name string) bool { return root.Member(name) == nil }) {
			continue
		}
		visit(root, o.each, func(_ string, n *jsonsource.Node) {
			if o.owner == "" || n.Member(o.owner) != nil {
				visit(n, o.policy, func(at string, document *jsonsource.Node) {
					known = w.printed(o, n, at, document) || known
				})
			}
		})
		if known {
			return true
		}
	}
	return false
}

// printed takes one policy of a command's output.
func (w *walker) printed(o output, n *jsonsource.Node, at string, document *jsonsource.Node) bool {
	if document.Kind == jsonsource.Object && !isPolicy(document) || document.Kind == jsonsource.String && !mentions([]byte(document.Text)) {
		return false
	}
	r := certain(w.title(w.t, w.around), o.kind, o.why)
	r.resourceType = o.on
	if owner := stringOf(n, o.owner); owner != "" {
		r.attached = []string{o.word + owner}
		r.name = o.word + owner
		if o.kind == iam.TrustPolicy {
			r.name += "/" + at
		}
	}
	if name := stringOf(n, o.name); name != "" {
		r.name = name
		if len(r.attached) > 0 {
			r.name = r.attached[0] + "/" + name
		}
	}
	w.slot(r, document)
	return true
}

// organizationPolicy takes what describe-policy of an organisation prints.
func (w *walker) organizationPolicy(n, summary *jsonsource.Node) bool {
	content := n.Lookup("Content")
	kind, ok := organizationKind(summary.Lookup("Type"))
	if content == nil || !ok {
		return true
	}
	name := stringOf(summary, "Name")
	if name == "" {
		name = w.title(w.t, w.around)
	}
	w.slot(certain(name, kind, "describe-policy: "+strings.ToLower(strings.ReplaceAll(stringOf(summary, "Type"), "_", " "))), content)
	return true
}
