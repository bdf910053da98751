// Command iam puts the policy evaluator beside others, in one run: moto's own
// (Python), and @cloud-copilot/iam-simulate (Node), each as a program of its
// own that is asked the same questions.
//
//	go run ./bench/iam
//
// Three suites: "decide", the time of one decision over ten policies of ten
// statements; "cases", how many documented decisions each answers as
// documented; "account", the time to load 10,000 roles and to say who can do
// something. A peer that is not on the machine is left out, and said to be.
package main
