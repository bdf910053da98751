// Package process runs the programs of a service: as PID 1 of a container, or
// as an ordinary program on a laptop.
//
// A [Supervisor] is given the whole list of programs that should run
// ([Supervisor.Apply]) and brings what runs in line with it: new ones are
// started, changed ones are replaced one instance at a time, removed ones are
// stopped, unchanged ones are not touched. [Supervisor.Run] owns every
// goroutine and every child; when it returns, nothing it started is alive.
//
// # One instance
//
//	           start                 ready                exit
//	stopped ──────────▶ starting ──────────▶ ready ──────────────┐
//	                       ▲ │ exit, timeout                      ▼
//	                       │ └─────────────────────────────▶ [policy]
//	                       │        restart after a delay     │ │ │
//	                       ├──────────────── backoff ◀────────┘ │ │
//	                       ├──────────────── crash_loop ◀───────┘ │
//	                       │                 failed ◀─────────────┘ given up
//	any ──▶ stopping ──▶ stopped
//
// # Groups, signals and orphans
//
// Every child leads its own process group. A stop signal goes to the whole
// group; whoever of it is alive when the grace period ends is killed, so
// programs that a shell or a pre-forking server left behind do not survive
// their instance. The group is cleaned while the leader is still unreaped:
// until then the kernel cannot give its number to anybody else.
//
// Each child is waited for by its own number, never with a wait for any
// child, so exit statuses are not stolen from other parts of the program.
// With [Config.Reap] the supervisor additionally takes over processes whose
// parents died (as PID 1 it has no choice; elsewhere it becomes their
// subreaper): they are reaped when they end, and ended when Run ends.
// Children in Berth's own process group are left to whoever started them.
package process
