package console

import "github.com/berth-project/berth/iam"

// reasons say in words why a request is answered as it is.
var reasons = map[iam.Reason]string{
	iam.AllowIdentity:     "A policy of the caller allows it, and nothing that limits the caller stands against it.",
	iam.AllowResource:     "The policy of the resource allows it to the caller by itself.",
	iam.AllowCrossAccount: "The resource is in another account, and both sides allow it: its policy and the caller's.",
	iam.AllowAlways:       "Every caller may do this; no policy can deny it.",

	iam.DeniedBySCP:      "A service control policy denies it, and a Deny always wins.",
	iam.DeniedByRCP:      "A resource control policy denies it, and a Deny always wins.",
	iam.DeniedByEndpoint: "The policy of the VPC endpoint denies it, and a Deny always wins.",
	iam.DeniedByResource: "The policy of the resource denies it, and a Deny always wins.",
	iam.DeniedByIdentity: "A policy of the caller denies it, and a Deny always wins.",
	iam.DeniedByBoundary: "The permissions boundary denies it, and a Deny always wins.",
	iam.DeniedBySession:  "A session policy denies it, and a Deny always wins.",

	iam.NoAllow:             "Nothing denies it, and no policy allows it.",
	iam.NoAllowSCP:          "The service control policies do not allow it, and nothing else can make up for that.",
	iam.NoAllowRCP:          "The resource control policies do not allow it, and nothing else can make up for that.",
	iam.NoAllowEndpoint:     "The policy of the VPC endpoint does not allow it.",
	iam.NoAllowBoundary:     "The permissions boundary does not allow it: the caller's policies count only within it.",
	iam.NoAllowSession:      "The session policies do not allow it: the role's policies count only within them.",
	iam.NoAllowTrust:        "The trust policy of the role does not let the caller in, and without it no other policy counts.",
	iam.NoAllowKeyPolicy:    "The policy of the key does not let the caller's account in, and without it no other policy counts.",
	iam.NoAllowFromResource: "The resource is in another account, and its policy does not allow it.",
	iam.NoAllowFromIdentity: "The resource is in another account and its policy allows it, but no policy of the caller does.",
}
