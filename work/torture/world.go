package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"
)

// world is the system that is tortured.
type world struct {
	c          config
	dir        string
	db         *database // nil on SQLite
	engines    []*victim
	workers    []*victim
	notes      *notes
	hook       *http.Server
	hookURL    string
	background sync.WaitGroup
	cancel     context.CancelFunc
	mu         sync.Mutex
	counts     map[string]int
}

// victim is a process that is started again whenever it is dead.
type victim struct {
	kind, name, url string
	command         func() *exec.Cmd
	mu              sync.Mutex
	cmd             *exec.Cmd
	gone            chan struct{}
	frozen          bool
}

func (v *victim) start() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	cmd := v.command()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", v.name, err)
	}
	gone := make(chan struct{})
	v.cmd, v.gone, v.frozen = cmd, gone, false
	go func() { _ = cmd.Wait(); close(gone) }()
	return nil
}

func (v *victim) signal(s syscall.Signal) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.cmd != nil {
		_ = syscall.Kill(-v.cmd.Process.Pid, s)
	}
}

// dead says whether it has ended.
func (v *victim) dead() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	select {
	case <-v.gone:
		return true
	default:
		return false
	}
}

// build makes everything and waits until an engine answers.
func build(ctx context.Context, c config) (*world, error) {
	dir, err := os.MkdirTemp("", "torture")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // the database's user must pass through
		return nil, err
	}
	w := &world{c: c, dir: dir, notes: newNotes(), counts: map[string]int{}}
	if w.c.berth == "" {
		w.c.berth = filepath.Join(dir, "berth")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", w.c.berth, "github.com/berth-project/berth/cmd/berth").CombinedOutput(); err != nil { //nolint:gosec // its own tree
			return w, fmt.Errorf("build berth: %w\n%s", err, out)
		}
	}
	if err := w.listen(); err != nil {
		return w, err
	}
	store := filepath.Join(dir, "work.db")
	switch c.store {
	case "sqlite":
		w.c.engines = 1
	case "postgres":
		if w.c.engines == 0 {
			w.c.engines = 2
		}
		if w.db, err = startDatabase(ctx, filepath.Join(dir, "pg")); err != nil {
			return w, err
		}
		store = w.db.url()
	default:
		return w, fmt.Errorf("-store %s: sqlite or postgres", c.store)
	}
	return w, w.startAll(ctx, store)
}

func (w *world) startAll(ctx context.Context, store string) error {
	for i := range w.c.engines {
		port, err := freePort()
		if err != nil {
			return err
		}
		name := fmt.Sprintf("engine%d", i)
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		w.engines = append(w.engines, &victim{kind: "engine", name: name, url: "http://" + addr, command: func() *exec.Cmd {
			return w.say(exec.Command(w.c.berth, "workflow", "serve", "--listen", addr, "--store", store, "--node", name, "--no-auth", //nolint:gosec // built above
				"--pool", "default=2", "--ownership", "2s", "--allow-network", "127.0.0.0/8", "--allow-host", "*:*", "--log-level", "warn"))
		}})
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	urls := make([]string, len(w.engines))
	for i, e := range w.engines {
		urls[i] = e.url
	}
	for i := range w.c.workers {
		name := fmt.Sprintf("worker%d", i)
		w.workers = append(w.workers, &victim{kind: "worker", name: name, command: func() *exec.Cmd {
			cmd := w.say(exec.Command(self, "worker", name, strings.Join(urls, ","))) //nolint:gosec // itself
			cmd.Stdout = w.notes.writer()
			return cmd
		}})
	}
	for _, v := range w.all() {
		if err := v.start(); err != nil {
			return err
		}
	}
	if err := w.ready(ctx); err != nil {
		return err
	}
	return w.configure(ctx)
}

// say lets a process speak only where it was asked for.
func (w *world) say(cmd *exec.Cmd) *exec.Cmd {
	if w.c.verbose {
		cmd.Stderr = os.Stderr
	}
	return cmd
}

func (w *world) all() []*victim { return append(append([]*victim{}, w.engines...), w.workers...) }

func freePort() (int, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer ln.Close() //nolint:errcheck // only its number is wanted
	return ln.Addr().(*net.TCPAddr).Port, nil
}

// ready waits until an engine owns the shard and answers.
func (w *world) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		for _, e := range w.engines {
			var page struct{}
			if call(ctx, http.MethodGet, e.url+"/api/v1/pools", nil, &page) == nil {
				return nil
			}
		}
		wait(ctx, 50*time.Millisecond)
	}
	return errors.New("no engine answered within a minute")
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// listen starts the receiver of webhooks.
func (w *world) listen() error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.hookURL = "http://" + ln.Addr().String() + "/"
	w.hook = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err == nil {
			err = w.notes.told(body)
		}
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
		}
	})}
	w.background.Go(func() { _ = w.hook.Serve(ln) })
	return nil
}

// strike does harm to something.
func (w *world) strike(ctx context.Context, rng *rand.Rand) {
	fate := rng.IntN(100)
	switch {
	case fate < 40:
		w.kill(w.engines[rng.IntN(len(w.engines))])
	case fate < 75 || w.db == nil && fate < 92:
		w.kill(w.workers[rng.IntN(len(w.workers))])
	case fate < 88 && w.db != nil:
		w.count("database")
		w.db.crash(ctx)
	default:
		w.freeze(w.engines[rng.IntN(len(w.engines))], time.Duration(rng.IntN(5000))*time.Millisecond)
	}
}

func (w *world) count(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[what]++
}

func (w *world) struck() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	parts := []string{}
	n := 0
	for what, count := range w.counts {
		parts = append(parts, fmt.Sprintf("%d %s", count, what))
		n += count
	}
	sort.Strings(parts)
	return fmt.Sprintf("%d kills (%s)", n, strings.Join(parts, ", "))
}

func (w *world) kill(v *victim) {
	w.count(v.kind)
	v.signal(syscall.SIGKILL)
}

// freeze stops an engine for a while, up to more than twice its ownership: it
// wakes up believing that it still owns what another has taken.
func (w *world) freeze(v *victim, d time.Duration) {
	v.mu.Lock()
	frozen := v.frozen
	v.frozen = true
	v.mu.Unlock()
	if frozen {
		return
	}
	w.count("frozen")
	v.signal(syscall.SIGSTOP)
	w.background.Go(func() {
		time.Sleep(d)
		v.mu.Lock()
		v.frozen = false
		v.mu.Unlock()
		v.signal(syscall.SIGCONT)
	})
}

// resurrect starts again what is dead.
func (w *world) resurrect(ctx context.Context) {
	for ctx.Err() == nil {
		for _, v := range w.all() {
			if v.dead() {
				if err := v.start(); err != nil {
					fmt.Fprintln(os.Stderr, "torture:", err)
				}
			}
		}
		if w.db != nil {
			w.db.revive(ctx)
		}
		wait(ctx, 30*time.Millisecond)
	}
}

// close ends everything and removes it.
func (w *world) close() error {
	if w.cancel != nil {
		w.cancel()
	}
	for _, v := range w.all() {
		v.signal(syscall.SIGCONT)
		v.signal(syscall.SIGKILL)
	}
	if w.hook != nil {
		_ = w.hook.Close()
	}
	w.background.Wait()
	for _, v := range w.all() {
		v.signal(syscall.SIGKILL)
	}
	if w.db != nil {
		w.db.stop()
	}
	return os.RemoveAll(w.dir)
}
