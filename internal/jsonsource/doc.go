// Package jsonsource reads JSON (RFC 8259) as a tree that knows where in the
// text each value and each name stands.
//
//	doc, err := jsonsource.Parse(text, jsonsource.Limits{})
//	n := doc.Root.Lookup("Statement", "Effect")
//	fmt.Println(n.Text, doc.Span(n))
//
// It is for tools that talk to people about a document: nothing is lost that a
// message may need. Numbers keep their spelling, members their order, and a name
// that is there twice is there twice in the tree, since which of the two counts
// is the reader's to decide.
//
// It is also for documents of strangers. Size, depth and number of values are
// bounded, so neither the stack nor the memory grows beyond what [Limits] say;
// what RFC 8259 leaves to the parser is refused where two parsers would read it
// differently: text that is not UTF-8, and half of a surrogate pair.
package jsonsource
