package main

import "github.com/spf13/cobra"

func (c *cli) workflowCommand() *cobra.Command {
	return noun("workflow", "check, run, submit and watch workflows",
		c.workflowServeCommand(),
	)
}
