package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// median of what get finds in samples.
func median(samples []sample, get func(sample) float64) float64 {
	var v []float64
	for _, s := range samples {
		v = append(v, get(s))
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// report prints medians, and ratios of processor time to the first contender,
// which is nginx.
func report(w io.Writer, suite string, group []*contender, found map[*contender][]sample) {
	unit, work := "req/s", "CPU µs/request"
	if suite == "file" {
		unit, work = "MB/s", "CPU ms/100 MiB"
	}
	fmt.Fprintf(w, "\n### %s\n\n| contender | %s | p50 ms | p99 ms | %s (least–most) | × nginx | PSS MiB |\n|---|---:|---:|---:|---:|---:|---:|\n", suite, unit, work)
	cpu := func(s sample) float64 { return s.cpu }
	reference := median(found[group[0]], cpu)
	for _, c := range group {
		all := found[c]
		least := slices.MinFunc(all, func(a, b sample) int { return int(1000 * (a.cpu - b.cpu)) })
		most := slices.MaxFunc(all, func(a, b sample) int { return int(1000 * (a.cpu - b.cpu)) })
		fmt.Fprintf(w, "| %s | %.0f | %s | %s | %.1f (%.1f–%.1f) | %.2f | %.0f |\n", c.name,
			median(all, func(s sample) float64 { return s.rate }),
			milliseconds(median(all, func(s sample) float64 { return float64(s.p50) })),
			milliseconds(median(all, func(s sample) float64 { return float64(s.p99) })),
			median(all, cpu), least.cpu, most.cpu, median(all, cpu)/reference,
			median(all, func(s sample) float64 { return s.memory }))
	}
}

// milliseconds prints nanoseconds; a suite that does not measure them has none.
func milliseconds(ns float64) string {
	if ns == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", ns/1e6)
}

func reportStarts(w io.Writer, took []time.Duration) {
	slices.Sort(took)
	fmt.Fprintf(w, "\n### ready\n\nfrom exec to the first 200: median %.0f ms, least %.0f, most %.0f, of %d starts\n",
		took[len(took)/2].Seconds()*1000, took[0].Seconds()*1000, took[len(took)-1].Seconds()*1000, len(took))
}
