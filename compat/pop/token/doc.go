// Package token is the language of references in Comcast's Priority Operation
// Processing: within any JSON text,
//
//	@<NAME>                    the value of that name
//	@<NAME::POINTER>           a part of it (RFC 6901; the leading slash may be left out)
//	@<NAME::POINTER?FALLBACK>  with a text where that part is missing; nothing behind "?" is null
//
// A text that is one token becomes the value, whatever its type; in any other
// text each token becomes the text of its value. What was put in is not read
// again. Names and pointers hold neither ">" nor a line break.
//
//	ctx, err := token.NewContext(map[string]json.RawMessage{"probe.out": output})
//	r, err := token.Native.Resolve(payload, ctx)
//	// r.Value is the payload; r.Missing and r.Invalid are what has no value
//
// The original reads three kinds of text in a way nobody asked for; [Quirks] does
// the same, for those who compare the two, and [Native] does what was meant:
//
//   - a text that begins with a token and ends with ">" is one token to the
//     original, up to that last ">", and then counts as a reference without value
//   - a boolean does not take the place of a token that stands alone
//   - a pointer with nothing before its "?" is the text behind it
package token
