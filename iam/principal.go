package iam

import (
	"fmt"
	"strings"

	"github.com/berth-project/berth/arn"
)

// ParsePrincipal returns the caller that a text names, as people name callers:
//
//	arn:aws:iam::111122223333:user/dev              a user
//	arn:aws:sts::111122223333:assumed-role/app/s1   a session of a role
//	arn:aws:iam::111122223333:role/team/app         a session of that role
//	arn:aws:sts::111122223333:federated-user/kim    a federated user
//	arn:aws:iam::111122223333:root                  the root user, as 111122223333 does
//	arn:aws:iam::111122223333:saml-provider/idp     somebody with its assertion
//	arn:aws:iam::111122223333:oidc-provider/HOST    somebody with its token
//	lambda.amazonaws.com                            a service
//	anonymous                                       nobody
//
// The role of a session ARN is taken to have no path; name the role itself
// where it has one.
func ParsePrincipal(s string) (Principal, error) {
	switch {
	case s == "anonymous" || s == "*":
		return Principal{Kind: Anonymous}, nil
	case arn.ValidAccount(s):
		return Principal{Kind: Root, ARN: "arn:aws:iam::" + s + ":root", Account: s}, nil
	case strings.HasSuffix(s, ".amazonaws.com") || strings.HasSuffix(s, ".amazonaws.com.cn"):
		return Principal{Kind: ServicePrincipal, Service: s}, nil
	}
	id, err := arn.Parse(s)
	if err != nil {
		return Principal{}, fmt.Errorf("principal: %w", err)
	}
	p := Principal{ARN: s, Account: id.Account}
	typ, name, _ := strings.Cut(id.Resource, "/")
	switch {
	case !arn.ValidAccount(id.Account) || name == "" && typ != "root" || strings.ContainsAny(s, "*?"):
	case id.Service == "iam" && typ == "root":
		p.Kind = Root
		return p, nil
	case id.Service == "iam" && typ == "user":
		p.Kind = User
		return p, nil
	case id.Service == "iam" && typ == "role":
		return sessionOf(id), nil
	case id.Service == "iam" && typ == "saml-provider":
		return Principal{Kind: SAMLIdentity, Provider: s}, nil
	case id.Service == "iam" && typ == "oidc-provider":
		return Principal{Kind: WebIdentity, Provider: s}, nil
	case id.Service == "sts" && typ == "federated-user":
		p.Kind = FederatedUser
		return p, nil
	case id.Service == "sts" && typ == "assumed-role":
		role, _, ok := strings.Cut(name, "/")
		if !ok {
			break
		}
		p.Kind = AssumedRole
		p.RoleARN = arn.ARN{Partition: id.Partition, Service: "iam", Account: id.Account, Resource: "role/" + role}.String()
		return p, nil
	}
	return Principal{}, fmt.Errorf("principal: %q is not a user, a role, a session, a provider, a root user or a service", s)
}

// sessionOf is a session of a role, whose name in the session's ARN is without
// its path.
func sessionOf(role arn.ARN) Principal {
	name := role.Resource[strings.LastIndexByte(role.Resource, '/')+1:]
	session := arn.ARN{Partition: role.Partition, Service: "sts", Account: role.Account, Resource: "assumed-role/" + name + "/session"}
	return Principal{Kind: AssumedRole, ARN: session.String(), RoleARN: role.String(), Account: role.Account}
}
