package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/client"
	"github.com/berth-project/berth/work/cron"
)

func (c *cli) scheduleCommand() *cobra.Command {
	k := settingKind{noun: "schedule", path: "/schedules"}
	return noun("schedule", "runs that start at times",
		c.scheduleListCommand(k), c.scheduleShowCommand(k), c.schedulePutCommand(k),
		c.schedulePauseCommand(k, "pause", "start nothing at the schedule's times", "is paused", true),
		c.schedulePauseCommand(k, "resume", "end a pause; what it says of missed times goes for those that passed", "goes on", false),
		c.scheduleRunCommand(k),
		c.settingDeleteCommand(k, "Runs that it started go on."),
	)
}

func (c *cli) scheduleListCommand(k settingKind) *cobra.Command {
	return c.onEngine(engineCommand{
		use:     "list",
		short:   "list schedules with what they start and when",
		example: "  berth schedule list",
		args:    exactly(),
		run: func(ctx context.Context, e *client.Client, _ []string) error {
			list, err := listSettings[work.Schedule](ctx, e, k)
			if err != nil {
				return err
			}
			now := time.Now()
			return printList(c, list, []string{"schedule", "when", "starts", "tenant", "next", "last", "last run"}, func(s work.Schedule) []string {
				when, next := timesOf(s, now)
				return []string{s.Name, when, startsText(s.Run), s.Run.Tenant, next, lastTime(s), lastRun(s)}
			})
		},
	})
}

// timesOf says when a schedule is due, and when next.
func timesOf(s work.Schedule, now time.Time) (when, next string) {
	parsed, err := cron.Parse(s.Cron, s.TimeZone)
	if err != nil {
		return s.Cron, "-"
	}
	if s.Paused {
		return parsed.String(), "paused"
	}
	return parsed.String(), stamp(parsed.Next(now))
}

func startsText(s work.Submission) string {
	if s.Workflow == "" {
		return "a document"
	}
	return s.Workflow
}

// lastTime is when a schedule last started a run; before that the engine keeps
// from when on it looks.
func lastTime(s work.Schedule) string {
	if s.LastRun == 0 {
		return "-"
	}
	return stamp(time.UnixMilli(s.Last))
}

func lastRun(s work.Schedule) string {
	if s.LastRun == 0 {
		return "-"
	}
	return s.LastRun.String()
}

// upcoming is how many of the next times are shown.
const upcoming = 5

func (c *cli) scheduleShowCommand(k settingKind) *cobra.Command {
	return c.onEngine(engineCommand{
		use:      "show NAME",
		short:    "show a schedule and its next times",
		example:  "  berth schedule show nightly",
		args:     exactly("NAME"),
		complete: c.completeFirst(k.names()),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			var s work.Schedule
			if err := e.Do(ctx, http.MethodGet, k.one(args[0]), nil, nil, &s); err != nil {
				return err
			}
			if c.json {
				return c.printJSON(s)
			}
			return c.printSchedule(s, time.Now())
		},
	})
}

func (c *cli) printSchedule(s work.Schedule, now time.Time) error {
	when, _ := timesOf(s, now)
	state := "open"
	if s.Paused {
		state = "paused"
	}
	facts := [][2]string{
		{"schedule", s.Name},
		{"when", when},
		{"cron", s.Cron},
		{"state", state},
		{"missed", s.Missed},
		{"overlap", s.Overlap},
		{"starts", startsText(s.Run)},
		{"tenant", s.Run.Tenant},
		{"queue", s.Run.Queue},
		{"params", string(s.Run.Params)},
		{"last", lastTime(s)},
		{"last run", lastRun(s)},
	}
	// The engine took it; what this program cannot read it does not show.
	if parsed, err := cron.Parse(s.Cron, s.TimeZone); err == nil && !s.Paused {
		for i, at := 0, now; i < upcoming; i++ {
			at = parsed.Next(at)
			facts = append(facts, [2]string{"next", at.Format("Mon 2006-01-02 15:04:05 MST")})
		}
	}
	return c.printFacts(facts)
}

// scheduleFlags are what berth schedule put is told.
type scheduleFlags struct {
	paramFlags
	s          work.Schedule
	document   string
	workflow   string
	version    int
	tenant     string
	queue      string
	labels     map[string]string
	from       string
	deadline   string
	concurrent string
}

func (c *cli) schedulePutCommand(k settingKind) *cobra.Command {
	var f scheduleFlags
	var cmd *cobra.Command
	cmd = c.onEngine(engineCommand{
		use:      "put NAME",
		short:    "make a schedule, or change what the flags name of it",
		long:     "What no flag names stays as it is. --cron takes five fields, six with seconds, @daily and the like, or \"every 10m\".",
		example:  "  berth schedule put nightly --cron '30 2 * * *' --time-zone Europe/Berlin --workflow report --tenant acme --overlap skip",
		args:     exactly("NAME"),
		complete: c.completeFirst(k.names()),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			written, err := c.patch(f.from, new(work.Schedule))
			if err != nil {
				return err
			}
			v, made, err := putSetting(ctx, e, k, args[0], func(v *work.Schedule) error {
				if err := written.over(v); err != nil {
					return err
				}
				v.Name = args[0]
				return f.apply(c, v, cmd.Flags().Changed)
			})
			if err != nil {
				return err
			}
			if !c.json {
				when, next := timesOf(v, time.Now())
				fmt.Fprintf(c.stderr, "%s; next %s\n", when, next)
			}
			return c.printPut(k, args[0], made, v)
		},
	})
	f.register(cmd)
	fs := cmd.Flags()
	fs.StringVar(&f.s.Cron, "cron", "", "`WHEN` it is due")
	fs.StringVar(&f.s.TimeZone, "time-zone", "", "IANA `NAME` of the time zone the times are meant in (default UTC)")
	fs.StringVar(&f.s.Missed, "missed", "", "what becomes of times that passed while nothing ran: skip, latest or all")
	fs.StringVar(&f.s.Overlap, "overlap", "", "while the last run is not finished: allow, skip, queue-one or cancel-running")
	fs.StringVar(&f.workflow, "workflow", "", "the `NAME` of the workflow it starts")
	fs.IntVar(&f.version, "version", 0, "this version of it (default: the newest at the time)")
	fs.StringVar(&f.document, "document", "", "a document of its own in this `FILE`, in place of a workflow's name")
	fs.StringVar(&f.tenant, "tenant", "", "whose the runs are")
	fs.StringVar(&f.queue, "queue", "", "the queue that takes them, whatever the matchers say")
	labelFlag(fs, &f.labels, "a label of the runs, `NAME=VALUE`; may be repeated")
	fs.StringVar(&f.deadline, "deadline", "", "how long a run may take, waiting included")
	fs.StringVar(&f.concurrent, "key", "", "concurrency key of the runs")
	fs.StringVar(&f.from, "from", "", "settings as a JSON object in this `FILE`; - is standard input")
	cmd.MarkFlagsMutuallyExclusive("workflow", "document")
	for name, values := range map[string][]string{"missed": {"skip", "latest", "all"}, "overlap": {"allow", "skip", "queue-one", "cancel-running"}} {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	return cmd
}

func (f *scheduleFlags) apply(c *cli, v *work.Schedule, given func(string) bool) error {
	set(given("cron"), &v.Cron, f.s.Cron)
	set(given("time-zone"), &v.TimeZone, f.s.TimeZone)
	set(given("missed"), &v.Missed, f.s.Missed)
	set(given("overlap"), &v.Overlap, f.s.Overlap)
	set(given("tenant"), &v.Run.Tenant, f.tenant)
	set(given("queue"), &v.Run.Queue, f.queue)
	set(given("label"), &v.Run.Labels, f.labels)
	set(given("key"), &v.Run.Key, f.concurrent)
	set(given("version"), &v.Run.Version, f.version)
	if given("workflow") {
		v.Run.Workflow, v.Run.Document = f.workflow, nil
	}
	if given("document") {
		doc, err := c.readWorkflow(f.document)
		if err != nil {
			return err
		}
		v.Run.Workflow, v.Run.Version, v.Run.Document = "", 0, json.RawMessage(doc.text)
	}
	params, err := f.read(c, v.Run.Params)
	if err != nil {
		return err
	}
	v.Run.Params = params
	return setDuration(given("deadline"), "--deadline", &v.Run.Deadline, f.deadline)
}

func (c *cli) schedulePauseCommand(k settingKind, verb, short, said string, paused bool) *cobra.Command {
	return c.onEngine(engineCommand{
		use: verb + " NAME...", short: short,
		example:  "  berth schedule " + verb + " nightly",
		args:     atLeastOne("NAME"),
		complete: c.completeAny(k.names()),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			for _, name := range args {
				_, _, err := putSetting(ctx, e, k, name, func(v *work.Schedule) error {
					if v.Cron == "" {
						return fmt.Errorf("there is no schedule %q; \"berth schedule list\" lists them", name)
					}
					v.Paused = paused
					return nil
				})
				if err != nil {
					return err
				}
				if err := c.done("schedule "+name, said); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

func (c *cli) scheduleRunCommand(k settingKind) *cobra.Command {
	return c.onEngine(engineCommand{
		use:      "run NAME",
		short:    "start what a schedule starts, now; prints the run's id",
		example:  "  berth schedule run nightly",
		args:     exactly("NAME"),
		complete: c.completeFirst(k.names()),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			var r client.Receipt
			if err := e.Do(ctx, http.MethodPost, k.one(args[0])+"/run", nil, struct{}{}, &r); err != nil {
				return err
			}
			if c.json {
				return c.printJSON(r)
			}
			_, err := fmt.Fprintln(c.stdout, r.ID)
			return err
		},
	})
}
