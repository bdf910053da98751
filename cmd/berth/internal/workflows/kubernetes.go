package workflows

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/berth-project/berth/compat/pop"
	"github.com/berth-project/berth/compat/pop/pods"
	"github.com/berth-project/berth/work/kube"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Kubernetes says which step types run as pods, and where.
type Kubernetes struct {
	// Registry is the path of a file that ReadRegistry reads.
	Registry string
	// Namespace, Instance, Kubeconfig, Context: see package kube.
	Namespace, Instance, Kubeconfig, Context string
	// Keep is how long pods are kept that have ended, 0 for a day; Foreign removes
	// those of others as well.
	Keep    time.Duration
	Foreign bool
	// Client, unless nil, is the cluster; Kubeconfig and Context are not read then.
	Client kube.Client
}

func (k Kubernetes) cluster() (kube.Client, error) {
	if k.Client != nil {
		return k.Client, nil
	}
	c, err := kube.Connect(kube.Connection{Kubeconfig: k.Kubeconfig, Context: k.Context})
	if err != nil {
		return nil, fmt.Errorf("kubernetes: %w", err)
	}
	return c, nil
}

// pods makes the executor of pods. addr is where they reach this engine.
func (w *Workflows) pods(k Kubernetes, addr string, log *slog.Logger) (*kube.Executor, error) {
	reg, problems, err := ReadRegistry(k.Registry)
	if err != nil {
		return nil, err
	}
	for _, p := range problems {
		log.Warn("a setting of pods is followed otherwise", "file", k.Registry, "type", p.Type, "setting", p.Field, "problem", p.Message)
	}
	cluster, err := k.cluster()
	if err != nil {
		return nil, err
	}
	return kube.New(kube.Options{
		Client: cluster, Registry: reg, Instance: k.Instance, Namespace: k.Namespace, Log: log,
		Reap:      kube.ReapOptions{Age: k.Keep, Foreign: k.Foreign},
		Report:    reportTo(addr, w.tokens[0]),
		Contracts: map[string]kube.Contract{pods.Contract: pods.Handler{Operation: pop.Operations(w.Store)}},
		Current: func(run workflow.RunID, step string, item int, fence machine.Fence) bool {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			is, err := w.Engine.Current(ctx, shard.Held{Run: run, Step: step, Item: item, Fence: fence})
			return is || err != nil // what cannot be known may be
		},
	})
}
