// Command workflow measures the workflow engine beside others, in one run.
//
// One workload: every run is a → {b, c} with steps that do nothing, and counts
// as done when the engine has durably recorded the end of b and c. Sixteen
// callers submit as fast as they are answered (burst), or one run comes every
// 25 ms (light). Berth is a process that is asked over HTTP; River and
// go-workflows are libraries in the process of the harness, which spares them
// HTTP; Temporal is its own server. Each line also has processor time of the
// contender with its servers, and what else used the machine meanwhile.
//
//	go run ./bench/workflow                         # everything that can be built
//	go run ./bench/workflow -contenders berth,riverpg -reps 5
//	go run ./bench/workflow -suites scale
//
// Suites: disk (the disk's own commits per second), engines, batch (Berth
// with 100 runs a request), scale (a million waiting runs of ten thousand
// tenants: memory, restart, picks, shares).
package main
