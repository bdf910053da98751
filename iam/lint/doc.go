// Package lint judges IAM policies: what is wrong with a document, what is
// dangerous in it, what it grants beyond need, and what in it can never apply.
//
//	policy, problems := iam.Read(text, iam.ParseOptions{Kind: iam.IdentityPolicy})
//	for _, f := range lint.Policy(policy, problems, lint.Options{Now: time.Now()}) {
//		fmt.Println(f.Code, f.Path, f.Message)
//	}
//
// # Codes
//
// Each rule has a stable code. Where the vendor's policy validation (Access
// Analyzer) has a code for the same thing it is that one; others begin with
// SEC_ (security), TRUST_ (trust policies), LP_ (least privilege), DEAD_ (never
// applies), GAP_ (something is missing to work) or LINT_ (the judging itself).
// [Codes] says how severe each is, [Explain] what it means.
//
// What the catalogue does not know is never held against a policy: actions of
// services without details, keys of identity providers, regions newer than this
// program.
//
// # Several policies
//
// [Set] judges all the policies of a principal together: two that are harmless
// may be an escalation, and a Deny in one may be what keeps the other harmless.
//
// # Fixes
//
// Where a machine can mend what it found, the finding has a [Fix]: a JSON Patch.
// [Mend] makes it in the text, and touches nothing else. Safe fixes change no
// decision, which the tests ask the evaluator; others change the document to
// what it probably means and are for a person to look at.
//
// # Reports
//
// [WriteJSON], [WriteSARIF], [WriteJUnit] and [WriteGitHub] write findings for
// other programs, [Document.Diagnostics] gives them to a terminal. A
// [Threshold] says which of them fail a build.
//
// # Hostile documents
//
// Rules compare elements with each other and patterns with every action there
// is. That work is bounded; a document that meets the bounds is judged in part
// and has a finding that says so.
//
// A rule is a function over a pass, which is one policy and what is known of
// it; rules.go lists them all.
package lint
