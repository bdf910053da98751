// Package kube executes steps as pods of a Kubernetes cluster.
//
// Which step types there are, and the pod of each, is the operator's choice
// (see [Registry]); a document cannot name an image. An attempt is one pod, or
// one Job where the settings say so:
//
//	Execute ──► pod is built from the settings (pod.go, payload.go)
//	        ──► created, or found again (launch.go)
//	        ──► watched, its log followed (watch.go, log.go)
//	        ──► judged after each change (verdict.go)
//	        ──► ended when the attempt is over (launch.go)
//
// # What a handler is given
//
// A handler is the program in the pod. How it gets its work and how it answers
// is a [Contract]. With Berth's own it has the environment of a program that
// package work/shell runs:
//
//	BERTH_RUN, BERTH_STEP, BERTH_ITEM   which step run this is; the item is there with for-each only
//	BERTH_ATTEMPT, BERTH_FENCE          which attempt, and the number that fences it
//	BERTH_KEY                           the same for every attempt: an idempotency key for others
//	BERTH_TENANT                        whom it is for
//	BERTH_PAYLOAD                       the step's "with", up to 64 KiB
//	BERTH_PAYLOAD_FILE                  a file with it, where it is larger or the settings say so
//	BERTH_STATE                         what an earlier attempt saved; not there when none did
//	BERTH_RESULT_FILE                   where the result goes: JSON, up to 4 KiB
//	BERTH_REPORT_URL, BERTH_REPORT_TOKEN   where larger results, and progress, can be sent
//	BERTH_POD                           the pod's name
//
// It may write the lines of work/shell to its output: ::progress, ::save and
// ::fail. It needs no rights in the cluster, and has none.
//
// # Failures
//
//	exit.N, signal.N       how the program ended
//	timeout                it took longer than the step, or than the settings allow
//	kube.oom               it used more memory than its limit
//	kube.image             its image cannot be pulled
//	kube.config            something the pod refers to is not there
//	kube.unschedulable     no node takes the pod
//	kube.start             it was not running in time
//	kube.evicted           the cluster ended it: a node under pressure, a preemption, a drain
//	kube.node              its node shut down or was lost
//	kube.rejected          a node refused it
//	kube.deleted           somebody deleted it
//	kube.silent            it wrote nothing to its log for too long
//	kube.refused           the cluster does not accept the pod
//	kube.unavailable       the cluster does not answer
//	kube.payload           the payload is larger than a pod can be given
//	kube.type              there are no settings for the type
//	result                 it succeeded, but its result is not JSON
//	canceled, lease-lost, stopping   why Berth ended it
//
// # When Berth is killed
//
// A pod goes on without Berth. Its name is made of run, step and attempt, so
// that it cannot be created twice, and the attempt that follows finds it in its
// saved state: it takes the pod over, by writing its own fence on it, and goes
// on watching. Nobody else can do so with an older fence. A pod whose fence is
// not that of a current lease is deleted by the reaper ([Executor.Reap]), which
// also deletes pods that have ended, in time. That of a step type whose handler
// reports by URL is replaced instead, for it cannot be given another token.
package kube
