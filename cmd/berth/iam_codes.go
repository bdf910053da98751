package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/iam/lint"
)

func (c *cli) iamCodesCommand() *cobra.Command {
	var severity string
	cmd := &cobra.Command{
		Use:   "codes",
		Short: "list the codes of findings about policies",
		Long: "Those of \"berth iam lint\", as the vendor's policy validation names them where it has a name. \"berth explain code CODE\" says\n" +
			"what one means and what to do.",
		Example: "  berth iam codes --severity security",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			codes := lint.Codes()
			if severity != "" {
				want, ok := lint.ParseSeverity(severity)
				if !ok {
					return usageError{fmt.Errorf("--severity %q is not one of error, security, warning, suggestion", severity)}
				}
				codes = slices.DeleteFunc(codes, func(x lint.Code) bool { return x.Severity != want })
			}
			return printList(c, codes, []string{"code", "severity", "level", "title"}, func(x lint.Code) []string {
				return []string{x.Name, x.Severity.String(), x.Level.String(), x.Title}
			})
		},
	}
	cmd.Flags().StringVar(&severity, "severity", "", "only those of the `SEVERITY`: error, security, warning, suggestion")
	c.jsonFlag(cmd)
	return cmd
}
