package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// bench is one run of the command.
type bench struct {
	root, dir string // of the repository, and of this run
	reps      int
	pg        *postgres // started when first needed
}

// contender is an engine under test.
type contender struct {
	name  string
	peer  string // directory below peers
	pg    bool
	env   []string
	about string
}

var contenders = []contender{
	{name: "berth", peer: "httpengine", about: "over HTTP, SQLite"},
	{name: "berth-pg", peer: "httpengine", pg: true, about: "over HTTP, PostgreSQL"},
	{name: "riverpg", peer: "riverpg", pg: true, about: "River in process, PostgreSQL"},
	{name: "riverpg-tuned", peer: "riverpg", pg: true, env: []string{"WF_FETCH_MS=5", "WF_WORKERS=300"}, about: "the same with 300 workers, 5 ms"},
	{name: "riversqlite", peer: "riversqlite", about: "River in process, SQLite"},
	{name: "riversqlite-tuned", peer: "riversqlite", env: []string{"WF_FETCH_MS=1", "WF_POLL_MS=5", "WF_WORKERS=300"}, about: "the same, tuned"},
	{name: "gowf-sqlite", peer: "goworkflows", about: "go-workflows in process, SQLite"},
	{name: "gowf-pg", peer: "goworkflows", pg: true, env: []string{"WF_POLLERS=4"}, about: "go-workflows in process, PostgreSQL"},
	{name: "temporal", peer: "temporaldev", env: []string{"WF_LIGHT_GAP_MS=200"}, about: "Temporal development server, SQLite"},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	suites := flag.String("suites", "disk,engines,batch,scale", "which `suites` to run")
	names := flag.String("contenders", "", "which `contenders` of the suite engines (default: all)")
	reps := flag.Int("reps", 3, "how often each phase is measured; medians are printed")
	runs := flag.Int("waiting", 1_000_000, "how many runs wait in the suite scale")
	flag.Parse()
	b := &bench{reps: *reps}
	if b.root, err = findRoot(); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "berth-bench-workflow"); err != nil {
		return err
	}
	if err := os.Chmod(b.dir, 0o755); err != nil { //nolint:gosec // the database's user must pass through
		return err
	}
	defer func() {
		b.pg.stop()
		_ = os.RemoveAll(b.dir)
	}()
	for _, suite := range strings.Split(*suites, ",") {
		switch suite {
		case "disk":
			err = b.disk(ctx)
		case "engines":
			err = b.engines(ctx, *names)
		case "batch":
			err = b.batches(ctx)
		case "scale":
			err = b.scale(ctx, *runs)
		default:
			err = fmt.Errorf("there is no suite %q", suite)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", suite, err)
		}
	}
	return nil
}

func findRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// result is a line of the harness.
type result struct {
	Phase  string  `json:"phase"`
	PerSec float64 `json:"wf_per_s"`
	P50    float64 `json:"p50_ms"`
	P99    float64 `json:"p99_ms"`
	CPU    float64 `json:"cpu_ms_per_wf"`
	PSS    float64 `json:"pss_mib"`
	Dup    int     `json:"dup_completions"`
	Lost   int     `json:"lost"`
	Other  float64 `json:"other_cpu_pct"`
}

// engines runs the contenders one after the other.
func (b *bench) engines(ctx context.Context, names string) error {
	fmt.Printf("\n%-18s %10s %8s %8s %8s %8s %6s %6s %6s  %s\n", "engine", "runs/s", "p50 ms", "p99 ms", "cpu ms", "MiB", "lost", "twice", "other", "")
	for _, c := range contenders {
		if names != "" && !slices.Contains(strings.Split(names, ","), c.name) {
			continue
		}
		rs, err := b.contend(ctx, c)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			fmt.Printf("%-18s not measured: %v\n", c.name, err)
			continue
		}
		burst, light := phase(rs, "burst"), phase(rs, "light")
		fmt.Printf("%-18s %10.0f %8.1f %8.1f %8.2f %8.0f %6d %6d %5.0f%%  %s\n", c.name,
			median(burst, func(r result) float64 { return r.PerSec }), median(light, func(r result) float64 { return r.P50 }),
			median(light, func(r result) float64 { return r.P99 }), median(burst, func(r result) float64 { return r.CPU }),
			median(burst, func(r result) float64 { return r.PSS }), total(rs, func(r result) int { return r.Lost }),
			total(rs, func(r result) int { return r.Dup }), median(burst, func(r result) float64 { return r.Other }), c.about)
	}
	return nil
}

func phase(rs []result, name string) []result {
	return slices.DeleteFunc(slices.Clone(rs), func(r result) bool { return r.Phase != name })
}

func median(rs []result, of func(result) float64) float64 {
	if len(rs) == 0 {
		return 0
	}
	list := make([]float64, len(rs))
	for i, r := range rs {
		list[i] = of(r)
	}
	slices.Sort(list)
	return list[len(list)/2]
}

func total(rs []result, of func(result) int) int {
	n := 0
	for _, r := range rs {
		n += of(r)
	}
	return n
}

// longest is how long a contender has.
const longest = 10 * time.Minute

// contend builds a contender and runs it.
func (b *bench) contend(ctx context.Context, c contender) ([]result, error) {
	bin := filepath.Join(b.dir, c.peer)
	if _, err := os.Stat(bin); err != nil {
		build := exec.CommandContext(ctx, "go", "build", "-o", bin, ".")
		build.Dir = filepath.Join(b.root, "bench", "workflow", "peers", c.peer)
		build.Env = append(os.Environ(), "GOFLAGS=-mod=mod")
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("it cannot be built here: %s", lastLine(out))
		}
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin) //nolint:gosec // built above
	cmd.Env = append(os.Environ(), fmt.Sprintf("WF_REPS=%d", b.reps), "WF_DIR="+b.dir)
	cmd.Env = append(cmd.Env, c.env...)
	if c.pg {
		if err := b.database(ctx); err != nil {
			return nil, err
		}
		name, err := b.pg.create(ctx, strings.ReplaceAll(c.name, "-", ""))
		if err != nil {
			return nil, err
		}
		cmd.Env = append(cmd.Env, b.pg.env(name)...)
	}
	if c.peer == "httpengine" {
		own, err := b.ours(ctx, c)
		if err != nil {
			return nil, err
		}
		cmd.Env = append(cmd.Env, own...)
	}
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("it was not done after %v", longest)
		}
		return nil, fmt.Errorf("%w: %s", err, lastLine(talk.Bytes()))
	}
	var rs []result
	for line := range strings.Lines(out.String()) {
		var r result
		if err := json.Unmarshal([]byte(line), &r); err == nil {
			rs = append(rs, r)
		}
	}
	if len(rs) == 0 {
		return nil, fmt.Errorf("it measured nothing: %s", lastLine(talk.Bytes()))
	}
	return rs, nil
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

// berth builds the binary once.
func (b *bench) berth(ctx context.Context) (string, error) {
	bin := filepath.Join(b.dir, "berth")
	if _, err := os.Stat(bin); err == nil {
		return bin, nil
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", bin, "./cmd/berth")
	build.Dir = b.root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build berth: %w\n%s", err, out)
	}
	return bin, nil
}

const document = `{"name":"w","steps":[{"name":"a","run":"noop"},{"name":"b","run":"noop","needs":["a"]},{"name":"c","run":"noop","needs":["a"]}]}`

// ours makes Berth a contender of the harness.
func (b *bench) ours(ctx context.Context, c contender) ([]string, error) {
	bin, err := b.berth(ctx)
	if err != nil {
		return nil, err
	}
	serve := bin + " workflow serve --data $WF_DATA --listen 127.0.0.1:7171 --no-auth --log-level error"
	if c.pg {
		serve += " --store $WF_STORE"
	}
	return []string{
		"WF_NAME=" + c.name, "WF_URL=http://127.0.0.1:7171", "WF_CMD=" + serve, "WF_READY=/readyz",
		`WF_BODY={"tenant":"t1","document":` + document + `}`, "WF_SUBMIT=POST /api/v1/runs",
		"WF_LIST=GET /api/v1/runs?state=succeeded&order=finished&fields=id&limit=1000&wait=10s&cursor={{cursor}}",
	}, nil
}
