package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// contender is one gateway under test.
type contender struct {
	name   string
	port   string
	pids   []int
	cookie string // empty: it checks nobody
	suites []string
}

func (c *contender) in(suite string) bool { return slices.Contains(c.suites, suite) }

// sample is what one measurement found; what a suite does not measure is 0.
type sample struct {
	rate     float64 // requests, or MB, per second
	p50, p99 time.Duration
	cpu      float64 // µs of processor time per request, or ms per 100 MiB
	memory   float64 // MiB
}

const apiPath = "/api/orgs/acme/projects/42"

// browser are the headers a script in a browser sends.
var browser = [][2]string{ //nolint:gochecknoglobals // never changed
	{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"},
	{"Accept", "application/json, text/plain, */*"},
	{"Accept-Encoding", "gzip, deflate, br"},
	{"Accept-Language", "en-GB,en;q=0.9"},
	{"Referer", "http://app.example.org/dashboard"},
}

// verify proves that the contender answers, and that one that checks sessions
// does: without that its figures would mean nothing.
func (c *contender) verify(ctx context.Context) error {
	status, err := c.get(ctx, c.cookie)
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("%s answered %d: %w", c.name, status, err)
	}
	if c.cookie == "" {
		return nil
	}
	forged := c.cookie[:len(c.cookie)-8] + "AAAAAAAA"
	for _, cookie := range []string{"", forged} {
		if status, err = c.get(ctx, cookie); err != nil || status == http.StatusOK {
			return fmt.Errorf("%s answered %d without a genuine cookie: %w", c.name, status, err)
		}
	}
	return nil
}

func (c *contender) get(ctx context.Context, cookie string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+c.port+apiPath, nil)
	if err != nil {
		return 0, err
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, errors.Join(err, res.Body.Close())
}

// load measures small requests: 64 connections that ask as fast as they can.
func (c *contender) load(ctx context.Context, path string, length time.Duration) (sample, error) {
	args := []string{"-c", loadCPU, "wrk", "-t1", "-c64", "--latency", "-d", strconv.Itoa(max(1, int(length.Seconds()))) + "s"}
	for _, h := range browser {
		args = append(args, "-H", h[0]+": "+h[1])
	}
	if c.cookie != "" {
		args = append(args, "-H", "Cookie: "+c.cookie)
	}
	before := processorTime(c.pids)
	out, err := exec.CommandContext(ctx, "taskset", append(args, "http://127.0.0.1:"+c.port+path)...).CombinedOutput()
	used := processorTime(c.pids) - before
	if err != nil {
		return sample{}, fmt.Errorf("wrk: %w: %s", err, out)
	}
	s, requests, err := readWrk(string(out))
	if err != nil {
		return s, fmt.Errorf("%s %s: %w", c.name, path, err)
	}
	s.cpu, s.memory = float64(used.Microseconds())/requests, memory(c.pids)
	return s, nil
}

// readWrk reads what wrk prints.
func readWrk(text string) (s sample, requests float64, err error) {
	if bad := regexp.MustCompile(`(?m)^\s*(Non-2xx|Socket errors).*$`).FindString(text); bad != "" {
		return s, 0, errors.New(bad)
	}
	find := func(pattern string) string {
		if m := regexp.MustCompile(pattern).FindStringSubmatch(text); m != nil {
			return m[1]
		}
		err = fmt.Errorf("wrk printed no %s: %s", pattern, text)
		return ""
	}
	requests, _ = strconv.ParseFloat(find(`(\d+) requests in`), 64)
	s.rate, _ = strconv.ParseFloat(find(`Requests/sec:\s+([\d.]+)`), 64)
	s.p50, _ = time.ParseDuration(find(`50%\s+(\S+)`))
	s.p99, _ = time.ParseDuration(find(`99%\s+(\S+)`))
	if err == nil && requests == 0 {
		err = errors.New("no request was answered")
	}
	return s, requests, err
}

// download measures large answers, four at a time.
func (c *contender) download(ctx context.Context, self string, length time.Duration) (sample, error) {
	cmd := exec.CommandContext(ctx, "taskset", "-c", loadCPU, self, "drain",
		"-address", "127.0.0.1:"+c.port, "-cookie", c.cookie, "-for", length.String())
	cmd.Stderr = os.Stderr
	before := processorTime(c.pids)
	out, err := cmd.Output()
	used := processorTime(c.pids) - before
	if err != nil {
		return sample{}, fmt.Errorf("download from %s: %w", c.name, err)
	}
	var d drained
	if err := json.Unmarshal(out, &d); err != nil {
		return sample{}, err
	}
	return sample{
		rate:   float64(d.Bytes) / 1e6 / d.Seconds,
		cpu:    used.Seconds() * 1000 / (float64(d.Bytes) / (100 << 20)),
		memory: memory(c.pids),
	}, nil
}
