package main

import "github.com/spf13/cobra"

func (c *cli) workflowCommand() *cobra.Command {
	cmd := noun("workflow", "check, run, submit and watch workflows",
		c.workflowServeCommand(), c.workflowCheckCommand(), c.workflowRunCommand(),
		c.workflowDefineCommand(), c.workflowDefinitionsCommand(),
		c.workflowSubmitCommand(), c.workflowListCommand(), c.workflowShowCommand(), c.workflowWatchCommand(), c.workflowLogsCommand(),
	)
	cmd.AddCommand(c.workflowSteerCommands()...)
	cmd.AddCommand(
		c.workflowRetryCommand(), c.workflowSignalCommand(),
		c.workflowExplainCommand(), c.workflowHistoryCommand(),
		c.workflowTenantCommand(), c.workflowDeadCommand(), c.workflowKeyCommand(),
		c.workflowKubeCommand(), c.workflowImportCommand(),
	)
	return cmd
}
