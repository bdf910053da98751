package process

import (
	"fmt"
	"strings"
	"syscall"
	"time"
)

// State is where an instance is in its life; the package comment has the
// picture.
type State int

// The states of an instance.
const (
	// StateStopped is not running, as asked or after it ended with 0.
	StateStopped State = iota
	// StateStarting is running and not ready yet.
	StateStarting
	// StateReady is running and can be used.
	StateReady
	// StateBackoff waits for its restart.
	StateBackoff
	// StateCrashLoop waits, as long as the policy allows, for a restart that is
	// not expected to help.
	StateCrashLoop
	// StateStopping has been asked to end, or has ended and what it left behind
	// is being cleared away.
	StateStopping
	// StateFailed ended and will not be started again.
	StateFailed
)

var stateNames = [...]string{"stopped", "starting", "ready", "backoff", "crash_loop", "stopping", "failed"}

// String is the name in the package comment's picture.
func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return fmt.Sprintf("state(%d)", int(s))
	}
	return stateNames[s]
}

// MarshalText implements [encoding.TextMarshaler].
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Exit is how a program ended.
type Exit struct {
	// Code is the exit status; 128 plus the number when a signal ended it.
	Code int `json:"code"`
	// Signal is the signal that ended it, 0 when it exited.
	Signal syscall.Signal `json:"signal,omitempty"`
	// At is when.
	At time.Time `json:"at"`
	// Cause says what Berth knows beyond the status: "not ready after 5s",
	// "exec: no such file". Empty most of the time.
	Cause string `json:"cause,omitempty"`
}

// String reads "exit 1", "exit 137 (killed)", "not ready after 5s: exit 143
// (terminated)".
func (e Exit) String() string {
	text := fmt.Sprintf("exit %d", e.Code)
	if e.Signal != 0 {
		text += " (" + e.Signal.String() + ")"
	}
	if e.Cause != "" {
		text = e.Cause + ": " + text
	}
	return text
}

// Endpoint is where a ready instance is reached.
type Endpoint struct {
	// Process is the name of the process.
	Process string `json:"process"`
	// Instance counts from 1.
	Instance int `json:"instance"`
	// Network is "tcp" or "unix".
	Network string `json:"network"`
	// Address is "127.0.0.1:port" or the path of the socket.
	Address string `json:"address"`
}

// Status is one instance as it is now.
type Status struct {
	// Process is the name of the process.
	Process string `json:"process"`
	// Instance counts from 1. While one instance replaces another, both have
	// the same number.
	Instance int `json:"instance"`
	// State is where it is in its life.
	State State `json:"state"`
	// PID is the leader of its process group, 0 when not running.
	PID int `json:"pid,omitempty"`
	// StartedAt is when the running program was started.
	StartedAt time.Time `json:"started_at,omitzero"`
	// Restarts counts the starts after the first.
	Restarts int `json:"restarts"`
	// RestartAt is when a waiting instance is started again.
	RestartAt time.Time `json:"restart_at,omitzero"`
	// LastExit is how the program ended last, nil when it never did.
	LastExit *Exit `json:"last_exit,omitempty"`
	// Endpoint is where it is reached, nil when it does not listen or does not
	// run.
	Endpoint *Endpoint `json:"endpoint,omitempty"`
	// Resident is the memory of the whole process group in bytes, CPU the
	// processor time its living members used. Both are 0 where the system does
	// not tell.
	Resident int64 `json:"resident_bytes"`
	// CPU is described at Resident.
	CPU time.Duration `json:"cpu_nanoseconds"`
	// LastLines are the last lines the program wrote, oldest first, kept after
	// it ended until its successor is ready.
	LastLines []string `json:"last_lines,omitempty"`
}

// EventKind is what happened.
type EventKind string

// The kinds of events.
const (
	// EventState is a change of State.
	EventState EventKind = "state"
	// EventExit is the end of a program; Exit says how.
	EventExit EventKind = "exit"
	// EventCrashLoop reports a crash loop; Exit and Lines say what is known.
	EventCrashLoop EventKind = "crash_loop"
	// EventHook is the end of a hook; Exit says how.
	EventHook EventKind = "hook"
	// EventRemoved is the last event of an instance.
	EventRemoved EventKind = "removed"
)

// Event is something that happened to an instance.
type Event struct {
	// Time is when.
	Time time.Time `json:"time"`
	// Kind is what.
	Kind EventKind `json:"kind"`
	// Process and Instance say to whom; Instance is 0 for a hook.
	Process string `json:"process"`
	// Instance is described at Process.
	Instance int `json:"instance,omitempty"`
	// State is the state after the event.
	State State `json:"state"`
	// PID is the program's process id, 0 when there is none.
	PID int `json:"pid,omitempty"`
	// Exit is how the program ended, nil when the event is none.
	Exit *Exit `json:"exit,omitempty"`
	// Lines are the last lines of a crashed program.
	Lines []string `json:"lines,omitempty"`
}

// ExitError is returned by [Supervisor.Run] when a process ended that the
// service cannot do without.
type ExitError struct {
	// Process and Instance say who.
	Process string
	// Instance counts from 1.
	Instance int
	// Code is the status Berth should exit with: the program's own, or 128 plus
	// the number of the signal that ended it. It is 0 when an essential process
	// ended well, and only then.
	Code int
	// Exit has the details.
	Exit Exit
}

// Error implements error.
func (e *ExitError) Error() string {
	return fmt.Sprintf("process %s.%d ended: %s", e.Process, e.Instance, e.Exit)
}

// StartError says why a process does not stand.
type StartError struct {
	// Process is who.
	Process string
	// Instance counts from 1, 0 when a hook failed.
	Instance int
	// Hook is the command of the hook that failed, empty when it was the
	// process itself.
	Hook string
	// Exit is how the program ended.
	Exit Exit
	// Lines are the last lines it wrote.
	Lines []string
}

// Error implements error; the last lines follow on lines of their own.
func (e *StartError) Error() string {
	var b strings.Builder
	if e.Hook != "" {
		fmt.Fprintf(&b, "process %s: before hook %q: %s", e.Process, e.Hook, e.Exit)
	} else {
		fmt.Fprintf(&b, "process %s.%d did not start: %s", e.Process, e.Instance, e.Exit)
	}
	for _, l := range e.Lines {
		b.WriteString("\n  | ")
		b.WriteString(l)
	}
	return b.String()
}
