// Package diff says what one set of policies grants that another does not, with
// a request to prove it, and makes policies smaller without changing what they
// mean.
//
//	r := diff.Compare(before, after, diff.Options{})
//	if r.NewAccess {
//		fmt.Println(r) // what is gained, by which statement, and a request for each
//	}
//
// # Relations
//
// [Compare] looks at what each side grants by itself: the requests that some
// Allow of its documents matches and no Deny. Every difference it reports comes
// with a [Witness], a request that the evaluator allows under one side and not
// under the other. That there is no difference is proved: patterns are compared
// as languages, conditions by the values their keys can have, over all actions,
// also those the vendor has yet to add. Where neither a witness nor a proof is
// found, or a limit is reached, the relation is [Unknown] and the result says
// why; it never claims what it does not know.
//
// Deny statements that refuse nothing the document itself allows do not count in
// the relation, though they do where other policies apply too. [Result.Denies]
// compares them by themselves.
//
// # Gates
//
// [Rule] is a check of a change for use in continuous integration: no new access
// of some level, certain actions out of reach, nothing public.
//
// # Minimising
//
// [Minimise] drops what is redundant, merges statements that differ in one
// element and splits documents over their quota. What it returns grants and
// refuses the same as before, which it proves with the same search.
package diff
