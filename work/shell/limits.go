package shell

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

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
type Size int64

// units in the order of their lookup: a later one is the end of an earlier.
var units = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10},
	{"MiB", 1 << 20},
	{"GiB", 1 << 30},
	{"TiB", 1 << 40},
	{"kB", 1e3},
	{"MB", 1e6},
	{"GB", 1e9},
	{"TB", 1e12},
	{"B", 1},
	{"", 1},
}

// ParseSize reads the text form.
func ParseSize(text string) (Size, error) {
	for _, u := range units {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 63)
		if err != nil || int64(n) > (1<<62)/u.bytes {
			break
		}
		return Size(int64(n) * u.bytes), nil
	}
	return 0, fmt.Errorf(`%.40q is not a size: write a number of bytes, or a text such as "64MiB"`, text)
}

// String returns the text form in the largest unit without a fraction.
func (s Size) String() string {
	best := units[len(units)-2]
	for _, u := range units[:4] {
		if s > 0 && int64(s)%u.bytes == 0 {
			best = u
		}
	}
	return strconv.FormatInt(int64(s)/best.bytes, 10) + best.name
}

// MarshalJSON implements [json.Marshaler].
func (s Size) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Size) UnmarshalJSON(data []byte) error {
	text := string(data)
	if len(data) > 0 && data[0] == '"' {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	}
	parsed, err := ParseSize(text)
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}
