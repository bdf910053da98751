package service

import (
	"context"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/manifest"
)

// workPlan is everything that one version of the manifest says of work, read
// and checked; the zero value where it says nothing.
type workPlan struct {
	options  workflows.Options // followed at a start only
	secrets  map[string]workflows.Secret
	settings []workSetting
}

// workPlan reads what the manifest says, and the files it names. data is the
// directory of what the service remembers.
func (b *builder) workPlan(data string) workPlan {
	if b.m.Work == nil {
		return workPlan{}
	}
	return workPlan{b.workOptions(data), b.workSecrets(), b.workSettings()}
}

// apply puts another version of the manifest in force, as far as that can be
// done without a start.
func (w *workServer) apply(ctx context.Context, next *generation) error {
	if w == nil || next.m.Work == nil {
		return nil
	}
	b := &builder{m: next.m, env: next.env, log: w.log}
	if err := b.applyWork(ctx, w.Engine, next.work.settings); err != nil {
		return err
	}
	w.secrets.Replace(next.work.secrets)
	return nil
}

// startedWork is the part of work that is read at a start only.
func startedWork(w *manifest.Work) *manifest.Work {
	if w == nil {
		return nil
	}
	part := *w
	part.Pools = map[string]*manifest.WorkPool{}
	for name, p := range w.Pools {
		part.Pools[name] = &manifest.WorkPool{Slots: p.Slots}
	}
	part.Tenants, part.Secrets, part.SecretsFile = nil, nil, ""
	part.Workflows, part.Schedules, part.Subscriptions, part.Triggers = nil, nil, nil, nil
	return &part
}
