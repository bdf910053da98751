// Package lint judges IAM policies: what is wrong with a document, what is
// dangerous in it, what it grants beyond need, and what in it can never apply.
//
//	policy, problems := iam.Read(text, iam.ParseOptions{Kind: iam.IdentityPolicy})
//	for _, f := range lint.Policy(policy, problems, lint.Options{Now: time.Now()}) {
//		fmt.Println(f.Code, f.Path, f.Message)
//	}
//
// Each rule has a stable code. Where the vendor's policy validation (Access
// Analyzer) has a code for the same thing it is that one; others begin with
// SEC_ (security), TRUST_ (trust policies), LP_ (least privilege) or DEAD_
// (never applies). A rule is a function over a pass, listed in one table; the
// table of codes says how severe each is and explains it.
package lint
