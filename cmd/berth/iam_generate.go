package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/synth"
)

// generation is what berth iam generate is asked for.
type generation struct {
	process, calls, form, name string
	place                      synth.Place
	generalise                 int
	failedOnly                 bool
	needs                      []string
	compare                    []string
}

func (c *cli) iamGenerateCommand() *cobra.Command {
	var g generation
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "write least-privilege policies from needs or recorded calls",
		Long: "From the needs of berth.yaml, a policy for each process; from --need, one policy; from --calls, one for each program of a\n" +
			"recording (JSON lines of calls, client-side monitoring or CloudTrail). What is written allows that and nothing else.\n" +
			"\"berth iam trust\" writes who may assume the role.",
		Example: "  berth iam generate -f berth.yaml --account 111122223333 --region eu-central-1\n" +
			"  berth iam generate --need queue:jobs=send --need bucket:media=read,write --account 111122223333 --region eu-central-1\n" +
			"  berth iam generate --calls calls.jsonl --account 111122223333 --region eu-central-1 --form terraform",
		Args: exactly(),
		RunE: func(*cobra.Command, []string) error { return c.generate(&g) },
	}
	f := cmd.Flags()
	f.StringVar(&g.process, "process", "", "only the `PROCESS` of the manifest")
	f.StringArrayVar(&g.needs, "need", nil, "a need as `KIND:NAME=WORD,...` in place of the manifest's; may be given several times")
	f.StringVar(&g.calls, "calls", "", "a `FILE` of recorded calls, or -")
	f.IntVar(&g.generalise, "generalise", 0, "how many names under one prefix become a wildcard (default 5; -1: never)")
	f.BoolVar(&g.failedOnly, "failed-only", false, "of --calls, take the refused ones: what is missing")
	f.StringArrayVar(&g.compare, "compare", nil, "of --calls: a `FILE` with the policies of today; says which actions were never used")
	c.placeFlags(cmd, &g.place)
	c.formFlags(cmd, &g.form, &g.name)
	c.fileFlag(cmd)
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) placeFlags(cmd *cobra.Command, p *synth.Place) {
	cmd.Flags().StringVar(&p.Account, "account", "", "the `ACCOUNT` of the resources (12 digits)")
	cmd.Flags().StringVar(&p.Region, "region", "", "the `REGION` of the resources (default $AWS_REGION)")
	cmd.Flags().StringVar(&p.Partition, "partition", "", "the `PARTITION` (default: that of the region, else aws)")
}

func (c *cli) formFlags(cmd *cobra.Command, form, name *string) {
	cmd.Flags().StringVar(form, "form", "json", "`FORM` of what is written: "+strings.Join(synth.Forms(), ", "))
	cmd.Flags().StringVar(name, "name", "", "the `NAME` of the policy in Terraform and CloudFormation")
}

// settle fills in what the place does not say and checks the rest.
func (c *cli) settle(p *synth.Place) error {
	p.Region = cmp.Or(p.Region, c.getenv("AWS_REGION"), c.getenv("AWS_DEFAULT_REGION"))
	if p.Partition == "" {
		p.Partition = "aws"
		if known, ok := arn.PartitionOf(p.Region); ok {
			p.Partition = known
		}
	}
	switch {
	case p.Account != "" && !arn.ValidAccount(p.Account):
		return fmt.Errorf("--account %q is not 12 digits", p.Account)
	case !arn.ValidPartition(p.Partition):
		return fmt.Errorf("--partition %q is not one of %s", p.Partition, strings.Join(arn.Partitions(), ", "))
	case p.Region != "" && !arn.ValidRegion(p.Partition, p.Region):
		return fmt.Errorf("--region %q is not a region of the partition %s", p.Region, p.Partition)
	}
	return nil
}

// generated is what is written for one program, as JSON.
type generated struct {
	Schema     string              `json:"schema"`
	Program    string              `json:"program"`
	Policies   []*iam.Policy       `json:"policies"`
	Notes      []string            `json:"notes"`
	Calls      int                 `json:"calls,omitempty"`
	Unmapped   map[string]int      `json:"unmapped,omitempty"`
	Incomplete map[string][]string `json:"incomplete,omitempty"`
	Unused     []string            `json:"unused,omitempty"`
}

func (c *cli) generate(g *generation) error {
	if err := c.settle(&g.place); err != nil {
		return usageError{err}
	}
	if !slices.Contains(synth.Forms(), g.form) {
		return usageError{fmt.Errorf("--form %q is not one of %s", g.form, strings.Join(synth.Forms(), ", "))}
	}
	var out []generated
	var err error
	switch {
	case g.calls != "" && len(g.needs) > 0:
		return usageError{errors.New("--calls and --need exclude each other")}
	case g.calls != "":
		out, err = c.fromCalls(g)
	case len(g.needs) > 0:
		out, err = fromNeedFlags(g)
	default:
		out, err = c.fromManifest(g)
	}
	if err != nil {
		return err
	}
	return c.writeGenerated(g, out)
}

// fromNeedFlags reads needs as KIND:NAME=WORD,WORD.
func fromNeedFlags(g *generation) ([]generated, error) {
	var needs []synth.Need
	for _, text := range g.needs {
		i := strings.LastIndexByte(text, '=')
		if i < 0 {
			return nil, usageError{fmt.Errorf("--need %q is not KIND:NAME=WORD[,WORD]", text)}
		}
		needs = append(needs, synth.Need{Resource: text[:i], Access: strings.Split(text[i+1:], ","), At: "--need"})
	}
	r, err := synth.FromNeeds(needs, g.place)
	if err != nil {
		return nil, usageError{err}
	}
	return []generated{{Program: cmp.Or(g.name, "program"), Policies: r.Policies, Notes: r.Notes}}, nil
}

func (c *cli) fromManifest(g *generation) ([]generated, error) {
	m, err := c.load(c.file)
	if err != nil {
		return nil, err
	}
	names := m.Needy()
	if g.process != "" {
		if !slices.Contains(names, g.process) {
			return nil, fmt.Errorf("%s: the process %q has no needs (those that have: %s)", m.File(), g.process, strings.Join(names, ", "))
		}
		names = []string{g.process}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: it has no needs; docs/iam.md shows how to write them", m.File())
	}
	var out []generated
	for _, name := range names {
		r, err := synth.FromNeeds(m.NeedsOf(name), g.place)
		if err != nil {
			return nil, err
		}
		out = append(out, generated{Program: m.Service + "-" + name, Policies: r.Policies, Notes: r.Notes})
	}
	return out, nil
}

// maxRecordingFile bounds a file of recorded calls.
const maxRecordingFile = 256 << 20

func (c *cli) fromCalls(g *generation) ([]generated, error) {
	name, data, err := c.readInput(g.calls, maxRecordingFile)
	if err != nil {
		return nil, err
	}
	calls, err := synth.ReadCalls(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	programs, err := synth.FromCalls(calls, synth.Recording{Place: g.place, Generalise: g.generalise, FailedOnly: g.failedOnly})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	today, err := c.compiledPolicies(g.compare, iam.IdentityPolicy)
	if err != nil {
		return nil, err
	}
	var policies []*iam.Policy
	for _, p := range today {
		policies = append(policies, p.Policy())
	}
	var out []generated
	for _, p := range programs {
		one := generated{
			Program: cmp.Or(p.Principal, "program"), Policies: p.Policies, Notes: p.Notes,
			Calls: p.Calls, Unmapped: p.Unmapped, Incomplete: p.Incomplete,
		}
		if len(policies) > 0 {
			one.Unused = p.Unused(policies)
		}
		out = append(out, one)
	}
	return out, nil
}

func (c *cli) writeGenerated(g *generation, out []generated) error {
	if len(out) == 0 {
		fmt.Fprintln(c.stderr, "note: the recording has no such call, so there is no policy")
	}
	for i := range out {
		one := &out[i]
		one.Schema = "berth.iam.generated/1"
		if one.Notes == nil {
			one.Notes = []string{}
		}
		if c.json {
			if err := c.printJSON(one); err != nil {
				return err
			}
			continue
		}
		if len(out) > 1 {
			fmt.Fprintf(c.stderr, "%s:\n", one.Program)
		}
		if err := c.writePolicies(one.Policies, cmp.Or(g.name, one.Program), g.form); err != nil {
			return err
		}
		for _, note := range one.Notes {
			fmt.Fprintf(c.stderr, "note: %s\n", note)
		}
		if len(one.Unused) > 0 {
			fmt.Fprintf(c.stderr, "note: allowed today and never used: %s\n", strings.Join(one.Unused, ", "))
		}
	}
	return nil
}

func (c *cli) writePolicies(policies []*iam.Policy, name, form string) error {
	if len(policies) == 0 {
		fmt.Fprintln(c.stderr, "nothing is needed, so there is no policy")
		return nil
	}
	text, err := synth.Render(policies, policyName(name), synth.Form(form))
	if err == nil {
		_, err = c.stdout.Write(text)
	}
	return err
}

// policyName is the last part of a name that may be an ARN.
func policyName(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }
