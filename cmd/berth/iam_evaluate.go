package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/iam/evalcase"
)

// maxCases bounds a file of cases.
const maxCases = 64 << 20

func (c *cli) iamEvaluateCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "evaluate --cases FILE",
		Short: "run recorded decisions and compare the answers",
		Long: "Each case is a request, the policies that apply and the answer that is expected; \"berth iam evaluate\" decides it and\n" +
			"says whether the answer is that. A line of JSON per case: id, decision, reason, pass. Exit status 1 where any differs.\n" +
			"Policies stand in the cases, or are files beside the cases or below. docs/iam.md describes the file.",
		Example: "  berth iam evaluate --cases policies/cases.json",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			suite, err := c.cases(file)
			if err != nil {
				return err
			}
			return c.runCases(suite)
		},
	}
	cmd.Flags().StringVar(&file, "cases", "", "the `FILE` of cases, or - for standard input")
	_ = cmd.MarkFlagRequired("cases")
	c.jsonFlag(cmd)
	return cmd
}

// cases reads a file of cases, and the policies it names in its own folder.
func (c *cli) cases(file string) (*evalcase.Suite, error) {
	name, data, err := c.readInput(file, maxCases)
	if err != nil {
		return nil, err
	}
	folder, err := os.OpenRoot(filepath.Dir(file)) // of "-" it is the present one
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer folder.Close()
	suite, err := evalcase.ParseFiles(data, folder.FS())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return suite, nil
}

// runCases prints a line per case, which is JSON with and without --json: the
// lines are read by programs.
func (c *cli) runCases(suite *evalcase.Suite) error {
	differ := 0
	for i := range suite.Cases {
		r := suite.Cases[i].Run()
		if !r.Pass {
			differ++
		}
		if err := c.printJSON(r); err != nil {
			return err
		}
	}
	fmt.Fprintf(c.stderr, "%d cases, %d as expected, %d not\n", len(suite.Cases), len(suite.Cases)-differ, differ)
	if differ > 0 {
		return errReported
	}
	return nil
}
