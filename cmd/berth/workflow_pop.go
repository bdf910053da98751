package main

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/compat/pop/object"
)

// popFlags say whether and how the API of Comcast's Priority Operation Processing
// is served.
type popFlags struct {
	flags *pflag.FlagSet
	serve bool
	workflows.POP
}

// leastLease is shorter than any lease can be: POP's executors report each five
// seconds, and a report may be late.
const leastLease = 2 * object.ReportInterval

func (f *popFlags) register(fs *pflag.FlagSet) {
	f.flags = fs
	fs.BoolVar(&f.serve, "pop", false, "serve the API of Comcast's Priority Operation Processing below /pop/ too; so does any other --pop-… flag")
	fs.StringSliceVar(&f.Execute, "pop-execute", nil, "execute the agendas of this `INSIGHT` (id or title, or *) here, operation by operation, instead of leaving them to POP's executors")
	fs.BoolVar(&f.Envelope, "pop-envelope", false, "answer its errors as POP does: status 200 and an envelope")
	fs.BoolVar(&f.Quirks, "pop-quirks", false, "read tokens and queries as POP does, defects included, and let null in a PUT change nothing")
	fs.BoolVar(&f.RequireLease, "pop-require-lease", false, "refuse reports that do not show the lease getAgenda gave; POP's own executors show none")
	fs.DurationVar(&f.Lease, "pop-lease", object.ReclaimAge, "how long an executor may be silent before its agenda waits again")
	fs.DurationVar(&f.Keep, "pop-keep", object.ReapAge, "how long agendas are kept once they are complete; 0 is for ever")
	fs.IntVar(&f.Attempts, "pop-attempts", object.DefaultMaximumAttempts, "how often an agenda is tried that does not say")
}

// options are those of POP's API; nil where no flag asks for it.
func (f *popFlags) options() (*workflows.POP, error) {
	asked := f.serve
	for _, name := range []string{"pop-execute", "pop-envelope", "pop-quirks", "pop-require-lease", "pop-lease", "pop-keep", "pop-attempts"} {
		asked = asked || f.flags.Changed(name)
	}
	if !asked {
		return nil, nil
	}
	p := f.POP
	switch {
	case p.Lease < leastLease || p.Lease > 24*time.Hour:
		return nil, usageError{fmt.Errorf("--pop-lease %v: from %v to 24h", p.Lease, leastLease)}
	case p.Keep < 0:
		return nil, usageError{fmt.Errorf("--pop-keep %v: a time, or 0 for ever", p.Keep)}
	case p.Attempts < 1 || p.Attempts > object.MostAttempts:
		return nil, usageError{fmt.Errorf("--pop-attempts %d: from 1 to %d", p.Attempts, object.MostAttempts)}
	case p.Keep == 0:
		p.Keep = -1
	}
	return &p, nil
}
