package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/progress"
	"github.com/berth-project/berth/work/client"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow/machine"
)

func (c *cli) workflowExplainCommand() *cobra.Command {
	return c.explainRun("explain RUN", "  berth workflow explain r0an4cpzz08000")
}

// explainRunCommand is the same beside the other questions of berth explain.
func (c *cli) explainRunCommand() *cobra.Command {
	return c.explainRun("run RUN", "  berth explain run r0an4cpzz08000")
}

func (c *cli) explainRun(use, example string) *cobra.Command {
	return c.onEngine(engineCommand{
		use:      use,
		short:    "say why a run is where it is: what holds it, what its steps wait for",
		example:  example,
		args:     exactly("RUN"),
		complete: c.completeFirst(runIDs(nil)),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			var raw json.RawMessage
			if err := e.Do(ctx, http.MethodGet, "/runs/"+url.PathEscape(args[0])+"/explain", nil, nil, &raw); err != nil {
				return err
			}
			if c.json {
				return c.printJSON(raw)
			}
			var x shard.Explanation
			if err := json.Unmarshal(raw, &x); err != nil {
				return fmt.Errorf("the answer: %w", err)
			}
			return c.printExplanation(args[0], &x)
		},
	})
}

func (c *cli) printExplanation(id string, x *shard.Explanation) error {
	fmt.Fprintf(c.stdout, "run %s is %s\n", id, x.Status)
	for _, line := range x.Text {
		fmt.Fprintf(c.stdout, "  %s\n", progress.Clean(line))
	}
	if len(x.Steps) == 0 {
		return nil
	}
	fmt.Fprintln(c.stdout)
	rows := [][]string{{"step", "state", "why"}}
	for _, s := range x.Steps {
		rows = append(rows, []string{progress.StepName(s.Step, s.Item), s.Status.String(), progress.Clean(s.Why)})
	}
	return c.writeTable(rows)
}

func (c *cli) workflowHistoryCommand() *cobra.Command {
	return c.onEngine(engineCommand{
		use:      "history RUN",
		short:    "print all that happened to a run, every attempt of every step",
		example:  "  berth workflow history r0an4cpzz08000",
		args:     exactly("RUN"),
		complete: c.completeFirst(runIDs(nil)),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			var page struct {
				History []machine.Entry `json:"history"`
			}
			if err := e.Do(ctx, http.MethodGet, "/runs/"+url.PathEscape(args[0])+"/history", nil, nil, &page); err != nil {
				return err
			}
			return printList(c, page.History, []string{"at", "what", "step", "attempt", "by", "detail"}, func(x machine.Entry) []string {
				step, attempt := x.Step, ""
				if x.Item != nil {
					step = progress.StepName(step, *x.Item)
				}
				if x.Attempt > 0 {
					attempt = strconv.Itoa(x.Attempt)
				}
				at := time.UnixMilli(x.At).UTC().Format("2006-01-02 15:04:05.000Z")
				return []string{at, x.Kind, step, attempt, x.By, detailText(x.Detail)}
			})
		},
	})
}

// detailText says in words what the history keeps of an attempt or an end in
// JSON; what else there is stays as it is.
func detailText(detail json.RawMessage) string {
	var of struct {
		Started, Finished int64
		Status, Reason    string
		Failure           *client.Failure
	}
	if json.Unmarshal(detail, &of) != nil || of.Status == "" && of.Failure == nil {
		return string(detail)
	}
	words := cmp.Or(of.Status, "failed")
	if of.Started > 0 && of.Finished >= of.Started {
		words += " in " + progress.Took(time.Duration(of.Finished-of.Started)*time.Millisecond)
	}
	for _, why := range []string{of.Reason, progress.Why(of.Failure)} {
		if why != "" {
			words += ", " + why
		}
	}
	return words
}
