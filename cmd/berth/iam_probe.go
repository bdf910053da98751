package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/iam/sts"
)

// probed is the answer of berth iam probe as JSON.
type probed struct {
	Schema   string        `json:"schema"`
	Role     string        `json:"role"`
	Vendor   string        `json:"vendor"`
	Verdict  sts.Verdict   `json:"verdict"`
	Problem  string        `json:"problem,omitempty"`
	Attempts []probedCalls `json:"attempts"`
}

type probedCalls struct {
	As         string `json:"as"`
	Kind       string `json:"kind"`
	ExternalID string `json:"externalId,omitempty"`
	Granted    bool   `json:"granted"`
}

func (c *cli) iamProbeCommand() *cobra.Command {
	var role roleSource
	var probe sts.Probe
	var context []string
	cmd := &cobra.Command{
		Use:   "probe --role FILE --vendor ACCOUNT --external-id ID",
		Short: "try a role that a vendor assumes the way a confused deputy would",
		Long: "Assumes the role as principals of the vendor's account without an external ID, with wrong ones and with the right one.\n" +
			"The role is guarded where the right one alone gets in, open where another does too, and closed where none does. The\n" +
			"exit status is 0 for a guarded role alone.\n\n" + roleForms,
		Example: "  berth iam probe --role trust.json --role-arn arn:aws:iam::111122223333:role/vendor --vendor 444455556666 --external-id 7f3ac91d",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			if role.file == "" || probe.VendorAccount == "" || probe.ExternalID == "" {
				return usageError{errors.New("--role, --vendor and --external-id say which role is tried, by whom and with which ID")}
			}
			if err := setContext(&probe.Request.Context, context); err != nil {
				return usageError{err}
			}
			return c.probe(&role, &probe)
		},
	}
	f := cmd.Flags()
	f.StringVar(&role.file, "role", "", "a `FILE` that describes the role")
	f.StringVar(&role.arn, "role-arn", "", "the `ARN` of a role that is given as a trust policy")
	f.StringVar(&probe.VendorAccount, "vendor", "", "the `ACCOUNT` of the vendor")
	f.StringVar(&probe.ExternalID, "external-id", "", "the `ID` that the vendor has chosen for you")
	f.StringArrayVar(&context, "context", nil, "a context key of the vendor's calls as `KEY=VALUE`; may be given several times")
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) probe(from *roleSource, p *sts.Probe) error {
	role, err := c.role(from)
	if err != nil {
		return err
	}
	p.Role, p.Request.Time = role, time.Now()
	result, err := sts.ProbeExternalID(p)
	if err != nil {
		return usageError{err}
	}
	out := probed{Schema: "berth.iam.probe/1", Role: role.ARN, Vendor: p.VendorAccount, Verdict: result.Verdict, Problem: result.Problem}
	for _, a := range result.Attempts {
		out.Attempts = append(out.Attempts, probedCalls{As: a.As.ARN, Kind: a.Kind, ExternalID: a.ExternalID, Granted: a.Outcome.Granted()})
	}
	if err := c.printProbed(out); err != nil {
		return err
	}
	if result.Verdict != sts.Guarded {
		return errReported
	}
	return nil
}

func (c *cli) printProbed(p probed) error {
	if c.json {
		return c.printJSON(p)
	}
	rows := [][]string{{"external id", "", "as", "answer"}}
	for _, a := range p.Attempts {
		answer := "refused"
		if a.Granted {
			answer = "granted"
		}
		rows = append(rows, []string{a.Kind, a.ExternalID, a.As, answer})
	}
	if err := c.writeTable(rows); err != nil {
		return err
	}
	switch p.Verdict {
	case sts.Guarded:
		fmt.Fprintf(c.stderr, "guarded: %s takes the right external ID and no other\n", p.Role)
	case sts.Open:
		fmt.Fprintf(c.stderr, "open: %s\nhelp: the trust policy should have a condition StringEquals on sts:ExternalId; \"berth iam trust --vendor %s\" writes one\n", p.Problem, p.Vendor)
	default:
		fmt.Fprintf(c.stderr, "closed: %s\nhelp: \"berth iam assume --role FILE --principal ARN --external-id ID\" says why\n", p.Problem)
	}
	return nil
}
