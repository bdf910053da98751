package lint

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/internal/glob"
)

// conditionKeys checks that keys exist and are there for these requests.
func conditionKeys(p *pass) {
	p.conditions(func(i, c int, cond *iam.Condition) {
		path := p.policy.ConditionPath(i, c, -1)
		if !strings.Contains(cond.Key, ":") || p.refused(path) {
			return // reported by the reader
		}
		p.deprecatedKey(cond.Key, path)
		p.keyOfNoResource(i, cond, path)
		p.unknownKey(cond.Key, path)
	})
}

// managementAccountKey is in policies of the vendor's own and in none of its
// guides.
const managementAccountKey = "aws:PrincipalOrgMasterAccountId"

// unknownKey reports a key that is in no request. Of services whose keys are not
// known nothing is said, nor of the claims of identity providers.
func (p *pass) unknownKey(key, path string) {
	if _, known := catalog.Default().Key(key); known || successors[strings.ToLower(key)] != "" || strings.EqualFold(key, managementAccountKey) {
		return
	}
	prefix, _, _ := strings.Cut(key, ":")
	prefix = strings.ToLower(prefix)
	service, known := catalog.Default().Service(prefix)
	switch {
	case prefix == "aws":
		p.noKey("INVALID_GLOBAL_CONDITION_KEY", key, path, "there is no global condition key %s", catalog.Default().GlobalKeys())
	case strings.ContainsAny(prefix, "./") || prefix == "saml":
	case known:
		p.noKey("INVALID_SERVICE_CONDITION_KEY", key, path, "the service has no condition key %s", service.Keys)
	case !knownService(prefix):
		p.noKey("INVALID_SERVICE_CONDITION_KEY", key, path, "no service has a condition key %s", nil)
	}
}

func (p *pass) noKey(code, key, path, format string, known []catalog.Key) {
	f := p.report(code, path, format, key)
	f.Detail = "it is absent in every request"
	if near := nearKey(key, known); near != "" {
		f.Help = "did you mean " + near + "?"
	}
}

// nearKey returns a key that was probably meant: the one that agrees with it in
// most letters at the beginning and the end, and in all but three in between.
func nearKey(key string, known []catalog.Key) string {
	base, tag, tagged := strings.Cut(key, "/")
	best, least := "", 4
	for _, k := range known {
		name, _, _ := strings.Cut(k.Name, "/")
		if d := unlike(strings.ToLower(base), strings.ToLower(name)); d > 0 && d < least {
			best, least = name, d
		}
	}
	if best != "" && tagged {
		best += "/" + tag
	}
	return best
}

// unlike is how many letters two words differ in between their common beginning
// and end.
func unlike(a, b string) int {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return max(len(a), len(b))
}

// successors are keys that have been replaced (SNS Developer Guide, "Access
// control conditions"; IAM User Guide, "IAM policy validation check reference").
var successors = map[string]string{"aws:sourceowner": "aws:SourceAccount", "aws:arn": "aws:PrincipalArn"}

func (p *pass) deprecatedKey(key, path string) {
	if successor := successors[strings.ToLower(key)]; successor != "" {
		p.report("DEPRECATED_GLOBAL_CONDITION_KEY", path, "%s has been replaced by %s", key, successor).Help = "test " + successor
	}
}

// resourceOwnerKeys say whose the resource is.
var resourceOwnerKeys = []string{"aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths"}

// withoutResourceOwner are the actions whose requests do not say whose the
// resource is (IAM User Guide, "AWS global condition context keys").
var withoutResourceOwner = []string{
	"auditmanager:UpdateAssessmentFrameworkShare", "detective:AcceptInvitation", "ds:AcceptSharedDirectory",
	"ec2:AcceptTransitGatewayPeeringAttachment", "ec2:AcceptVpcEndpointConnections", "ec2:AcceptVpcPeeringConnection",
	"ec2:CreateTransitGatewayPeeringAttachment", "ec2:CreateVpcEndpoint", "ec2:CreateVpcPeeringConnection",
	"ec2:DeleteTransitGatewayPeeringAttachment", "ec2:DeleteVpcPeeringConnection", "ec2:RejectTransitGatewayPeeringAttachment",
	"ec2:RejectVpcEndpointConnections", "ec2:RejectVpcPeeringConnection", "guardduty:AcceptAdministratorInvitation",
	"macie2:AcceptInvitation", "es:AcceptInboundConnection", "route53:AssociateVpcWithHostedZone",
	"route53:CreateVPCAssociationAuthorization", "route53:DeleteVPCAssociationAuthorization", "route53:DisassociateVPCFromHostedZone",
	"route53:ListHostedZonesByVPC", "securityhub:AcceptAdministratorInvitation",
}

// keyOfNoResource reports a test of the resource's owner for actions that do not
// tell it. With IfExists the test is waived for them, as is then meant.
func (p *pass) keyOfNoResource(i int, cond *iam.Condition, path string) {
	s := &p.policy.Statements[i]
	if s.Actions.Not || cond.Operator.IfExists || cond.Operator.Test == iam.Null || !slices.Contains(resourceOwnerKeys, strings.ToLower(cond.Key)) {
		return
	}
	var without []string
	for _, action := range s.Actions.Values {
		if slices.ContainsFunc(withoutResourceOwner, func(a string) bool { return glob.Literal(action) && strings.EqualFold(a, action) }) {
			without = append(without, action)
		}
	}
	if len(without) > 0 {
		f := p.report("UNSUPPORTED_GLOBAL_CONDITION_KEY", path, "requests for %s never carry %s", strings.Join(without, ", "), cond.Key)
		f.Help = "move these actions to a statement of their own"
	}
}
