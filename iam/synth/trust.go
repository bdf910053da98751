package synth

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
)

// Trust says who may assume a role: exactly one of its fields but Place.
type Trust struct {
	// Compute is where the program runs: a name of [Computes], or a service
	// principal such as "states.amazonaws.com".
	Compute string
	// Vendor is an outside party that assumes the role for us.
	Vendor *VendorTrust
	// Role is the ARN of a role of ours, in this account or another, that
	// assumes this one.
	Role string
	// SAML is the ARN of a SAML provider.
	SAML string
	// OIDC is a workload with a token, such as a build job.
	OIDC *OIDCTrust
	// ServiceAccount is a Kubernetes service account (IRSA).
	ServiceAccount *ServiceAccountTrust
	// Place is where the role is.
	Place Place
}

// VendorTrust is an outside party.
type VendorTrust struct {
	// Account is the vendor's account, or the ARN of the one role of theirs that
	// calls, which is better.
	Account string
	// ExternalID is what the vendor sends, unique to this customer of theirs and
	// chosen by the vendor, never by the customer (the confused deputy).
	ExternalID string
}

// OIDCTrust is a workload that proves itself by a token.
type OIDCTrust struct {
	// Provider is the ARN of the provider, or its host and path in the role's
	// account: "token.actions.githubusercontent.com".
	Provider string
	// Audience is the aud of the token. Default: "sts.amazonaws.com".
	Audience string
	// Subject is the sub of the token, "*" standing for any text:
	// "repo:acme/app:ref:refs/heads/main".
	Subject string
}

// ServiceAccountTrust is a service account of a Kubernetes cluster.
type ServiceAccountTrust struct {
	// Issuer is the ARN of the cluster's OIDC provider, or its host and path.
	Issuer string
	// Namespace and Name are the service account.
	Namespace, Name string
}

// compute is a service that runs programs.
type compute struct {
	name, principal string
	// actions beyond sts:AssumeRole.
	actions []string
	// source is the resource part of the ARNs the service names as the source of
	// its call; empty where it names none (IAM User Guide, "Cross-service confused
	// deputy prevention", and the guides of the services).
	source string
}

var computes = []compute{
	{name: "apprunner", principal: "tasks.apprunner.amazonaws.com"},
	{name: "batch", principal: "ecs-tasks.amazonaws.com", source: "ecs"},
	{name: "codebuild", principal: "codebuild.amazonaws.com", source: "codebuild"},
	{name: "ec2", principal: "ec2.amazonaws.com"},
	{name: "ecs-tasks", principal: "ecs-tasks.amazonaws.com", source: "ecs"},
	{name: "lambda", principal: "lambda.amazonaws.com"},
	{name: "pod-identity", principal: "pods.eks.amazonaws.com", actions: []string{"sts:TagSession"}, source: "eks"},
	{name: "scheduler", principal: "scheduler.amazonaws.com", source: "scheduler"},
	{name: "states", principal: "states.amazonaws.com", source: "states"},
}

// Computes returns the names that [Trust].Compute knows.
func Computes() []string {
	var names []string
	for _, c := range computes {
		names = append(names, c.name)
	}
	return names
}

var (
	servicePrincipal = regexp.MustCompile(`^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$`)
	externalID       = regexp.MustCompile(`^[\w+=,.@:/-]{2,}$`)
	kubeName         = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
	issuerName       = regexp.MustCompile(`^[a-z0-9.-]+(/[A-Za-z0-9._~-]+)*$`)
)

// minExternalID is the least characters of an external ID that is not guessed.
const minExternalID = 16

// ForTrust writes a trust policy.
func ForTrust(t Trust) (*iam.Policy, error) {
	t.Place.Partition = cmp.Or(t.Place.Partition, "aws")
	write, err := t.writer()
	if err != nil {
		return nil, err
	}
	s, err := write()
	if err != nil {
		return nil, err
	}
	s.Effect = iam.Allow
	return &iam.Policy{Kind: iam.TrustPolicy, Version: iam.Version2012, Statements: []iam.Statement{s}}, nil
}

// writer returns what writes the statement of the one field that is given.
func (t Trust) writer() (func() (iam.Statement, error), error) {
	var found []func() (iam.Statement, error)
	for _, w := range []struct {
		given bool
		write func() (iam.Statement, error)
	}{
		{t.Compute != "", t.compute},
		{t.Vendor != nil, t.vendor},
		{t.Role != "", t.role},
		{t.SAML != "", t.saml},
		{t.OIDC != nil, t.oidc},
		{t.ServiceAccount != nil, t.serviceAccount},
	} {
		if w.given {
			found = append(found, w.write)
		}
	}
	if len(found) != 1 {
		return nil, errors.New("a trust policy is for exactly one of: compute, vendor, role, SAML, OIDC, service account")
	}
	return found[0], nil
}

func (t Trust) compute() (iam.Statement, error) {
	i := slices.IndexFunc(computes, func(c compute) bool { return c.name == t.Compute })
	c := compute{name: strings.TrimSuffix(t.Compute, ".amazonaws.com"), principal: t.Compute}
	if i >= 0 {
		c = computes[i]
	} else if !servicePrincipal.MatchString(t.Compute) {
		return iam.Statement{}, fmt.Errorf("%q is neither one of %s nor a service principal such as states.amazonaws.com", t.Compute, strings.Join(Computes(), ", "))
	}
	s := trusting("RunsOn"+camel(c.name), "Service", c.principal, append([]string{"sts:AssumeRole"}, c.actions...)...)
	if c.source == "" {
		return s, nil
	}
	if !arn.ValidAccount(t.Place.Account) {
		return iam.Statement{}, fmt.Errorf("trust for %s needs the account, so that nobody else's %s can use the role", t.Compute, c.source)
	}
	if t.Place.Region != "" {
		require(&s, "ArnLike", "aws:SourceArn", fmt.Sprintf("arn:%s:%s:%s:%s:*", t.Place.Partition, c.source, t.Place.Region, t.Place.Account))
	}
	require(&s, "StringEquals", "aws:SourceAccount", t.Place.Account)
	return s, nil
}

func (t Trust) vendor() (iam.Statement, error) {
	who := t.Vendor.Account
	if arn.ValidAccount(who) {
		who = "arn:" + t.Place.Partition + ":iam::" + who + ":root"
	} else if err := roleARN(who); err != nil {
		return iam.Statement{}, fmt.Errorf("the vendor is its 12-digit account or the ARN of its role: %w", err)
	}
	if digits(who) == t.Place.Account {
		return iam.Statement{}, fmt.Errorf("account %s is your own, and not a vendor's: name the role of yours that assumes this one", t.Place.Account)
	}
	id := t.Vendor.ExternalID
	if !externalID.MatchString(id) || len(id) > 1224 {
		return iam.Statement{}, fmt.Errorf("the external ID %q is not 2 to 1224 letters, digits and +=,.@:/-", id)
	}
	if len(id) < minExternalID {
		return iam.Statement{}, fmt.Errorf("an external ID of %d characters can be guessed: use at least %d, or let one be made", len(id), minExternalID)
	}
	s := trusting("Vendor"+digits(who), "AWS", who, "sts:AssumeRole")
	require(&s, "StringEquals", "sts:ExternalId", id)
	return s, nil
}

func digits(s string) string {
	a, err := arn.Parse(s)
	if err != nil {
		return ""
	}
	return a.Account
}

func roleARN(s string) error {
	a, err := arn.Parse(s)
	if err != nil {
		return err
	}
	if a.Service != "iam" || !strings.HasPrefix(a.Resource, "role/") || !arn.ValidAccount(a.Account) || strings.ContainsAny(s, "*?$") {
		return fmt.Errorf("%q is not the ARN of a role", s)
	}
	return nil
}

func (t Trust) role() (iam.Statement, error) {
	if err := roleARN(t.Role); err != nil {
		return iam.Statement{}, err
	}
	a, _ := arn.Parse(t.Role)
	return trusting("Role"+camel(a.Name()), "AWS", t.Role, "sts:AssumeRole"), nil
}

func (t Trust) saml() (iam.Statement, error) {
	a, err := arn.Parse(t.SAML)
	if err != nil || a.Service != "iam" || !strings.HasPrefix(a.Resource, "saml-provider/") || strings.ContainsAny(t.SAML, "*?$") {
		return iam.Statement{}, fmt.Errorf("%q is not the ARN of a SAML provider", t.SAML)
	}
	s := trusting("Federated"+camel(a.Name()), "Federated", t.SAML, "sts:AssumeRoleWithSAML")
	require(&s, "StringEquals", "SAML:aud", signIn(a.Partition))
	return s, nil
}

// signIn is the address a SAML assertion for the console is made out to.
func signIn(partition string) string {
	switch partition {
	case "aws-cn":
		return "https://signin.amazonaws.cn/saml"
	case "aws-us-gov":
		return "https://signin.amazonaws-us-gov.com/saml"
	}
	return "https://signin.aws.amazon.com/saml"
}

func (t Trust) oidc() (iam.Statement, error) {
	o := *t.OIDC
	provider, issuer, err := t.provider(o.Provider)
	if err != nil {
		return iam.Statement{}, err
	}
	switch {
	case o.Subject == "" || strings.Trim(o.Subject, "*:") == "":
		return iam.Statement{}, errors.New("without a subject every workload of the provider could assume the role")
	case issuer == githubIssuer && !githubSubject.MatchString(o.Subject):
		return iam.Statement{}, fmt.Errorf("the subject %q does not name one repository: repo:OWNER/NAME:ref:refs/heads/BRANCH", o.Subject)
	}
	s := trusting("Federated"+camel(issuer), "Federated", provider, "sts:AssumeRoleWithWebIdentity")
	require(&s, "StringEquals", issuer+":aud", cmp.Or(o.Audience, "sts.amazonaws.com"))
	operator := "StringEquals"
	if strings.ContainsAny(o.Subject, "*?") {
		operator = "StringLike"
	}
	require(&s, operator, issuer+":sub", o.Subject)
	return s, nil
}

const githubIssuer = "token.actions.githubusercontent.com"

var githubSubject = regexp.MustCompile(`^repo:[A-Za-z0-9._-]+/[A-Za-z0-9._-]+:.+$`)

func (t Trust) serviceAccount() (iam.Statement, error) {
	k := *t.ServiceAccount
	if !kubeName.MatchString(k.Namespace) || !kubeName.MatchString(k.Name) || len(k.Namespace) > 63 || len(k.Name) > 253 {
		return iam.Statement{}, fmt.Errorf("%q in %q is not the name of a service account", k.Name, k.Namespace)
	}
	provider, issuer, err := t.provider(k.Issuer)
	if err != nil {
		return iam.Statement{}, err
	}
	s := trusting("ServiceAccount"+camel(k.Namespace)+camel(k.Name), "Federated", provider, "sts:AssumeRoleWithWebIdentity")
	require(&s, "StringEquals", issuer+":aud", "sts.amazonaws.com")
	require(&s, "StringEquals", issuer+":sub", "system:serviceaccount:"+k.Namespace+":"+k.Name)
	return s, nil
}

// provider returns the ARN and the host and path of an OIDC provider that is
// given as either.
func (t Trust) provider(given string) (id, issuer string, err error) {
	if a, err := arn.Parse(given); err == nil {
		issuer, ok := strings.CutPrefix(a.Resource, "oidc-provider/")
		if !ok || a.Service != "iam" || !issuerName.MatchString(issuer) {
			return "", "", fmt.Errorf("%q is not the ARN of an OIDC provider", given)
		}
		return given, issuer, nil
	}
	issuer = strings.TrimSuffix(strings.TrimPrefix(given, "https://"), "/")
	if !issuerName.MatchString(issuer) {
		return "", "", fmt.Errorf("%q is not the host and path of an OIDC provider", given)
	}
	if !arn.ValidAccount(t.Place.Account) {
		return "", "", errors.New("the account is needed to name the OIDC provider in it")
	}
	return fmt.Sprintf("arn:%s:iam::%s:oidc-provider/%s", t.Place.Partition, t.Place.Account, issuer), issuer, nil
}

// trusting is a statement about one principal.
func trusting(sid, key, who string, actions ...string) iam.Statement {
	return iam.Statement{
		Sid:        pointer(sid),
		Principals: &iam.Principals{Entries: []iam.PrincipalEntry{{Key: key, Values: []string{who}, Scalar: true}}},
		Actions:    iam.Elements{Values: actions, Scalar: len(actions) == 1},
	}
}

// require adds a condition.
func require(s *iam.Statement, operator, key, value string) {
	s.Conditions = append(s.Conditions, condition{operator, key, value}.conditions()...)
	s.ConditionPresent = true
}
