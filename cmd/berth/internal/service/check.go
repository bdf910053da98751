package service

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/berth-project/berth/internal/diagnostic"
)

// CheckReport is what was found to be fine, and what looks like a mistake.
type CheckReport struct {
	File                     string
	Processes, Routes, Rules int
	Warnings                 diagnostic.List
}

// Check builds everything a manifest says and starts nothing. The error is a
// [diagnostic.List] where the manifest is wrong.
func Check(ctx context.Context, opts Options) (CheckReport, error) {
	g, done, err := buildAlone(ctx, opts)
	if err != nil {
		return CheckReport{}, err
	}
	defer done()
	if _, err := newCertificates(g.m, g.hosts, opts.Log); err != nil {
		return CheckReport{}, err
	}
	return CheckReport{
		File: g.m.File(), Processes: len(g.m.Processes), Routes: len(g.m.Gateway.Routes), Rules: len(g.m.Access),
		Warnings: g.m.Warnings(),
	}, nil
}

// buildAlone builds a generation that will never serve a request.
func buildAlone(ctx context.Context, opts Options) (*generation, func(), error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	groups := newGroupSet(opts.Log, prometheus.NewRegistry())
	g, err := build(ctx, opts, groups, identity{})
	if err != nil {
		return nil, nil, err
	}
	return g, func() {
		groups.discard(g.groups)
		g.release(opts.Log)
	}, nil
}
