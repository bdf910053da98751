package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/progress"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/client"
	"github.com/berth-project/berth/work/shard"
)

func (c *cli) poolCommand() *cobra.Command {
	k := settingKind{noun: "pool", path: "/pools"}
	return noun("pool", "who executes steps, and how many at once",
		c.poolListCommand(k), c.poolShowCommand(k), c.poolPutCommand(k),
		c.turnCommand(k, "pause", "hand out nothing of a pool", "What is executed goes on.", "is paused"),
		c.turnCommand(k, "drain", "begin no run for a pool", "Steps of runs that have begun are still handed out; when those have ended, its workers may leave.", "begins no run"),
		c.turnCommand(k, "resume", "end a pause or a drain", "", "goes on"),
		c.settingDeleteCommand(k, "Its limits are gone with it; steps still go to the workers that ask for them."),
	)
}

func (c *cli) poolListCommand(k settingKind) *cobra.Command {
	return c.onEngine(engineCommand{
		use:     "list",
		short:   "list pools with their workers and what waits for them",
		example: "  berth pool list",
		args:    exactly(),
		run: func(ctx context.Context, e *client.Client, _ []string) error {
			list, err := listSettings[shard.PoolState](ctx, e, k)
			if err != nil {
				return err
			}
			return printList(c, list, []string{"pool", "state", "workers", "executing", "slots", "free", "ready"}, func(p shard.PoolState) []string {
				return []string{
					p.Name, poolState(p.Pool), strconv.Itoa(len(p.Workers)), strconv.Itoa(p.Leased),
					runningText(p.Used, p.Slots), strconv.Itoa(p.Free), strconv.Itoa(p.Ready),
				}
			})
		},
	})
}

func poolState(p work.Pool) string {
	switch {
	case p.Paused:
		return "paused"
	case p.Draining:
		return "draining"
	}
	return "open"
}

func (c *cli) poolShowCommand(k settingKind) *cobra.Command {
	return c.onEngine(engineCommand{
		use:      "show NAME",
		short:    "show a pool: its limits, its workers, what waits for them",
		example:  "  berth pool show encode",
		args:     exactly("NAME"),
		complete: c.completeFirst(k.names()),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			p, err := listed(ctx, e, k, args[0], func(p shard.PoolState) bool { return p.Name == args[0] })
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(p)
			}
			return c.printPool(&p)
		},
	})
}

func (c *cli) printPool(p *shard.PoolState) error {
	lease := p.Lease.Std().String()
	if p.Lease == 0 {
		lease = "30s"
	}
	for _, f := range [][2]string{
		{"pool", p.Name},
		{"state", poolState(p.Pool)},
		{"slots", runningText(p.Used, p.Slots) + " in use"},
		{"lease", lease},
		{"ready", fmt.Sprintf("%d steps wait for a slot", p.Ready)},
	} {
		fmt.Fprintf(c.stdout, "%-6s %s\n", f[0], f[1])
	}
	if len(p.Workers) == 0 {
		return nil
	}
	fmt.Fprintln(c.stdout)
	rows := [][]string{{"worker", "executing", "free", "types"}}
	for _, w := range p.Workers {
		rows = append(rows, []string{progress.Clean(w.Name), strconv.Itoa(w.Leased), strconv.Itoa(w.Free), progress.Clean(typesText(w))})
	}
	return c.writeTable(rows)
}

// typesText is what a worker executes. One that asks for nothing at the moment
// does not tell.
func typesText(w shard.WorkerState) string {
	switch {
	case len(w.Types) > 0:
		return strings.Join(w.Types, ", ")
	case w.Free > 0:
		return "all"
	}
	return "-"
}

func (c *cli) poolPutCommand(k settingKind) *cobra.Command {
	var p work.Pool
	var lease, from string
	var cmd *cobra.Command
	cmd = c.onEngine(engineCommand{
		use:      "put NAME",
		short:    "make a pool, or change what the flags name of it",
		long:     "What no flag names stays as it is. A pool needs no settings to be used: workers may ask for the steps of any.",
		example:  "  berth pool put encode --slots 16 --per-type transcode=4 --lease 60s",
		args:     exactly("NAME"),
		complete: c.completeFirst(k.names()),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			written, err := c.patch(from, new(shard.PoolState))
			if err != nil {
				return err
			}
			v, made, err := putSetting(ctx, e, k, args[0], func(v *work.Pool) error {
				if err := written.over(v); err != nil {
					return err
				}
				v.Name = args[0]
				given := cmd.Flags().Changed
				set(given("slots"), &v.Slots, p.Slots)
				set(given("per-type"), &v.PerType, p.PerType)
				set(given("per-key"), &v.PerKey, p.PerKey)
				set(given("draining"), &v.Draining, p.Draining)
				return setDuration(given("lease"), "--lease", &v.Lease, lease)
			})
			if err != nil {
				return err
			}
			return c.printPut(k, args[0], made, v)
		},
	})
	fs := cmd.Flags()
	fs.IntVar(&p.Slots, "slots", 0, "slots in use at once over all workers; 0 is what the workers have")
	fs.StringToIntVar(&p.PerType, "per-type", nil, "steps of a type at once, `TYPE=N`")
	fs.Lookup("per-type").DefValue = "" // not "[]"
	fs.IntVar(&p.PerKey, "per-key", 0, "steps with the same concurrency key at once")
	fs.BoolVar(&p.Draining, "draining", false, "begin no run for it; steps of runs that have begun are still handed out")
	fs.StringVar(&lease, "lease", "", "how long a task stays a worker's after each heartbeat, such as 30s")
	fs.StringVar(&from, "from", "", "settings as a JSON object in this `FILE`; - is standard input")
	return cmd
}
