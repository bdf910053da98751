package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// securityRules find statements that work and are dangerous, securitySetRules
// what several policies are together.
var (
	securityRules = []rule{
		publicPrincipals, resourcePolicyWrites, objectACLs, credentialsExposure, dataExfiltration, executeAny, networkExposure, addressDenies,
	}
	securitySetRules = []setRule{escalations}
)

// grantsToHolders reports whether the statements of a policy hand out what they
// allow. Boundaries, session policies, SCPs and endpoint policies only bound what
// others hand out, and are written wide.
func (p *pass) grantsToHolders() bool {
	return p.policy.Kind.Identity() || p.policy.Kind == iam.ResourcePolicy
}

// everything reports whether a statement makes an administrator: that is one
// finding, and not one for each thing an administrator may do.
func everything(s *iam.Statement) bool {
	return !s.Actions.Not && !s.Resources.Not && slices.ContainsFunc(s.Actions.Values, allActions) && slices.Contains(s.Resources.Values, "*")
}

// allActions reports whether a pattern of Action stands for all there are.
func allActions(pattern string) bool {
	plain := strings.ReplaceAll(pattern, "*", "")
	return plain == "" || plain == ":"
}

// hits returns, for each statement of an identity's or a resource's policy, by
// which grants it allows actions of a table. Those of one pattern stand
// together.
func (p *pass) hits(table []string, keep func(*iam.Statement, grant) bool) [][]grant {
	if !p.grantsToHolders() {
		return nil
	}
	all := make([][]grant, len(p.policy.Statements))
	for _, action := range table {
		for _, g := range p.grants(action) {
			if s := &p.policy.Statements[g.statement]; !everything(s) && keep(s, g) {
				all[g.statement] = append(all[g.statement], g)
			}
		}
	}
	for _, of := range all {
		slices.SortStableFunc(of, grant.compare)
	}
	return all
}

// anywhere keeps the grants on any resource that no condition keeps to some. In
// the policy of a resource "*" is that resource.
func (p *pass) anywhere(s *iam.Statement, g grant) bool {
	return p.policy.Kind.Identity() && g.anywhere && !limitsResources(s)
}

// limitsResources reports whether a condition picks resources, by their tags or
// what they are.
func limitsResources(s *iam.Statement) bool {
	return slices.ContainsFunc(s.Conditions, func(c iam.Condition) bool { return demands(&c) && limitsResource(lower(c.Key)) })
}

// limitsResource reports whether a key, in lower case, says which resource is
// meant. Its account alone says little.
func limitsResource(key string) bool {
	service, name, _ := strings.Cut(key, ":")
	if strings.HasPrefix(name, "resourcetag/") || service == "s3" && strings.HasPrefix(name, "existingobjecttag/") {
		return true
	}
	switch key {
	case "dynamodb:leadingkeys", "s3:prefix", "secretsmanager:secretid", "kms:resourcealiases", "kms:grantisforawsresource",
		"lambda:functionarn", "ecs:cluster", "ecs:task", "ec2:vpc", "cloudwatch:namespace":
		return true
	}
	return false
}

// byPattern calls report with the grants of each pattern of a statement.
func byPattern(grants []grant, report func(of []grant)) {
	for len(grants) > 0 {
		n := 1
		for n < len(grants) && grants[n].pattern == grants[0].pattern {
			n++
		}
		report(grants[:n])
		grants = grants[n:]
	}
}

// names lists the actions of grants, the first few by name.
func names(grants []grant) string {
	const most = 4
	var all []string
	for _, g := range grants {
		if !slices.Contains(all, g.action) {
			all = append(all, g.action)
		}
	}
	if len(all) > most {
		return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
	}
	return strings.Join(all, ", ")
}

// allNames lists the actions of grants, one a line.
func allNames(grants []grant) string {
	var all []string
	for _, g := range grants {
		all = append(all, g.action)
	}
	return strings.Join(slices.Compact(all), "\n")
}

// resourcePolicyWrites finds patterns that let the holder share any resource of
// a type.
func resourcePolicyWrites(p *pass) {
	for i, grants := range p.hits(policyWriters, p.anywhere) {
		byPattern(grants, func(of []grant) {
			f := p.report("SEC_RESOURCE_POLICY_WRITE", p.policy.ActionPath(i, of[0].pattern), "%s may share any resource with anyone", names(of))
			f.Detail, f.Help = allNames(of), "list the actions that are meant, or name the resources"
		})
	}
}

// objectACLs finds patterns that let the holder publish objects or buckets.
func objectACLs(p *pass) {
	open := func(s *iam.Statement, _ grant) bool { return !p.demandsKey(s, "s3:x-amz-acl", isPrivateACL) }
	for i, grants := range p.hits(aclWriters, open) {
		byPattern(grants, func(of []grant) {
			f := p.report("SEC_OBJECT_ACL", p.policy.ActionPath(i, of[0].pattern), "%s may make objects public", names(of))
			f.Help = "remove the action and switch access lists off with Object Ownership, or allow one list by s3:x-amz-acl"
		})
	}
}

// isPrivateACL accepts the canned lists that let in nobody but the owners.
func isPrivateACL(v string) bool {
	switch v {
	case "private", "bucket-owner-read", "bucket-owner-full-control", "log-delivery-write":
		return true
	}
	return false
}

// credentialsExposure finds patterns that hand out credentials of anyone.
func credentialsExposure(p *pass) {
	for i, grants := range p.hits(credentialActions, p.anywhere) {
		byPattern(grants, func(of []grant) {
			f := p.report("SEC_CREDENTIALS_EXPOSURE", p.policy.ActionPath(i, of[0].pattern), "%s returns credentials, of anyone", names(of))
			f.Help = "name whose they may be"
			if len(of) == 1 && of[0].action == registryToken {
				f.Severity, f.Level = Suggestion, Info
				f.Message = registryToken + " returns a token for the registries the holder may use"
				f.Help = "nothing is to be done: the token is worth what the other permissions allow"
			}
		})
	}
}

// dataExfiltration finds statements that read all data of a kind.
func dataExfiltration(p *pass) {
	for i, grants := range p.hits(dataReaders, p.anywhere) {
		if len(grants) > 0 {
			f := p.report("SEC_DATA_EXFILTRATION", iam.StatementPath(i), "%s reads the data of all resources", names(grants))
			f.Detail, f.Help = allNames(grants), "name what is read"
		}
	}
}

// executeAny finds statements that set anything in motion.
func executeAny(p *pass) {
	for i, grants := range p.hits(runners, p.anywhere) {
		if len(grants) > 0 {
			f := p.report("SEC_EXECUTE_ANY", iam.StatementPath(i), "%s runs anything there is", names(grants))
			f.Detail, f.Help = allNames(grants), "name what may be run"
		}
	}
}

// networkExposure finds statements that open the network. Named resources do not
// help: the language cannot limit what they are opened for.
func networkExposure(p *pass) {
	unlimited := func(s *iam.Statement, g grant) bool {
		key := networkGuards[g.action]
		return p.policy.Kind.Identity() && (key == "" || !p.demandsKey(s, key, func(v string) bool { return v == "AWS_IAM" || v == "false" }))
	}
	for i, grants := range p.hits(networkOpeners, unlimited) {
		if len(grants) > 0 {
			f := p.report("SEC_NETWORK_EXPOSURE", iam.StatementPath(i), "%s can open the network to anyone, whatever the resource", names(grants))
			f.Detail = "no condition key limits the ports or the addresses\n" + allNames(grants)
			f.Help = "leave this to automation of your own, or to a person who approves"
		}
	}
}
