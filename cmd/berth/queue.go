package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/progress"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/client"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/workflow"
)

func (c *cli) queueCommand() *cobra.Command {
	k := settingKind{noun: "queue", path: "/queues"}
	return noun("queue", "where runs wait, and in which order they start",
		c.queueListCommand(k), c.queueShowCommand(k), c.queuePutCommand(k),
		c.turnCommand(k, "pause", "start nothing of a queue", "What has begun goes on, and new runs are taken.", "is paused"),
		c.turnCommand(k, "drain", "take nothing into a queue; what waits still runs", "", "takes nothing more"),
		c.turnCommand(k, "resume", "end a pause or a drain", "", "goes on"),
		c.settingDeleteCommand(k, "What waits in it stays there, and starts once the queue is made again or the runs are moved."),
	)
}

func (c *cli) queueListCommand(k settingKind) *cobra.Command {
	return c.onEngine(engineCommand{
		use:     "list",
		short:   "list queues with what waits in them",
		example: "  berth queue list",
		args:    exactly(),
		run: func(ctx context.Context, e *client.Client, _ []string) error {
			list, err := listSettings[engine.QueueState](ctx, e, k)
			if err != nil {
				return err
			}
			header := []string{"queue", "policy", "state", "waiting", "running", "held", "tenants", "per minute", "pool"}
			return printList(c, list, header, func(q engine.QueueState) []string {
				s := q.Stats
				return []string{
					q.Name, string(policyOf(q.Queue)), queueState(q.Queue), strconv.Itoa(s.Waiting), runningText(s.Running, q.Concurrency.Runs),
					strconv.Itoa(s.Held), strconv.Itoa(s.Tenants), fmt.Sprintf("%.1f", s.Rate*60), poolOf(q.Queue),
				}
			})
		},
	})
}

func policyOf(q work.Queue) queue.Policy {
	if q.Policy == "" {
		return queue.Fair
	}
	return q.Policy
}

func poolOf(q work.Queue) string {
	if q.Pool == "" {
		return "default"
	}
	return q.Pool
}

func queueState(q work.Queue) string {
	switch {
	case q.Paused && q.Draining:
		return "paused, draining"
	case q.Paused:
		return "paused"
	case q.Draining:
		return "draining"
	}
	return "open"
}

// runningText is how many run, of how many may.
func runningText(n, most int) string {
	if most == 0 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%d of %d", n, most)
}

func (c *cli) queueShowCommand(k settingKind) *cobra.Command {
	return c.onEngine(engineCommand{
		use:      "show NAME",
		short:    "show a queue: how it is set, what waits, which tenants wait longest",
		example:  "  berth queue show media",
		args:     exactly("NAME"),
		complete: c.completeFirst(k.names()),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			q, err := listed(ctx, e, k, args[0], func(q engine.QueueState) bool { return q.Name == args[0] })
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(q)
			}
			return c.printQueue(&q)
		},
	})
}

func (c *cli) printQueue(q *engine.QueueState) error {
	match := q.Match
	switch {
	case q.Fallback:
		match = strings.TrimSpace(match + " (and what nothing else takes)")
	case match == "":
		match = "only what names it"
	}
	limits := fmt.Sprintf("runs %s, per tenant %s, per key %s", bound(q.Concurrency.Runs), bound(q.Concurrency.PerTenant), bound(q.Concurrency.PerKey))
	s := q.Stats
	err := c.printFacts([][2]string{
		{"queue", q.Name},
		{"state", queueState(q.Queue)},
		{"takes", match},
		{"policy", string(policyOf(q.Queue))},
		{"pool", poolOf(q.Queue)},
		{"limits", limits},
		{"tenants", strings.Join(q.Tenants, ", ")},
		{"waiting", fmt.Sprintf("%d, of which held %d", s.Waiting, s.Held)},
		{"running", strconv.Itoa(s.Running)},
		{"rate", fmt.Sprintf("%.1f per minute", s.Rate*60)},
		{"evenness", fmt.Sprintf("%.2f (1 is even, by cost per weight)", s.Jain)},
		{"starved", strconv.Itoa(s.Starved)},
	})
	if err != nil || len(s.Top) == 0 {
		return err
	}
	fmt.Fprintln(c.stdout)
	rows := [][]string{{"tenant", "weight", "waiting", "running", "share", "oldest"}}
	for _, t := range s.Top {
		rows = append(rows, topRow(t))
	}
	return c.writeTable(rows)
}

func bound(n int) string {
	if n == 0 {
		return "any number"
	}
	return strconv.Itoa(n)
}

func (c *cli) queuePutCommand(k settingKind) *cobra.Command {
	var q work.Queue
	var policy, ageing, from string
	var priority int
	var cmd *cobra.Command
	cmd = c.onEngine(engineCommand{
		use:   "put NAME",
		short: "make a queue, or change what the flags name of it",
		long:  "What no flag names stays as it is. --from reads the settings of a JSON file first, as \"berth queue show --json\" has them.",
		example: "  berth queue put media --match 'run.labels.kind == \"media\"' --policy fair --concurrency 40 --per-tenant 8 --pool encode\n" +
			"  berth queue put media --per-tenant 4",
		args:     exactly("NAME"),
		complete: c.completeFirst(k.names()),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			written, err := c.patch(from, new(engine.QueueState))
			if err != nil {
				return err
			}
			v, made, err := putSetting(ctx, e, k, args[0], func(v *work.Queue) error {
				if err := written.over(v); err != nil {
					return err
				}
				v.Name = args[0]
				given := cmd.Flags().Changed
				set(given("match"), &v.Match, q.Match)
				set(given("fallback"), &v.Fallback, q.Fallback)
				set(given("order"), &v.Order, q.Order)
				set(given("policy"), &v.Policy, queue.Policy(policy))
				set(given("concurrency"), &v.Concurrency.Runs, q.Concurrency.Runs)
				set(given("per-tenant"), &v.Concurrency.PerTenant, q.Concurrency.PerTenant)
				set(given("per-key"), &v.Concurrency.PerKey, q.Concurrency.PerKey)
				set(given("pool"), &v.Pool, q.Pool)
				set(given("tenant"), &v.Tenants, q.Tenants)
				set(given("priority"), &v.Priority, &priority)
				return setDuration(given("ageing"), "--ageing", &v.Ageing, ageing)
			})
			if err != nil {
				return err
			}
			return c.printPut(k, args[0], made, v)
		},
	})
	fs := cmd.Flags()
	fs.StringVar(&q.Match, "match", "", "`CEL` over the run; the first queue by --order whose expression holds takes it")
	fs.BoolVar(&q.Fallback, "fallback", false, "take what no other queue does")
	fs.IntVar(&q.Order, "order", 0, "which queue is asked first")
	fs.StringVar(&policy, "policy", "", "fifo, round-robin, fair, priority or deadline")
	fs.IntVar(&q.Concurrency.Runs, "concurrency", 0, "how many of its runs run at once; 0 is any number")
	fs.IntVar(&q.Concurrency.PerTenant, "per-tenant", 0, "how many of each tenant")
	fs.IntVar(&q.Concurrency.PerKey, "per-key", 0, "how many of each concurrency key")
	fs.StringVar(&q.Pool, "pool", "", "where steps that name no pool are executed")
	fs.StringSliceVar(&q.Tenants, "tenant", nil, "who may use it (default: all)")
	fs.IntVar(&priority, "priority", 0, "of runs that bring none: 0, the most urgent, to 9")
	fs.StringVar(&ageing, "ageing", "", "a run counts as one class more urgent for each such time it waits, such as 60s")
	fs.StringVar(&from, "from", "", "settings as a JSON object in this `FILE`; - is standard input")
	_ = cmd.RegisterFlagCompletionFunc("policy", cobra.FixedCompletions([]string{"fifo", "round-robin", "fair", "priority", "deadline"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// set changes a field when its flag was given.
func set[T any](given bool, field *T, value T) {
	if given {
		*field = value
	}
}

func setDuration(given bool, flag string, field *workflow.Duration, text string) error {
	if !given {
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return usageError{fmt.Errorf("%s %q: a duration such as 30s", flag, text)}
	}
	*field = workflow.Duration(d)
	return nil
}

func topRow(t queue.TenantStats) []string {
	oldest := "-"
	if t.Oldest > 0 {
		oldest = progress.Took(time.Since(time.UnixMilli(t.Oldest)))
	}
	return []string{t.Tenant, fmt.Sprintf("%g", t.Weight), strconv.Itoa(t.Waiting), strconv.Itoa(t.Running), fmt.Sprintf("%.0f %%", 100*t.Share), oldest}
}
