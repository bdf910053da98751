package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/work/client"
)

// steerVerb is something that is asked of runs.
type steerVerb struct{ verb, short, long, example string }

func (c *cli) workflowSteerCommands() []*cobra.Command {
	verbs := []steerVerb{
		{
			"cancel", "stop runs",
			"What executes is called back, what waits does not start; steps under finally still run.",
			"  berth workflow cancel r0an4cpzz08000 --reason 'wrong source'",
		},
		{"pause", "let runs rest", "What executes goes on; nothing new of them starts until they are resumed.", "  berth workflow pause r0an4cpzz08000"},
		{"resume", "end a pause of runs", "", "  berth workflow resume r0an4cpzz08000"},
		{"release", "queue held runs now", "", "  berth workflow release r0an4cpzz08000"},
	}
	commands := make([]*cobra.Command, 0, len(verbs))
	for _, v := range verbs {
		body := map[string]string{}
		cmd := c.onEngine(engineCommand{
			use: v.verb + " RUN...", short: v.short, long: v.long, example: v.example, args: atLeastOne("RUN"), complete: c.completeAny(runIDs(live())),
			run: func(ctx context.Context, e *client.Client, args []string) error {
				return c.steer(ctx, e, args, v.verb, body)
			},
		})
		if v.verb == "cancel" {
			cmd.Flags().Func("reason", "`WHY`, for the history", func(text string) error {
				body["reason"] = text
				return nil
			})
		}
		commands = append(commands, cmd)
	}
	return commands
}

// steer asks the same of several runs. One that refuses does not keep the
// others from being asked.
func (c *cli) steer(ctx context.Context, e *client.Client, runs []string, verb string, body any) error {
	failed := false
	for _, id := range runs {
		r, err := e.Steer(ctx, id, verb, body)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && len(runs) == 1:
			return err
		case err != nil:
			fmt.Fprintf(c.stderr, "berth: run %s: %v\n", id, c.engineError(err))
			failed = true
			continue
		}
		if err := c.printSteered(id, &r); err != nil {
			return err
		}
	}
	if failed {
		return errReported
	}
	return nil
}

func (c *cli) printSteered(id string, r *client.Run) error {
	if c.json {
		return c.printJSON(r)
	}
	text := "done"
	if r.State != "" { // one who may not read the run is not told
		text = stateText(r)
	}
	fmt.Fprintf(c.stderr, "run %s: %s\n", id, text)
	return nil
}

func (c *cli) workflowRetryCommand() *cobra.Command {
	var fromFailure, all bool
	var steps []string
	cmd := c.onEngine(engineCommand{
		use:   "retry RUN...",
		short: "run again what failed, or more",
		long: "Without flags, and with --from-failure, what succeeded stays and the rest runs again. --steps names steps to run again,\n" +
			"with all that depends on them; --all begins anew. Attempts count from 1 again.",
		example:  "  berth workflow retry r0an4cpzz08000 --from-failure\n  berth workflow retry r0an4cpzz08000 --steps probe,resize",
		args:     atLeastOne("RUN"),
		complete: c.completeAny(runIDs(nil)),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			switch {
			case len(steps) > 0 && len(args) > 1:
				return usageError{errors.New("--steps are of one run: name one")}
			case len(steps) > 0:
				return c.steer(ctx, e, args, "reset", map[string]any{"steps": steps})
			case all:
				return c.steer(ctx, e, args, "reset", nil)
			}
			return c.steer(ctx, e, args, "retry", nil)
		},
	})
	fs := cmd.Flags()
	fs.BoolVar(&fromFailure, "from-failure", false, "what did not succeed; the default")
	fs.StringSliceVar(&steps, "steps", nil, "these `STEPS`, and all that depend on them")
	fs.BoolVar(&all, "all", false, "all steps")
	cmd.MarkFlagsMutuallyExclusive("from-failure", "steps", "all")
	return cmd
}

func (c *cli) workflowSignalCommand() *cobra.Command {
	return c.onEngine(engineCommand{
		use:   "signal RUN NAME [JSON]",
		short: "tell a run what one of its steps waits for",
		long: "JSON is the signal's data: a text, @FILE or - for standard input. An approval's is true, false, or an object with\n" +
			"\"approved\"; without it, it approves.",
		example:  "  berth workflow signal r0an4cpzz08000 review '{\"approved\": true, \"note\": \"fine\"}'",
		args:     cobra.RangeArgs(2, 3),
		complete: c.completeFirst(runIDs(live())),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			signal := map[string]any{"name": args[1]}
			if len(args) > 2 {
				data, err := c.jsonArgument("the signal's data", args[2])
				if err != nil {
					return err
				}
				signal["data"] = json.RawMessage(data)
			}
			return c.steer(ctx, e, args[:1], "signal", map[string]any{"signal": signal})
		},
	})
}
