package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/service"
	"github.com/berth-project/berth/internal/diagnostic"
)

func (c *cli) explainCommand() *cobra.Command {
	return noun("explain", "say why: a request's fate, or what an error code means",
		c.explainRequestCommand(), c.explainCodeCommand())
}

func (c *cli) explainRequestCommand() *cobra.Command {
	var as, expect string
	cmd := &cobra.Command{
		Use:   "request METHOD URL",
		Short: "say how the gateway would take a request, step by step",
		Long: "Builds the same hosts, rules and routes the gateway uses and asks them; nothing needs to run.\n" +
			"URL is absolute, or a path on the service's first host. The exit status is 0 whatever the answer;\n" +
			"--expect makes another answer a failure.",
		Example: "  berth explain request POST /acme/accounts --as anna@example.com -f examples/ledger",
		Args:    exactly("METHOD", "URL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts := c.options(c.file, service.Development)
			a, err := service.Explain(cmd.Context(), opts, service.Question{Method: strings.ToUpper(args[0]), URL: args[1], As: as})
			if err != nil {
				return err
			}
			if c.json {
				err = c.printJSON(a)
			} else {
				c.printAnswer(a)
			}
			if err == nil && expect != "" && expect != a.Verdict() {
				fmt.Fprintf(c.stderr, "berth: expected %s, the answer is %s\n", expect, a.Verdict())
				return errReported
			}
			return err
		},
	}
	cmd.Flags().StringVar(&as, "as", "", "the `USER` who asks, by email or id (default: nobody)")
	cmd.Flags().StringVar(&expect, "expect", "", "fail unless the answer is allow or refuse")
	c.fileFlag(cmd)
	c.dataFlag(cmd)
	c.jsonFlag(cmd)
	return cmd
}

// explainCodeCommand prints the long form of an error code.
func (c *cli) explainCodeCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "code CODE",
		Short:   "say what an error code means and what to do",
		Example: "  berth explain code B0107",
		Args:    exactly("CODE"),
		RunE: func(_ *cobra.Command, args []string) error {
			text, ok := diagnostic.Explain(strings.ToUpper(args[0]))
			if !ok {
				return usageError{fmt.Errorf("no error has the code %q", args[0])}
			}
			fmt.Fprint(c.stdout, text)
			return nil
		},
	}
}
