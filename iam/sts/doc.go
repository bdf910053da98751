// Package sts says what becomes of a call that assumes a role: the session it
// gives, or the refusal, and every check on the way.
//
//	out := sts.AssumeRole(&sts.AssumeRoleCall{
//		Caller:      caller,
//		RoleARN:     "arn:aws:iam::111122223333:role/Deploy",
//		Role:        role, // nil where there is no such role
//		SessionName: "release-42",
//		Request:     sts.Request{Time: now},
//	})
//	for _, c := range out.Checks {
//		fmt.Println(c.State, c.Name, c.Detail)
//	}
//	if err := out.Err(); err != nil {
//		return err // a *Refusal with the vendor's code, status and message
//	}
//
// There is a function for each operation of the vendor's security token
// service: [AssumeRole], [AssumeRoleWithSAML], [AssumeRoleWithWebIdentity],
// [GetSessionToken], [GetFederationToken] and [GetCallerIdentity]. [Chain]
// follows a session from role to role, [ProbeExternalID] tries a role the way a
// confused deputy would, [ExplainSAML] tells why a sign-in by SAML fails.
//
// # One chain of checks
//
// An operation runs its checks in the vendor's order and records each. The
// first that fails is the refusal; those behind it are still recorded where
// they can be judged, since whoever mends a sign-in wants to see all that is
// wrong and not one thing at a time. Only the refusal reaches a caller, and it
// never tells whether a role exists; the checks are for the role's owner.
//
// # What is not done here
//
// Signatures are somebody else's work: an assertion or token says by whom it
// was verified, and one that nobody verified is refused. There is no clock, no
// key and no network either; everything is a pure function over values and safe
// for concurrent use.
//
// The rules are those of the vendor's "Security Token Service API Reference"
// and of the IAM User Guide ("Role trust policies", "Pass session tags",
// "Configure SAML assertions"). Where these are silent and a behaviour was
// observed, the comment at the code says so.
package sts
