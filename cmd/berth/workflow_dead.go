package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/progress"
	"github.com/berth-project/berth/work/api"
	"github.com/berth-project/berth/work/client"
)

func (c *cli) workflowDeadCommand() *cobra.Command {
	return noun("dead", "events that could not be delivered and were given up",
		c.deadListCommand(),
		c.deadCommand("replay", "try dead events again", http.MethodPost, "/replay", "is tried again"),
		c.deadCommand("drop", "forget dead events", http.MethodDelete, "", "is forgotten"),
	)
}

// deadFlags say which dead events are meant.
type deadFlags struct{ tenant, to, run, kind string }

func (f *deadFlags) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.tenant, "tenant", "", "of this tenant (default: all, or the key's, if it has one)")
	fs.StringVar(&f.to, "to", "", "for this `DESTINATION`")
	fs.StringVar(&f.run, "run", "", "of this `RUN`")
	fs.StringVar(&f.kind, "kind", "", "of this `KIND`, such as run.failed")
}

func (f *deadFlags) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"tenant": f.tenant, "to": f.to, "run": f.run, "kind": f.kind} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

func (c *cli) deadListCommand() *cobra.Command {
	var f deadFlags
	cmd := c.onEngine(engineCommand{
		use:     "list",
		short:   "list dead events",
		example: "  berth workflow dead list --to https://example.org/hooks",
		args:    exactly(),
		run: func(ctx context.Context, e *client.Client, _ []string) error {
			query := f.query()
			query.Set("limit", "1000")
			list, err := deadEvents(ctx, e, query)
			if err != nil {
				return err
			}
			return printList(c, list, []string{"id", "run", "tenant", "event", "to", "tries", "dead", "error"}, func(d api.DeadEvent) []string {
				return []string{d.ID, d.Run.String(), d.Tenant, d.Kind, progress.Clean(d.To), strconv.Itoa(d.Tries), deadSince(d), progress.Clean(d.Error)}
			})
		},
	})
	f.register(cmd)
	return cmd
}

func deadSince(d api.DeadEvent) string {
	at, err := time.Parse(time.RFC3339, d.Dead)
	if err != nil {
		return d.Dead
	}
	return stamp(at)
}

func deadEvents(ctx context.Context, e *client.Client, query url.Values) ([]api.DeadEvent, error) {
	var all []api.DeadEvent
	for {
		var page struct {
			Events []api.DeadEvent `json:"events"`
			Next   string          `json:"next"`
		}
		if err := e.Do(ctx, http.MethodGet, "/events/dead", query, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Events...)
		if page.Next == "" {
			return all, nil
		}
		query.Set("cursor", page.Next)
	}
}

func (c *cli) deadCommand(verb, short, method, path, said string) *cobra.Command {
	var all bool
	var f deadFlags
	cmd := c.onEngine(engineCommand{
		use:     verb + " [EVENT...]",
		short:   short,
		example: "  berth workflow dead " + verb + " --all",
		args:    cobra.ArbitraryArgs,
		run: func(ctx context.Context, e *client.Client, args []string) error {
			if all == (len(args) > 0) {
				return usageError{errors.New("name events, or say --all")}
			}
			if all {
				args = []string{"all"}
			}
			for _, id := range args {
				if err := everyDead(ctx, e, method, "/events/"+url.PathEscape(id)+path, f.query()); err != nil {
					return err
				}
				if err := c.done(id, said); err != nil {
					return err
				}
			}
			return nil
		},
	})
	f.register(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "all of them, as far as the other flags say")
	return cmd
}

// everyDead asks until nothing is left: one call takes so many.
func everyDead(ctx context.Context, e *client.Client, method, path string, query url.Values) error {
	for {
		var answer struct {
			Count int  `json:"count"`
			More  bool `json:"more"`
		}
		err := e.Do(ctx, method, path, query, nil, &answer)
		if err == nil && answer.More && answer.Count == 0 {
			err = errors.New("there are more, and none of the first is this key's: name what is meant with --tenant, --to, --kind or --run")
		}
		if err != nil || !answer.More {
			return err
		}
	}
}

// done says that something was done to something with a name.
func (c *cli) done(name, said string) error {
	if c.json {
		return c.printJSON(map[string]any{"name": name, "done": true})
	}
	fmt.Fprintf(c.stderr, "%s %s\n", name, said)
	return nil
}
