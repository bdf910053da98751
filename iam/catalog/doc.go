// Package catalog knows what the services of the vendor can be asked to do: the
// actions of each, their access levels, the resources they take with the form
// of their ARNs, and the condition keys of both.
//
//	action, ok := catalog.Default().Action("s3:GetObject")
//	for _, a := range catalog.Default().Expand("dynamodb:*Item") {
//		fmt.Println(a.FullName(), a.Access)
//	}
//
// The facts are those of the vendor's Service Authorization Reference, in the
// extract that stands in data/ with its origin and licence (MIT). They are
// embedded packed and unpacked once, at the first question. Services outside
// the extract are known by their prefix only ([Catalog.KnownPrefix]): about
// their actions nothing is said rather than guessed.
//
// Names of actions and condition keys are without regard to case, as in
// policies.
//
// # Patterns of resources
//
// [Resource.Denotes] and [Action.Takes] tell whether a pattern of a policy can
// name a resource at all, which is how a linter finds statements that grant
// nothing. They compare the pattern with the forms of the type's ARNs
// ([Resource.Forms]) by the rule of the element Resource. What a variable of a
// form can stand for decides: a variable stands for anything unless its names
// are known to have no "/" (a bucket's, a table's, the IDs of EC2).
//
// # Cost
//
// The embedded catalogue is some 70 KB and takes a few milliseconds to unpack,
// once. Questions for a name allocate nothing.
package catalog
