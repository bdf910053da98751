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
package catalog
