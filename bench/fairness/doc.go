// Command fairness draws what each policy of package work/queue does to two
// tenants, one of which floods the queue, and writes docs/fairness.md with
// its plots. It simulates: no clock and no chance are involved, so that it
// writes the same bytes everywhere, and a test tells when they are stale.
//
//	go run ./bench/fairness [-docs docs]
package main
