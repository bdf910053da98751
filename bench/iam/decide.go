package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/berth-project/berth/iam/evalcase"
)

// workload is ten policies of ten statements with one request that the last
// statement allows, and one that nothing allows.
func workload() []json.RawMessage {
	var policies []any
	for p := range 10 {
		var statements []any
		for s := range 10 {
			statements = append(statements, map[string]any{
				"Effect":   "Allow",
				"Action":   []string{"s3:GetObject", "s3:PutObject", "dynamodb:Get*"},
				"Resource": []string{fmt.Sprintf("arn:aws:s3:::bucket-%d-%d/*", p, s), fmt.Sprintf("arn:aws:dynamodb:eu-central-1:111122223333:table/t-%d-%d", p, s)},
			})
		}
		policies = append(policies, map[string]any{"Version": "2012-10-17", "Statement": statements})
	}
	one := func(id, resource, decision string) json.RawMessage {
		text, err := json.Marshal(map[string]any{
			"id": id,
			"request": map[string]any{
				"principal": map[string]any{"type": "user", "arn": "arn:aws:iam::111122223333:user/dev", "account": "111122223333"},
				"action":    "s3:GetObject", "resource": resource, "resourceAccount": "111122223333", "context": map[string]any{},
			},
			"policies": map[string]any{"identity": policies},
			"expect":   map[string]any{"decision": decision},
		})
		if err != nil {
			panic(err) // the document above is fixed
		}
		return text
	}
	return []json.RawMessage{
		one("allow", "arn:aws:s3:::bucket-9-9/2026/11/report.csv", "Allow"),
		one("deny", "arn:aws:s3:::elsewhere/2026/11/report.csv", "ImplicitDeny"),
	}
}

// asked is how many answers of a peer are timed in a round.
const asked = 400

// decide times one decision of each contender, in turn, round by round.
func decide(ctx context.Context, w io.Writer, peers []peer, rounds int) error {
	questions := workload()
	ours := make([]*evalcase.Case, len(questions))
	for i, text := range questions {
		c := evalcase.ParseCase(text)
		if c.Err != nil {
			return c.Err
		}
		ours[i] = &c
	}
	times := map[string][]float64{}
	allocs := 0.0
	for range rounds {
		ns, perOp, err := timeOurs(ours)
		if err != nil {
			return err
		}
		times["berth"], allocs = append(times["berth"], ns), perOp
		for _, p := range peers {
			decisions, ns, err := p.ask(ctx, questions, asked)
			if err != nil {
				return err
			}
			if decisions["allow"] != "Allow" || decisions["deny"] == "Allow" {
				return fmt.Errorf("%s answers %v: not the same question", p.name, decisions)
			}
			times[p.name] = append(times[p.name], ns)
		}
	}
	fmt.Fprintf(w, "\n### decide: one decision over 10 policies of 10 statements\n\n| contender | µs (least–most) | × berth |\n|---|---:|---:|\n")
	reference := median(times["berth"])
	for _, name := range append([]string{"berth"}, names(peers)...) {
		t := times[name]
		fmt.Fprintf(w, "| %s | %.2f (%.2f–%.2f) | %.0f |\n", name, median(t)/1e3, slices.Min(t)/1e3, slices.Max(t)/1e3, median(t)/reference)
	}
	fmt.Fprintf(w, "\nberth: %.1f allocations a decision\n", allocs)
	return nil
}

// timeOurs times decisions until they took a third of a second.
func timeOurs(cases []*evalcase.Case) (ns, allocs float64, err error) {
	for _, c := range cases {
		if got := c.Policies.Decide(&c.Request).Outcome.String(); got != c.Expect.Decision {
			return 0, 0, fmt.Errorf("berth answers %s to %s", got, c.ID)
		}
	}
	const least = time.Second / 3
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n := 0
	begin := time.Now()
	for time.Since(begin) < least {
		for range 1000 {
			c := cases[n%len(cases)]
			c.Policies.Decide(&c.Request)
			n++
		}
	}
	took := time.Since(begin)
	runtime.ReadMemStats(&after)
	return float64(took.Nanoseconds()) / float64(n), float64(after.Mallocs-before.Mallocs) / float64(n), nil
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

func names(peers []peer) []string {
	var out []string
	for _, p := range peers {
		out = append(out, p.name)
	}
	return out
}
