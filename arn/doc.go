// Package arn is the name of a resource, and patterns of such names.
//
//	arn:partition:service:region:account:resource
//
// The form is that of "Amazon Resource Names (ARNs)" in the AWS General
// Reference (IAM User Guide, reference-arns). The resource part has no form of
// its own beyond that: services write type/id, type:id, or the id alone, and
// both "/" and ":" may occur inside. What a resource part means is known to
// iam/catalog; this package knows the six components.
//
// # Patterns
//
// Policies name resources by patterns with "*" and "?". The language has two
// rules for them and they differ:
//
//   - [MatchResource] is the rule of the elements Resource and NotResource
//     (IAM User Guide, reference_policies_elements_resource): a wildcard within
//     one of the first five components does not stand for a colon, unless it is
//     a "*" at the component's end.
//   - [Match] is the rule of the operators ArnEquals and ArnLike (IAM User
//     Guide, reference_policies_elements_condition_operators): each of the six
//     components is compared by itself.
//
// Both are case-sensitive, and allocate nothing for a pattern with six
// components.
package arn
