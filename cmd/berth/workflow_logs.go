package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/progress"
	"github.com/berth-project/berth/work/client"
)

func (c *cli) workflowLogsCommand() *cobra.Command {
	var follow bool
	cmd := c.onEngine(engineCommand{
		use:   "logs RUN [STEP]",
		short: "print what the steps of a run logged",
		long: "Prints the lines of all attempts in the order they came, each with its step; of one step without it. With --follow it\n" +
			"goes on until the run is final. With --json there is a piece of log per line.",
		example:  "  berth workflow logs r0an4cpzz08000 resize --follow",
		args:     cobra.RangeArgs(1, 2),
		complete: c.completeFirst(runIDs(nil)),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			step := ""
			if len(args) > 1 {
				step = args[1]
			}
			after, err := c.printLogs(ctx, e, args[0], step, 0)
			if err != nil || !follow {
				return err
			}
			return c.followLogs(ctx, e, args[0], step, after)
		},
	})
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the run is final")
	return cmd
}

// printLogs prints what there is behind a place in the log, and gives the
// place behind it.
func (c *cli) printLogs(ctx context.Context, e *client.Client, run, step string, after int64) (int64, error) {
	for {
		lines, err := e.Logs(ctx, run, step, after)
		if err != nil || len(lines) == 0 {
			return after, err
		}
		for _, l := range lines {
			if err := c.printLog(l, step == ""); err != nil {
				return after, err
			}
			after = l.Seq
		}
	}
}

func (c *cli) printLog(l client.LogLine, withStep bool) error {
	if c.json {
		return c.printJSON(l)
	}
	text := progress.Clean(l.Text)
	if withStep {
		text = progress.Log(progress.StepName(l.Step, l.Item), l.Text)
	} else if text != "" && text[len(text)-1] != '\n' {
		text += "\n"
	}
	_, err := fmt.Fprint(c.stdout, text)
	return err
}

// logPause is how long a follower waits between two looks: lines reach the
// store with the heartbeats of their attempts.
const logPause = 500 * time.Millisecond

// followLogs prints what comes until the run is final, and then the rest.
func (c *cli) followLogs(ctx context.Context, e *client.Client, run, step string, after int64) error {
	ended := make(chan error, 1)
	go func() {
		_, err := e.Wait(ctx, run)
		ended <- err
	}()
	for {
		var over bool
		var err error
		select {
		case err = <-ended:
			over = true
		case <-time.After(logPause):
		}
		if err != nil {
			return err
		}
		if after, err = c.printLogs(ctx, e, run, step, after); err != nil {
			var answered *client.Error
			if !errors.As(err, &answered) || !answered.Temporary() || over {
				return err
			}
		}
		if over {
			return nil
		}
	}
}

// live are the runs that are not final.
func live() url.Values { return url.Values{"state": {"live"}} }
