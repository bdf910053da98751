// Package builtin executes the steps that need no program: they are decided
// and done in the engine's own process.
//
//	noop        {…}                                its "with" is its output
//	log         {"message": "…"}                   writes to the step's log
//	transform   {"input": …, "cel": "…"}           JSON from JSON, by an expression over input
//	            {"input": …, "jq": "…"}            the same by a jq program
//	choice      {"input": …, "cases": [{"name": "big", "if": "input.size > 5"}], "default": "small"}
//	                                               output {"case": "big"}: the first case that holds
//	fail        {"code": "…", "message": "…"}      fails
//	submit      {"workflow": "…", "params": {…}}   submits another run; output {"id": "…"}
//	sample      {"actions": […], "resultPayload": …}   logs, sleeps and fails as it is told, for tests
//	http        see package work/http
//
// In every "with" references are replaced before the step is executed. Steps
// of type "wait" and "workflow" are not executed by anybody: the state machine
// of the run knows them.
package builtin
