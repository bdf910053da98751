// Package iam knows the AWS IAM policy language: it reads policies, writes
// them, decides requests with them and says why.
//
//	policy, err := iam.Parse(text, iam.ParseOptions{Kind: iam.IdentityPolicy})
//	set := &iam.PolicySet{Identity: []*iam.Compiled{iam.Compile(policy)}}
//	req := &iam.Request{
//		Principal: who,
//		Action:    "s3:GetObject", Resource: "arn:aws:s3:::media/1.jpg", ResourceAccount: "111122223333",
//		Context:   iam.DeriveContext(facts),
//	}
//	if d := set.Decide(req); !d.Allowed() {
//		fmt.Println(set.Explain(req))
//	}
//
// # From text to decision
//
// [Read] takes a document apart with positions and reports every problem it
// has; [Parse] is Read for those who want an error. Both give a [Policy]: plain
// values, in the order and spelling of the document. [Policy.Normal] is its one
// normal form, [Format] writes it. [Compile] makes the immutable form the
// evaluator runs. A [PolicySet] is all that applies to one principal and one
// resource, in seven layers; [PolicySet.Decide] answers a [Request] and
// allocates nothing, [PolicySet.Explain] runs the same code with a recorder and
// says which statement of which policy decided, and what each other statement
// lacked.
//
// # Order of a decision
//
// What is asked first decides:
//
//	sts:GetCallerIdentity, signed            allowed always
//	a Deny matches in any layer              explicit deny
//	a level of the SCPs has no Allow         implicit deny
//	the endpoint's policy has no Allow       implicit deny
//	caller of no account (service, anyone)   the resource's policy alone
//	caller of the resource's account         the resource's policy naming the caller,
//	                                         or identity within boundary and session
//	caller of another account                the resource's policy, and identity
//	                                         within boundary and session
//
// Roles that are assumed and KMS keys are strict: their own policy must let the
// account in before identity policies count ([Target]). What cannot be evaluated
// fails closed, see [Compile].
//
// # What the evaluator sees
//
// It reads the context of a request and nothing else: no clock, no network, no
// account. [DeriveContext] fills the keys that follow from who is calling and
// how. Everything here is a pure function over values and safe for concurrent
// use once built.
//
// # Around it
//
// iam/catalog knows every service's actions, resources and condition keys;
// iam/source finds policies in templates, plans and prose; iam/lint judges
// them; iam/diff compares and minimises them; iam/synth writes least-privilege
// ones; iam/sts says what becomes of a call that assumes a role; iam/account
// answers questions about all the principals of an account; iam/evalcase holds
// decisions as files of tests.
//
// The language is the vendor's: IAM User Guide, "Policy grammar", "Policy
// evaluation logic" and the pages of the elements. Where the guide leaves a
// question open, the comment at the code says what was chosen and why.
package iam
