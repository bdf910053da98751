package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/berth-project/berth/cmd/berth/internal/progress"
	"github.com/berth-project/berth/work/client"
)

func (c *cli) workflowWatchCommand() *cobra.Command {
	var f watching
	var tenants []string
	cmd := c.onEngine(engineCommand{
		use:   "watch [RUN]",
		short: "follow a run, or all runs, as they go",
		long: "In a terminal the steps of the run are drawn and redrawn in place; elsewhere, and with --plain, there is a line for\n" +
			"everything that happens. It ends with the run, and fails unless the run succeeds; leaving it stops nothing.\n" +
			"Without RUN it tells of all runs until it is interrupted. With --json there is an event per line.",
		example:  "  berth workflow watch r0an4cpzz08000",
		args:     cobra.MaximumNArgs(1),
		complete: c.completeFirst(runIDs(live())),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			if len(args) == 0 {
				return c.watchAll(ctx, e, tenants, f)
			}
			r, err := c.follow(ctx, e, args[0], f)
			if err == nil && r.State != "succeeded" {
				err = runError(&r)
			}
			return err
		},
	})
	cmd.Flags().StringSliceVar(&tenants, "tenant", nil, "of these tenants, where no RUN is given")
	cmd.Flags().BoolVar(&f.logs, "logs", false, "what the steps log, too")
	cmd.Flags().BoolVar(&f.plain, "plain", false, "lines, also in a terminal")
	return cmd
}

// watching is how a run is followed.
type watching struct {
	logs, plain bool
	begun       func() error // called once nothing is missed any more; nil does nothing
}

// watchAll tells of all runs until ctx ends.
func (c *cli) watchAll(ctx context.Context, e *client.Client, tenants []string, f watching) error {
	query := url.Values{"tenant": tenants}
	if f.logs {
		query.Set("logs", "1")
	}
	lines, position := progress.Lines{}, ""
	for pause := time.Second; ; pause = min(2*pause, 30*time.Second) {
		err := eachSince(ctx, e, query, &position, func(ev client.Event) error {
			pause = time.Second
			return c.tellEvent(&lines, ev, true)
		})
		var answered *client.Error
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &answered) && !answered.Temporary():
			return err
		case errors.Is(err, client.ErrMissed):
			fmt.Fprintln(c.stderr, "berth: events were missed")
		case err != nil:
			fmt.Fprintf(c.stderr, "berth: %v; trying again\n", err)
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

// eachSince calls seen for the events of all runs behind a position, which it
// keeps.
func eachSince(ctx context.Context, e *client.Client, query url.Values, position *string, seen func(client.Event) error) error {
	s, err := e.Stream(ctx, "", query, *position)
	if err != nil {
		return err
	}
	defer func() { *position = s.Position() }()
	return s.Each(seen)
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// tellEvent prints an event on stdout.
func (c *cli) tellEvent(lines *progress.Lines, ev client.Event, withRun bool) error {
	if c.json {
		return c.printJSON(ev)
	}
	_, err := fmt.Fprint(c.stdout, lines.Of(ev, withRun))
	return err
}

// follow shows a run until it is final, and gives it.
func (c *cli) follow(ctx context.Context, e *client.Client, id string, f watching) (client.Run, error) {
	if out, ok := c.stdout.(*os.File); ok && !f.plain && !c.json && c.animated(out) {
		return c.followScreen(ctx, e, id, f, out)
	}
	var lines progress.Lines
	return c.eachEvent(ctx, e, id, f, func(ev client.Event) error {
		if f.begun != nil && ev.Kind == "run.held" { // only until it was watched
			return nil
		}
		return c.tellEvent(&lines, ev, false)
	})
}

// animated says whether a stream is a terminal that may be redrawn.
func (c *cli) animated(f *os.File) bool {
	return term.IsTerminal(int(f.Fd())) && c.getenv("TERM") != "dumb" && c.getenv("CI") == ""
}

// eachEvent calls seen for the events of a run until it is final. A connection
// that breaks is made again; where events were missed it goes on with the next.
func (c *cli) eachEvent(ctx context.Context, e *client.Client, id string, f watching, seen func(client.Event) error) (client.Run, error) {
	query := url.Values{}
	if f.logs {
		query.Set("logs", "1")
	}
	position := ""
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		s, err := e.Stream(ctx, id, query, position)
		if err == nil && f.begun != nil {
			if err := f.begun(); err != nil {
				return client.Run{}, err
			}
			f.begun = nil
		}
		if err == nil {
			var stop error
			_ = s.Each(func(ev client.Event) error { // a look tells how it is
				pause = 100 * time.Millisecond
				stop = seen(ev)
				return stop
			})
			if stop != nil {
				return client.Run{}, stop
			}
			position = s.Position()
		}
		r, err := e.Get(ctx, id)
		var answered *client.Error
		if err == nil && r.Final() || errors.As(err, &answered) && !answered.Temporary() {
			return r, err
		}
		if err := wait(ctx, pause); err != nil {
			return r, err
		}
	}
}

// redraw is how often a picture changes at most.
const redraw = 200 * time.Millisecond

// followScreen draws a run until it is final. Logs scroll above the picture.
func (c *cli) followScreen(ctx context.Context, e *client.Client, id string, f watching, out *os.File) (client.Run, error) {
	watchCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	events := make(chan client.Event, 256)
	ended := make(chan error, 1)
	go func() {
		_, err := c.eachEvent(watchCtx, e, id, f, func(ev client.Event) error {
			select {
			case events <- ev:
			case <-watchCtx.Done():
				return watchCtx.Err()
			}
			return nil
		})
		ended <- err
	}()
	screen, picture := progress.NewScreen(out), &progress.Picture{Colour: c.colored(out), ASCII: c.ascii()}
	draw := func() (client.Run, error) {
		r, err := e.Get(ctx, id)
		if err == nil {
			fit(picture, out)
			screen.Show(picture.Draw(&r, time.Now()))
		}
		return r, err
	}
	if _, err := draw(); err != nil {
		cancel()
		<-ended
		return client.Run{}, err
	}
	tick := time.NewTicker(redraw)
	defer tick.Stop()
	return c.redraw(events, ended, tick.C, screen, draw)
}

// idleTicks is after how many ticks without news a picture is drawn again,
// for its times.
const idleTicks = 5

func (c *cli) redraw(events <-chan client.Event, ended <-chan error, tick <-chan time.Time, screen *progress.Screen, draw func() (client.Run, error)) (client.Run, error) {
	news, idle := false, 0
	for {
		select {
		case ev := <-events:
			if ev.Log != "" {
				screen.Above(progress.Log(progress.StepName(ev.Step, ev.Item), ev.Log))
			}
			news = true
		case err := <-ended:
			if err != nil {
				return client.Run{}, err
			}
			return draw()
		case <-tick:
			if idle++; news || idle >= idleTicks {
				_, _ = draw() // the next one may be luckier
				news, idle = false, 0
			}
		}
	}
}

// fit gives a picture the size that the terminal has now.
func fit(p *progress.Picture, out *os.File) {
	if w, h, err := term.GetSize(int(out.Fd())); err == nil && w > 0 && h > 0 {
		p.Width, p.Height = w-1, h-1
	}
}

// ascii says whether the terminal shows no more than ASCII.
func (c *cli) ascii() bool {
	if c.getenv("BERTH_ASCII") == "1" {
		return true
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToUpper(c.getenv(name)); v != "" {
			return !strings.Contains(v, "UTF-8") && !strings.Contains(v, "UTF8")
		}
	}
	return false
}
