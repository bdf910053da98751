package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff"
	"github.com/berth-project/berth/iam/source"
)

// minimising is what berth iam minimise is asked to do.
type minimising struct {
	options diff.MinimiseOptions
	kind    string
	write   bool
}

// minimisedAnswer is what became of one file, as JSON.
type minimisedAnswer struct {
	Schema   string        `json:"schema"`
	File     string        `json:"file"`
	Kind     iam.Kind      `json:"kind"`
	Policies []*iam.Policy `json:"policies"`
	diff.Minimised
}

func (c *cli) iamMinimiseCommand() *cobra.Command {
	var m minimising
	cmd := &cobra.Command{
		Use:   "minimise FILE...",
		Short: "write policies with less that mean the same",
		Long: "Drops what makes no difference and merges statements that differ in one element. That the result grants and refuses the same\n" +
			"is proved; where it cannot be, the file stays as it is and the exit status is 1. The policies of a file are taken together,\n" +
			"as those of one principal; FILE#NAME takes those of one role or resource. What was done is told, and the policies printed, or\n" +
			"with --write written into files that are one policy.",
		Example: "  berth iam minimise policies/web.json\n  berth iam minimise --write --wildcards policies/*.json",
		Args:    atLeastOne("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			if _, ok := iam.ParseKind(m.kind); m.kind != "" && !ok {
				return usageError{fmt.Errorf("--kind %q is not one of %s", m.kind, strings.Join(iam.Kinds(), ", "))}
			}
			if m.write && slices.Contains(args, "-") {
				return usageError{errors.New("--write is for files, and standard input is none")}
			}
			failed := false
			for _, file := range args {
				if err := c.minimise(&m, file); err != nil {
					c.report(err)
					failed = true
				}
			}
			if failed {
				return errReported
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&m.options.Wildcards, "wildcards", false, "put patterns in place of lists of actions where they stand for the same today; they grow with the service")
	f.BoolVarP(&m.write, "write", "w", false, "write the files in place")
	f.StringVar(&m.kind, "kind", "", "what the policies are for: `KIND` is "+strings.Join(iam.Kinds(), ", ")+" (default: by the file)")
	f.StringVar(&m.options.ResourceType, "resource-type", "", "what a resource policy is attached to: `TYPE` such as s3:bucket; its quota depends on it")
	f.IntVar(&m.options.MaxSize, "max-size", 0, "how many `CHARACTERS` a document may have before it is split (default: the quota of its kind; -1: any)")
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) minimise(m *minimising, path string) error {
	sides, kind, err := c.sides(m.kind, []string{path})
	if err != nil {
		return err
	}
	small, err := diff.Minimise(sides[0].documents(), m.options)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if m.write {
		if err := c.rewriteSmaller(path, &small); err != nil {
			return err
		}
	}
	if c.json {
		return c.printJSON(minimisedAnswer{Schema: "berth.iam.minimised/1", File: path, Kind: kind, Policies: small.Policies, Minimised: small})
	}
	for _, step := range small.Steps {
		fmt.Fprintf(c.stderr, "%s: %s\n", path, step)
	}
	fmt.Fprintf(c.stderr, "%s: characters %d, before %d\n", path, small.After, small.Before)
	for _, i := range small.TooLarge {
		fmt.Fprintf(c.stderr, "%s: document %d is over its quota still\n", path, i)
	}
	if m.write {
		return nil
	}
	for _, p := range small.Policies {
		if _, err := c.stdout.Write(iam.Format(p, iam.FormatOptions{})); err != nil {
			return err
		}
	}
	return nil
}

// rewriteSmaller writes a policy into the file it was read from, where that is
// the policy and nothing else.
func (c *cli) rewriteSmaller(path string, small *diff.Minimised) error {
	if len(small.Steps) == 0 && len(small.Policies) == 1 {
		return nil
	}
	path, part := cutPart(path)
	name, data, err := c.readInput(path, maxPolicyFile)
	if err != nil {
		return err
	}
	file, err := source.Find(name, data)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	case part != "" || file.Format != source.PolicyJSON || len(file.Policies) != 1:
		return fmt.Errorf("%s: --write is for files that are one policy; without it the smaller ones are printed", name)
	case len(small.Policies) != 1:
		return errors.New(name + ": it takes several documents now; without --write they are printed")
	}
	return rewrite(path, iam.Format(small.Policies[0], iam.FormatOptions{}))
}
