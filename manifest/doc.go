// Package manifest reads berth.yaml, the one file that says what a service is:
// its processes, how the world reaches them, who may do what, and where its
// environment comes from.
//
// [Parse] is strict and complete. It reports every problem of the file in one
// pass, each with line, column and, for a mistyped key, the nearest key there
// is. What it returns has every default filled in, and remembers where each
// field stands, so that an error at run time can still point into the file
// ([Manifest.Position]).
//
// The file is plain YAML 1.2 without its riskier parts: one document, no
// anchors, aliases, merge keys, tags or directives. Two readers of a manifest
// then see the same thing, and a small file cannot expand into a large one.
//
// A "${NAME}" is looked up in the resolved environment only in fields of type
// [Template]; [Manifest.Expand] does that once the environment is known. In
// commands in shell form the shell expands it. Everywhere else it is refused
// rather than passed on as it stands.
//
// [Schema] and [Reference] derive the JSON Schema and the reference manual from
// the comments of the types below, so neither can say anything else.
package manifest
