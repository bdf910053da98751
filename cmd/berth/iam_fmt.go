package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/atomicfile"
)

// formatting is what berth iam fmt is asked to do.
type formatting struct {
	options iam.FormatOptions
	check   bool
	write   bool
}

func (c *cli) iamFormatCommand() *cobra.Command {
	var f formatting
	cmd := &cobra.Command{
		Use:   "fmt FILE...",
		Short: "write policies in their usual form",
		Long: "Prints each policy with its elements in the usual order, two spaces of indent, operators spelled as documented. The\n" +
			"meaning stays the same. - is standard input. With --json a line per file says whether it changed.",
		Example: "  berth iam fmt --write policies/*.json",
		Args:    atLeastOne("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			if f.check && f.write {
				return usageError{errors.New("--check and --write exclude each other")}
			}
			if f.write && slices.Contains(args, "-") {
				return usageError{errors.New("--write is for files, and standard input is none")}
			}
			return c.formatFiles(f, args)
		},
	}
	cmd.Flags().BoolVar(&f.options.Compact, "compact", false, "write lists of one as that one")
	cmd.Flags().BoolVar(&f.options.Canonical, "canonical", false, "sort actions, resources, principals and conditions")
	cmd.Flags().BoolVar(&f.options.Minify, "minify", false, "leave out all white space, as quotas count")
	cmd.Flags().BoolVar(&f.check, "check", false, "change nothing; fail where a file is not in its usual form")
	cmd.Flags().BoolVarP(&f.write, "write", "w", false, "write the files in place")
	c.jsonFlag(cmd)
	return cmd
}

// formatted is what became of one file, as JSON.
type formatted struct {
	File    string `json:"file"`
	Changed bool   `json:"changed"`
}

func (c *cli) formatFiles(f formatting, files []string) error {
	changed, broken := 0, 0
	for _, file := range files {
		did, err := c.formatFile(f, file)
		if err != nil {
			c.report(err)
			broken++
			continue
		}
		if did {
			changed++
		}
	}
	if broken > 0 || f.check && changed > 0 {
		return errReported
	}
	return nil
}

func (c *cli) formatFile(f formatting, file string) (changed bool, err error) {
	name, data, err := c.readInput(file, maxPolicyFile)
	if err != nil {
		return false, err
	}
	p, problems := iam.Read(data, iam.ParseOptions{Lenient: true})
	for _, problem := range problems {
		if !keepsMeaning(problem) {
			return false, fmt.Errorf("%s:%w", name, problem)
		}
	}
	text := iam.Format(p, f.options)
	changed = !bytes.Equal(text, data)
	switch {
	case c.json:
		err = c.printJSON(formatted{File: name, Changed: changed})
	case f.check && changed:
		_, err = fmt.Fprintln(c.stdout, name)
	case !f.check && !f.write:
		_, err = c.stdout.Write(text)
	}
	if err == nil && f.write && changed && file != "-" {
		err = rewrite(file, text)
	}
	return changed, err
}

// keepsMeaning reports whether a document with this problem is written out as
// it means: what a policy has no place for would be lost.
func keepsMeaning(p iam.Problem) bool {
	return p.Tolerated && p.Code != "INVALID_POLICY_ELEMENT" && p.Code != "DATA_TYPE_MISMATCH" || p.Code == "UNSUPPORTED_PRINCIPAL" || p.Code == "MISSING_RESOURCE"
}

// rewrite replaces a file whole, with the permissions it has.
func rewrite(file string, text []byte) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	return atomicfile.Write(file, text, info.Mode().Perm())
}
