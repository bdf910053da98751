// Package source finds the IAM policies in a file, whatever the file is.
//
//	file, err := source.Find("deploy.md", text)
//	for _, f := range file.Policies {
//		policy, problems := iam.Read(f.Text, iam.ParseOptions{Kind: f.Kind})
//		for _, p := range problems {
//			at := f.Position(p.Span.Start)
//			fmt.Printf("deploy.md:%d:%d: %s: %s\n", at.Line, at.Column, f.Name, p.Message)
//		}
//	}
//
// A policy is text with a name, a kind and a way back: [Found.Position] says
// where in the file a place of the text is, to the byte where the text stands
// in the file as it is, to the escape or expression where it was decoded.
//
// # What is read
//
//   - policies as they are: one, a list of them, a statement without its
//     document, URL-encoded as the API returns them;
//   - what the vendor's command line prints: get-policy-version, get-role,
//     get-role-policy, get-bucket-policy and their like,
//     get-account-authorization-details;
//   - CloudFormation and SAM templates in JSON;
//   - Terraform: plans and states as JSON (terraform show -json) and
//     configuration (.tf) as far as it is literal;
//   - prose: Markdown, plain text, scripts, anything with JSON in it, broken
//     JSON included, as long as it is meant as a policy.
//
// Templates in YAML are not read as such; policies that stand in them as JSON
// are found.
//
// # Kinds
//
// Where the format says what a policy is for (an AssumeRolePolicyDocument is a
// trust policy), the kind is certain. Otherwise it is guessed from the document
// and the words around it, and [Found.Why] says from what.
//
// # Stand-ins
//
// Templates and configuration refer to what is known only once they are
// deployed. A reference is replaced by a stand-in that is valid where it stands
// and reads like what it stands for: the ARN of a queue by an ARN of a queue
// with the name it has in the file. [Found.Substitutions] lists them.
// [StandInAccount], [StandInRegion] and [StandInPartition] are the ones that
// every policy shares. What is neither literal nor a reference is not guessed:
// the policy is left out and [File.Notes] says where and why.
//
// The package reads hostile files: sizes, counts and nesting are bounded, work
// grows with the size of the file only.
package source
