// Package shell executes steps as processes.
//
// Which programs may be run is the operator's choice ([Options]); without it
// none may. A [Command] gives a program the name of a step type, and the whole
// "with" of a step of that type is the program's payload:
//
//	Commands: {"transcode": {Argv: {"/app/transcode", "--json"}}}
//
//	{"name": "mp4", "run": "transcode", "with": {"in": "${params.video}"}}
//
// With [Options.Shell] documents may bring commands of their own, as steps of
// type "shell"; see [Request].
//
// # What a program is given
//
// Its payload, JSON, on stdin, in the variable BERTH_PAYLOAD, or only in the
// file that BERTH_PAYLOAD_FILE names, which is there in any case. Its
// environment has nothing of Berth's own:
//
//	BERTH_RUN, BERTH_STEP, BERTH_ITEM   which step run this is; the item is there with for-each only
//	BERTH_ATTEMPT, BERTH_FENCE          which attempt, and the number that fences it
//	BERTH_KEY                           the same for every attempt: an idempotency key for others
//	BERTH_TENANT                        whom it is for
//	BERTH_PAYLOAD_FILE                  the payload
//	BERTH_STATE_FILE                    what an earlier attempt saved; not there when none did
//	BERTH_RESULT_FILE                   where a result goes, with [ResultFile]
//	BERTH_PROGRESS_FILE                 a pipe that takes the lines below
//	PATH, HOME, TMPDIR                  the last two are the attempt's own directory, gone with it
//
// # What a program says
//
// Lines of this form, on stderr, on stdout where that is not the result, or in
// BERTH_PROGRESS_FILE; all other lines are its log:
//
//	::progress 40 second pass
//	::save {"job":"7f3a"}
//	::fail {"code":"bad-input","message":"no video track","fatal":true}
//
// Its result is JSON, on stdout or in BERTH_RESULT_FILE; nothing is null. It
// has succeeded when it exits with 0. Otherwise the failure has one of these
// codes, unless ::fail named another; its detail has the last lines:
//
//	exit.N, signal.KILL       how it ended
//	timeout, canceled, lease-lost, stopping   why Berth ended it
//	limit.memory, limit.cpu-time, limit.processes, limit.output   what it had too much of
//	result                    it succeeded, but its result is not JSON
//	start                     it cannot be started
//	with, refused             the step is wrong, or is not allowed; no retry can help
//
// # How it ends
//
// A program leads its own session and process group. It is asked with SIGTERM,
// and killed after a grace period, at once when the lease was lost. Whatever it
// leaves behind is killed with it: its group, its session, its descendants and,
// on Linux, every process with its BERTH_RESULT_FILE in the environment, as a
// daemon has.
//
// Where Berth may make control groups (cgroup v2, Linux 5.14) the program begins
// in one of its own, below Berth's, which nothing leaves that comes from it: the
// kernel kills all of it at once. That is so when Berth is root or its service's
// cgroup is delegated to it (Delegate=yes of systemd) and the file system of
// cgroups can be written, which in most containers it cannot. Elsewhere a process
// that has left the session, cleared its environment and lost its parent before
// the end is not found. Nor is one anywhere that has Berth's own user and moves
// itself to another cgroup: programs of strangers belong in containers, also
// because those of one user can read each other's variables.
//
// All this happens before the program itself is reaped, so that no number can
// have become another's; others are signaled through a handle that stands for one
// process only. When Berth is killed, Linux kills the program; what that left
// behind is ended by [Executor.Recover] of the next.
//
// Each child is waited for by its number. Where something in the program reaps
// every child, as the supervisor of package process does, it has to be told
// which are not its own: see [Keeper].
package shell
