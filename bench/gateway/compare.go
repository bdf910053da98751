package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// plan is what the command line asks for.
type plan struct {
	suites []string
	rounds int
	length time.Duration
	starts int
}

// compare runs everything and prints tables.
func compare(ctx context.Context, args []string) (err error) {
	fs := flag.NewFlagSet("gateway", flag.ContinueOnError)
	suites := fs.String("suites", "small,static,file,ready", "what to measure")
	rounds := fs.Int("rounds", 5, "how often each contender runs")
	length := fs.Duration("for", 3*time.Second, "how long one measurement takes")
	starts := fs.Int("starts", 20, "how often Berth is started to see when it is ready")
	base := fs.Int("base-port", 18600, "the first of twenty ports")
	source := fs.String("source", "bench/gateway", "directory of ours.sh")
	if err := fs.Parse(args); err != nil {
		return err
	}
	for _, tool := range []string{"nginx", "wrk", "taskset"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%s is needed: %w", tool, err)
		}
	}
	w, err := newWorld(*source, *base)
	if w != nil {
		defer func() { err = errors.Join(err, w.close()) }()
	}
	if err != nil {
		return err
	}
	contenders, err := w.contenders(ctx)
	if err != nil {
		return err
	}
	for _, c := range contenders {
		if err := c.verify(ctx); err != nil {
			return err
		}
	}
	return w.run(ctx, plan{strings.Split(*suites, ","), *rounds, *length, *starts}, contenders)
}

// contenders starts the app and everything that is compared.
func (w *world) contenders(ctx context.Context) ([]*contender, error) {
	ours := filepath.Join(w.source, "ours.sh")
	lean, err := w.cookieOf(ctx, portAuth, w.self, "auth", "-mint")
	if err != nil {
		return nil, err
	}
	if _, err := w.startNginx(ctx, "app", loadCPU, portApp); err != nil {
		return nil, err
	}
	auth, err := w.start(ctx, gatewayCPU, portAuth, nil, w.self, "auth", "-listen", "127.0.0.1:"+w.port(portAuth))
	if err != nil {
		return nil, err
	}
	nginx, err := w.startNginx(ctx, "gateway", gatewayCPU, portBare)
	if err != nil {
		return nil, err
	}
	list := []*contender{
		{name: "nginx", port: w.port(portBare), pids: []int{nginx}, suites: []string{"small", "static", "file"}},
		{name: "nginx + auth_request", port: w.port(portChecked), pids: []int{nginx, auth}, cookie: lean, suites: []string{"small"}},
		{name: "berth", port: w.port(portBerth), suites: []string{"small", "static", "file"}},
		{name: "berth, access log", port: w.port(portLogging), suites: []string{"small"}},
	}
	for i, port := range []int{portBerth, portLogging} {
		c := list[2+i]
		if c.cookie, err = w.cookieOf(ctx, port, ours, "--cookie"); err != nil {
			return nil, err
		}
		pid, err := w.start(ctx, gatewayCPU, port, w.berthEnv(port), ours)
		if err != nil {
			return nil, err
		}
		c.pids = []int{pid}
	}
	return list, nil
}

func (w *world) run(ctx context.Context, p plan, contenders []*contender) error {
	for _, suite := range p.suites {
		if suite == "ready" {
			if err := w.reportReady(ctx, p.starts); err != nil {
				return err
			}
			continue
		}
		var group []*contender
		for _, c := range contenders {
			if c.in(suite) {
				group = append(group, c)
			}
		}
		found, err := w.rounds(ctx, suite, p, group)
		if err != nil {
			return err
		}
		report(os.Stdout, suite, group, found)
	}
	return nil
}

// rounds measures every contender of a suite, each time in a new order, after
// one measurement that does not count.
func (w *world) rounds(ctx context.Context, suite string, p plan, group []*contender) (map[*contender][]sample, error) {
	found := map[*contender][]sample{}
	order := append([]*contender(nil), group...)
	for round := range p.rounds + 1 {
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, c := range order {
			length := p.length
			if round == 0 {
				length = time.Second
			}
			s, err := w.measure(ctx, suite, c, length)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				found[c] = append(found[c], s)
			}
		}
		fmt.Fprintf(os.Stderr, "%s: round %d of %d\n", suite, round, p.rounds)
	}
	return found, nil
}

func (w *world) measure(ctx context.Context, suite string, c *contender, length time.Duration) (sample, error) {
	switch suite {
	case "small":
		return c.load(ctx, apiPath, length)
	case "static":
		return c.load(ctx, "/static/10k.bin", length)
	case "file":
		return c.download(ctx, w.self, length)
	}
	return sample{}, fmt.Errorf("there is no suite %q", suite)
}

// reportReady starts Berth anew, again and again, and prints how long it took
// from there to the first answer 200.
func (w *world) reportReady(ctx context.Context, starts int) error {
	dir := w.berthDir(portBerth)
	for i := len(w.procs) - 1; i >= len(w.procs)-2; i-- { // they have the port and the directory
		_ = w.procs[i].Process.Signal(syscall.SIGTERM)
		_ = w.procs[i].Wait()
	}
	c := &contender{port: w.port(portBerth)}
	var err error
	if c.cookie, err = w.cookieOf(ctx, portBerth, filepath.Join(w.source, "ours.sh"), "--cookie"); err != nil {
		return err
	}
	var took []time.Duration
	for range starts {
		cmd := exec.CommandContext(ctx, "taskset", "-c", gatewayCPU, filepath.Join(dir, "berth"), "gateway",
			filepath.Join(dir, "serve-"+c.port), "--data", filepath.Join(dir, "data"), "--admin", "127.0.0.1:"+w.port(portAdmin+portBerth))
		start := time.Now()
		if err := cmd.Start(); err != nil {
			return err
		}
		status, err := 0, error(nil)
		for status != http.StatusOK && ctx.Err() == nil && time.Since(start) < 10*time.Second {
			time.Sleep(500 * time.Microsecond) // the resolution of the figure
			status, err = c.get(ctx, c.cookie)
		}
		took = append(took, time.Since(start))
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // how it ended says nothing
		if status != http.StatusOK {
			return fmt.Errorf("berth did not become ready: status %d: %w", status, err)
		}
	}
	reportStarts(os.Stdout, took)
	return nil
}
