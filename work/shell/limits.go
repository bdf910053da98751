package shell

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/berth-project/berth/work/internal/with"
	"github.com/berth-project/berth/workflow"
)

// Limits bound what one attempt may use; zero fields do not, or have the
// default they name. Memory, CPU time and the number of processes are those of
// all its processes together, looked at several times a second on Linux; the
// kernel bounds CPU time and files of each single process besides.
type Limits struct {
	// Memory is resident memory.
	Memory Size `json:"memory,omitempty"`
	// CPUTime is processor time.
	CPUTime workflow.Duration `json:"cpu-time,omitempty"`
	// Processes is how many there may be at once, threads not counted.
	Processes int `json:"processes,omitempty"`
	// Files is how many files a process may have open.
	Files int `json:"files,omitempty"`
	// Output is the size of the result. Default 1 MiB.
	Output Size `json:"output,omitempty"`
	// Log is how much is logged; more is dropped. Default 16 MiB.
	Log Size `json:"log,omitempty"`
}

const defaultOutput = 1 << 20

// or returns l with what it leaves open taken from base.
func (l Limits) or(base Limits) Limits {
	return Limits{
		Memory:    cmp.Or(l.Memory, base.Memory),
		CPUTime:   cmp.Or(l.CPUTime, base.CPUTime),
		Processes: cmp.Or(l.Processes, base.Processes),
		Files:     cmp.Or(l.Files, base.Files),
		Output:    cmp.Or(l.Output, base.Output),
		Log:       cmp.Or(l.Log, base.Log),
	}
}

// within reports which limit is higher than what is allowed.
func (l Limits) within(most Limits) error {
	return errors.Join(
		atMost("memory", l.Memory, most.Memory),
		atMost("cpu-time", l.CPUTime, most.CPUTime),
		atMost("processes", l.Processes, most.Processes),
		atMost("files", l.Files, most.Files),
		atMost("output", l.Output, max(most.Output, defaultOutput)),
		atMost("log", l.Log, most.Log),
	)
}

func atMost[T ~int | ~int64](name string, value, most T) error {
	switch {
	case value < 0:
		return fmt.Errorf("limits.%s is negative", name)
	case most > 0 && value > most:
		return fmt.Errorf("limits.%s: %v is more than the %v allowed", name, value, most)
	}
	return nil
}

// Size is a number of bytes. In JSON it is a number, or a text with a unit:
// "512KiB", "64MiB", "2GiB", "10MB".
type Size = with.Size
