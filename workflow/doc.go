// Package workflow is the document that says what a run does: steps, what each
// needs, what it is given and what happens when it fails. It decides and does
// nothing: no clock, no network, no disk.
//
//	{
//	  "name": "publish",
//	  "params": {"quality": 80},
//	  "steps": [
//	    {"name": "probe", "run": "http", "with": {"url": "${params.source}"}},
//	    {"name": "resize", "run": "shell", "for-each": {"in": "${steps.probe.output.images}", "limit": 4},
//	     "with": {"file": "${item.path}", "quality": "${params.quality}"}},
//	    {"name": "notify", "run": "http", "when": "size(steps.resize.output) > 0",
//	     "with": {"url": "https://example.com/done", "body": "${steps.resize.output}"}}
//	  ]
//	}
//
// A [Document] is read strictly ([Parse]): an unknown key, a reference to a step
// that is not there or a cycle is a problem with line and column, and all
// problems are told at once. [Compile] makes a [Plan] of it, which is immutable
// and shared by every run: steps have become nodes with an index, needs and
// references have become edges, and every text with a reference in it has become
// a list of pieces that is put together again with the values of a [Scope].
//
// # References
//
// Any text within "with", "for-each.in", "key", "output" and "labels" may hold
// references:
//
//	${params.size}                      a parameter
//	${steps.probe.output.files[0].name} what a step answered
//	${steps.probe.output ?? []}         with a fallback: any JSON, or another reference
//	${steps["a.b"].output["a name"]}    names that are no words
//	${steps.probe.output#/a~1b/0}       a JSON pointer (RFC 6901) behind the path
//	$${not.a.reference}                 the text ${not.a.reference}
//
// A text that is one reference and nothing else becomes the value itself, an
// array or a number as it is. Within other text the value's text takes the
// place of the reference; an array or an object has none, which is an error. What was
// put in is not read for references again. A fallback counts where the path
// leads nowhere or to null.
//
// The roots are params, run, steps, signal and, within for-each, item and index.
//
// # What a run does with a plan
//
// A step is ready when every step it needs is settled: those it names in
// "needs", and those it refers to. Then, in this order:
//
//   - Where a step it needs has failed, and that failure was neither handled nor
//     allowed by "on-error", it is skipped, and so is what needs it in turn.
//   - Where its "when" is false it is skipped. What needs it goes on if another
//     step it needs succeeded, or if it has a "when" of its own, and is skipped
//     otherwise: it is the rest of a branch that was not taken. References to the
//     output of a step that may be skipped need a fallback.
//   - Otherwise it runs: once, or for each item.
//
// A handler, a step that another one's "on-error" names, runs only when such a
// step has failed, and sees why in steps.NAME.error; what needs the failed step
// waits for it. Where it succeeds the run goes on, where it does not the run fails,
// unless "then" is "continue". Steps under "finally" run when all others are
// settled, whatever became of them.
//
// Package machine executes these rules; package work does so durably.
package workflow
