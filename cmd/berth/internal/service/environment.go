package service

import (
	"context"
	"path/filepath"

	"github.com/berth-project/berth/environ"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/secret"
)

// environment resolves the variables a manifest's processes share. own is what
// Berth was started with.
func environment(ctx context.Context, m *manifest.Manifest, own []string) (*environ.Set, error) {
	existing := environ.Process{Environ: own}
	var sources []environ.Source
	for _, s := range m.Environment.From {
		switch {
		case s.Process:
			sources = append(sources, existing)
		case s.File != "":
			sources = append(sources, environ.File{Path: within(m.Directory(), s.File), Optional: s.Optional})
		default:
			sources = append(sources, environ.Inline{Label: filepath.Base(m.File()), Values: s.Values})
		}
	}
	if m.Environment.KeepExisting {
		sources = append(sources, existing) // the last one wins
	}
	return environ.Resolve(ctx, sources, environ.Options{Require: m.Environment.Require})
}

func inlineVariable(name, value string) environ.Variable {
	return environ.Variable{Name: name, Value: secret.New(value), Source: "berth"}
}
