package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/progress"
	"github.com/berth-project/berth/work/client"
)

func (c *cli) workflowShowCommand() *cobra.Command {
	var output bool
	var step string
	var item int
	cmd := c.onEngine(engineCommand{
		use:      "show RUN",
		short:    "show a run: its steps, why it failed, what it answered",
		example:  "  berth workflow show r0an4cpzz08000\n  berth workflow show r0an4cpzz08000 --step resize | jq .",
		args:     exactly("RUN"),
		complete: c.completeFirst(runIDs(nil)),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			var raw json.RawMessage
			path := "/runs/" + url.PathEscape(args[0])
			if step != "" {
				path += "/steps/" + url.PathEscape(step) + "/output"
			}
			query := url.Values{}
			if item >= 0 {
				query.Set("item", fmt.Sprint(item))
			}
			if err := e.Do(ctx, http.MethodGet, path, query, nil, &raw); err != nil {
				return err
			}
			if step != "" || c.json && !output {
				return c.printJSON(raw)
			}
			var r client.Run
			if err := json.Unmarshal(raw, &r); err != nil {
				return fmt.Errorf("the answer: %w", err)
			}
			switch {
			case !output:
				return c.printRun(&r)
			case r.State != "succeeded":
				return fmt.Errorf("%w; it has no output", runError(&r))
			}
			return c.printOutput(&r)
		},
	})
	cmd.Flags().BoolVar(&output, "output", false, "print only what the run answered; fail unless it succeeded")
	cmd.Flags().StringVar(&step, "step", "", "print only the output of this `STEP`")
	cmd.Flags().IntVar(&item, "item", -1, "of this item of the step")
	return cmd
}

func (c *cli) printOutput(r *client.Run) error {
	if r.Detail == nil || len(r.Detail.Output) == 0 {
		return c.printJSON(nil)
	}
	return c.printJSON(r.Detail.Output)
}

// printOutcome prints what a run came to: its output, or why it has none.
func (c *cli) printOutcome(r *client.Run) error {
	if c.json {
		if err := c.printJSON(r); err != nil {
			return err
		}
	}
	if r.State != "succeeded" {
		return runError(r)
	}
	if c.json {
		return nil
	}
	return c.printOutput(r)
}

// runError is a run that did not succeed.
func runError(r *client.Run) error {
	var f *client.Failure
	if r.Detail != nil {
		f = r.Detail.Failure
	}
	became := map[string]string{"failed": "failed", "canceled": "was canceled", "timed-out": "timed out"}[r.State]
	if became == "" {
		became = "is " + r.State
	}
	if f == nil {
		return fmt.Errorf("run %s %s", r.ID, became)
	}
	return fmt.Errorf("run %s %s: %s", r.ID, became, progress.Why(f))
}

func (c *cli) printRun(r *client.Run) error {
	now := time.Now()
	facts := [][2]string{
		{"run", r.ID},
		{"workflow", r.Workflow + versionText(r.Version)},
		{"tenant", r.Tenant},
		{"queue", fmt.Sprintf("%s, priority %d", r.Queue, r.Priority)},
		{"state", stateText(r)},
		{"created", stamp(r.Created)},
		{"started", stamp(r.Started)},
		{"took", progress.RunTook(r, now)},
		{"deadline", stamp(r.Deadline)},
		{"parent", r.Parent},
		{"labels", labelText(r.Labels)},
		{"params", string(r.Params)},
	}
	if r.Detail != nil {
		facts = append(facts, [2]string{"failed", progress.Why(r.Detail.Failure)})
		if out := string(r.Detail.Output); out != "null" {
			facts = append(facts, [2]string{"output", out})
		}
	}
	if err := c.printFacts(facts); err != nil || r.Detail == nil {
		return err
	}
	fmt.Fprintln(c.stdout)
	return c.writeTable(append([][]string{progress.Header()}, progress.Rows(r.Detail.Steps, now)...))
}

func versionText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", version %d", n)
}

func stateText(r *client.Run) string {
	text := r.State
	if r.Paused && !r.Final() {
		text += ", paused"
	}
	if r.State == "held" && !r.StartAt.IsZero() {
		text += " until " + stamp(r.StartAt)
	}
	return text
}

func labelText(labels map[string]string) string {
	var parts []string
	for name, value := range labels {
		parts = append(parts, name+"="+value)
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}
