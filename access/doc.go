// Package access decides who may make a request: an ordered list of rules,
// compiled once, asked for every request, and able to say why.
//
//	rules, err := access.Compile([]access.Rule{
//		{Path: "/", Allow: access.Requirement{Kind: access.Anyone}},
//		{Path: "/app/{tenant}/**", Allow: access.Requirement{
//			Kind: access.Role, Roles: []string{"manager", "teller"}, Of: "tenant"}},
//	})
//
// # Matching
//
// The first rule, in the order they are written, whose path, methods and hosts
// match the request decides it. A rule that matches and is not satisfied
// refuses: no later rule is asked. A request that no rule matches is refused.
//
//	/a/{tenant}/b   exactly these segments; {tenant} is any one segment
//	/a/**           /a and everything below it
//	/**             everything
//
// Paths are compared decoded, segment by segment, with regard to case; one
// trailing slash makes no difference. A path that is not canonical (empty, "."
// or ".." segments) or has more than 256 segments matches no rule, whatever the
// gateway in front made of it. A rule for GET covers HEAD. OPTIONS is a method
// like any other.
//
// # Requirements
//
// Requirements answer yes, no or unknown. What an anonymous caller is in a
// tenant is unknown, and so is its opposite: {not: {role: suspended}} does not
// let an anonymous caller in. An expression that cannot be evaluated refuses
// the request wherever in the requirement it stands once it is reached; all and
// any are evaluated from left to right and stop when they are settled.
//
// Expressions (CEL) see user{id, email, name}, signed_in, request{method, path,
// host, address}, params, now, tenants (tenant id to roles), and, of the tenant
// the path names, tenant, roles and plans. To them an anonymous caller is a user
// with empty fields: an expression that says what a caller must not be says
// signed_in as well. Their size, depth, patterns and running cost are limited.
//
// A refused anonymous caller is asked to sign in ([SignInRequired]) when
// signing in could change the answer, otherwise [Forbidden] is final.
//
// # Explaining
//
// [Policy.Explain] runs the code [Policy.Decide] runs, with a recorder, so the
// two cannot disagree. [Policy.Lint] finds rules that can never decide, and
// rules that say something else than their author probably meant.
package access
