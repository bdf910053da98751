// Package translate says the objects of Comcast's Priority Operation Processing
// in Berth's words, and what became of a run in POP's.
//
//	agenda             document of a workflow, parameters and labels of its run
//	operation          step
//	token              reference: @<probe.out::/width?0> is ${steps["probe"].output#"/width" ?? "0"}
//	dependsOn          needs
//	maximumAttempts    attempts
//	doNotRun           hold
//	generator          a step behind the operation, which generates steps
//	insight            queue
//	resource pool      pool
//	customer           tenant
//
// What POP alone has, such as the ids of operations, stays in the objects, which
// are kept beside the run. It is pure: no clock, no network, no storage.
//
// One thing differs. A fallback of POP's stands in for a value that is missing,
// one of Berth's also for null.
package translate
