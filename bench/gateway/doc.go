// Command gateway measures Berth's gateway beside nginx in one interleaved run
// and prints ratios. README.md says how; ours.sh starts Berth.
//
// Everything listens on the loopback interface. The load, the app and the
// object server share one processor, the gateway under test and its auth
// service have another, so that the gateway's processor time for a request can
// be told. Every round runs every contender once, in a new order.
//
// The same binary holds the small programs the run needs, by first argument:
//
//	upstream   an app that answers everything with 1 KiB of JSON
//	auth       a lean auth service for nginx's auth_request; -mint prints a cookie
//	drain      downloads one URL and drops the bytes within the kernel
package main
