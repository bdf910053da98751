// Package jsonedit applies JSON Patches (RFC 6902) to a text and leaves what they
// do not touch as it is, byte for byte: blanks, order and the spelling of numbers.
//
//	e, err := jsonedit.New(text)
//	err = e.Apply([]jsonedit.Operation{{Op: "remove", Path: "/Statement/0/Sid"}})
//	os.Stdout.Write(e.Text())
//
// The paths of every patch are those of the text as it was given, so patches made
// by several hands can be applied to one text: each is taken whole, or not at all
// where it touches what an earlier one changed. What is added is written in the
// manner of the text around it.
package jsonedit
