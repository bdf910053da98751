package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/progress"
	"github.com/berth-project/berth/work/client"
)

// listFlags are the filters of berth workflow list.
type listFlags struct {
	tenants, states                                          []string
	workflow, queue, parent, failure, text, since, until, by string
	labels                                                   map[string]string
	limit                                                    int
	all, ids                                                 bool
}

func (c *cli) workflowListCommand() *cobra.Command {
	var f listFlags
	cmd := c.onEngine(engineCommand{
		use:   "list",
		short: "list runs, newest first",
		example: "  berth workflow list --state live --tenant acme\n" +
			"  berth workflow list --state failed --since 24h --ids --all | xargs berth workflow retry",
		args: exactly(),
		run: func(ctx context.Context, e *client.Client, _ []string) error {
			query, err := f.query(time.Now())
			if err != nil {
				return err
			}
			return c.listRuns(ctx, e, query, f)
		},
	})
	fs := cmd.Flags()
	fs.StringSliceVar(&f.states, "state", nil, "held, queued, running, succeeded, failed, canceled, timed-out, live or final")
	fs.StringSliceVar(&f.tenants, "tenant", nil, "of these tenants")
	fs.StringVar(&f.workflow, "workflow", "", "of this workflow")
	fs.StringVar(&f.queue, "queue", "", "in this queue")
	labelFlag(fs, &f.labels, "with this label, `NAME=VALUE`; may be repeated")
	fs.StringVar(&f.parent, "parent", "", "sub-workflows of this `RUN`")
	fs.StringVar(&f.failure, "failure", "", "that failed with this `CODE`; * at the end stands for the rest")
	fs.StringVar(&f.text, "text", "", "with this in the workflow's name, the id or a label")
	fs.StringVar(&f.since, "since", "", "created after this `TIME`: RFC 3339, or a duration back from now such as 24h")
	fs.StringVar(&f.until, "until", "", "created before this `TIME`")
	fs.StringVar(&f.by, "order", "newest", "newest, oldest, or finished: in the order they came to their end")
	fs.IntVar(&f.limit, "limit", 50, "how many at most")
	fs.BoolVar(&f.all, "all", false, "all there are")
	fs.BoolVar(&f.ids, "ids", false, "print only the ids")
	_ = cmd.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(
		[]string{"held", "queued", "running", "succeeded", "failed", "canceled", "timed-out", "live", "final"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (f *listFlags) query(now time.Time) (url.Values, error) {
	q := url.Values{"state": f.states, "tenant": f.tenants}
	for name, value := range map[string]string{
		"workflow": f.workflow, "queue": f.queue, "parent": f.parent, "failure": f.failure, "text": f.text, "order": f.by,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, value := range f.labels {
		q.Set("label."+name, value)
	}
	for _, bound := range []struct{ flag, name, text string }{{"since", "from", f.since}, {"until", "to", f.until}} {
		if bound.text == "" {
			continue
		}
		at, err := momentOf(bound.text, now, -1)
		if err != nil {
			return nil, usageError{fmt.Errorf("--%s: %w", bound.flag, err)}
		}
		q.Set(bound.name, at.UTC().Format(time.RFC3339Nano))
	}
	if f.limit < 1 {
		return nil, usageError{fmt.Errorf("--limit %d: at least 1", f.limit)}
	}
	return q, nil
}

// listRuns prints pages as they come: a table's columns are those of its page.
func (c *cli) listRuns(ctx context.Context, e *client.Client, q url.Values, f listFlags) error {
	left := f.limit
	for first := true; ; first = false {
		page := 1000
		if !f.all {
			page = min(left, page)
		}
		q.Set("limit", strconv.Itoa(page))
		runs, next, err := e.List(ctx, q)
		if err != nil {
			return err
		}
		if first || len(runs) > 0 {
			if err := c.printRuns(runs, f.ids); err != nil {
				return err
			}
		}
		if left -= len(runs); next == "" {
			return nil
		}
		if left <= 0 && !f.all {
			fmt.Fprintln(c.stderr, "there are more: --limit, or --all")
			return nil
		}
		q.Set("cursor", next)
	}
}

func (c *cli) printRuns(runs []client.Run, ids bool) error {
	if ids {
		var b strings.Builder
		for _, r := range runs {
			b.WriteString(r.ID + "\n")
		}
		_, err := fmt.Fprint(c.stdout, b.String())
		return err
	}
	now := time.Now()
	header := []string{"run", "state", "workflow", "tenant", "queue", "created", "took", "failed with"}
	return printList(c, runs, header, func(r client.Run) []string {
		state := r.State
		if r.Paused {
			state += ", paused"
		}
		return []string{r.ID, state, r.Workflow, r.Tenant, r.Queue, stamp(r.Created), orDash(progress.RunTook(&r, now)), orDash(r.Failed)}
	})
}
