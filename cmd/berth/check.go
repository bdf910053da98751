package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/service"
	"github.com/berth-project/berth/internal/diagnostic"
)

func (c *cli) checkCommand() *cobra.Command {
	var strict bool
	cmd := &cobra.Command{
		Use:   "check [DIR|FILE]",
		Short: "validate the manifest and everything it names, and start nothing",
		Long: "Validates the manifest, resolves its environment, builds routes and rules.\n" +
			"Exit status 1 when something is wrong; with --strict also when something looks wrong.",
		Example: "  berth check examples/ledger",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			report, err := service.Check(cmd.Context(), c.options(argument(args), service.Production))
			if err != nil {
				return c.checkFailed(err)
			}
			if c.json {
				err = c.printJSON(checkReport{OK: true, Warnings: report.Warnings})
			} else {
				c.printWarnings(report.Warnings)
				fmt.Fprintf(c.stderr, "%s is fine (processes %d, routes %d, rules %d)\n", report.File, report.Processes, report.Routes, report.Rules)
			}
			if strict && len(report.Warnings) > 0 {
				return fmt.Errorf("warnings (%d), and --strict", len(report.Warnings))
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "warnings fail too")
	c.jsonFlag(cmd)
	return cmd
}

type checkReport struct {
	OK       bool            `json:"ok"`
	Problems diagnostic.List `json:"problems,omitempty"`
	Warnings diagnostic.List `json:"warnings,omitempty"`
}

// checkFailed prints problems as data for machines; for people they are talk.
func (c *cli) checkFailed(err error) error {
	var list diagnostic.List
	if !c.json || !errors.As(err, &list) {
		return err
	}
	if err := c.printJSON(checkReport{Problems: list}); err != nil {
		return err
	}
	return errReported
}

// argument is the optional DIR of a command; the present directory without it.
func argument(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}
