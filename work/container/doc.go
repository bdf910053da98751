// Package container executes steps in containers of Docker or Podman, over the
// socket of the engine's API.
//
// Which images run is the operator's choice ([Options]). An [Image] has the name
// of a step type, and the whole "with" of a step of that type is its payload.
// With [Options.Free] documents may name images that match a pattern, as steps
// of type "container"; see [Request].
//
// # What a program is given
//
// Files in /berth, a volume of its own:
//
//	/berth/payload.json   the payload; BERTH_PAYLOAD_FILE names it
//	/berth/state.json     what an earlier attempt saved, if any; BERTH_STATE_FILE
//	/berth/result.json    empty, where a result goes; BERTH_RESULT_FILE
//
// and the variables BERTH_RUN, BERTH_STEP, BERTH_ITEM, BERTH_ATTEMPT,
// BERTH_FENCE, BERTH_KEY and BERTH_TENANT, as package work/shell has them. With
// [InputEnv] the payload is in BERTH_PAYLOAD too.
//
// Lines of its output that begin with ::progress, ::save or ::fail are for
// Berth, as in package work/shell. The failures have the same codes, and
//
//	image             the image is not there, or cannot be pulled
//	engine            the engine does not answer, or does not do what it is asked
//
// # What a container may do
//
// Nothing that the operator has not listed: no capabilities, no new
// privileges, a root file system that cannot be written to, no network, no
// directory of the host, at most 256 processes.
//
// # How it ends
//
// A container is stopped with SIGTERM and killed after a grace period, at once
// when the lease was lost. It is always removed. What a Berth that was killed
// left behind carries labels that name its attempt; [Executor.Reap] removes
// containers whose fence is no longer that of a lease.
package container
