package workflows

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
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
	// Registry is the path of a file with a kube.Registry as JSON.
	Registry string
	// Namespace, Instance, Kubeconfig, Context: see package kube.
	Namespace, Instance, Kubeconfig, Context string
}

// ReadRegistry reads the file that says which pod executes which step type.
func ReadRegistry(path string) (kube.Registry, error) {
	var reg kube.Registry
	data, err := os.ReadFile(path)
	if err != nil {
		return reg, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&reg); err != nil {
		return reg, fmt.Errorf("%s: %w", path, err)
	}
	if errs := reg.Validate(pods.Contract); len(errs) > 0 {
		return reg, fmt.Errorf("%s: %w", path, errors.Join(errs...))
	}
	return reg, nil
}

// pods makes the executor of pods. addr is where they reach this engine.
func (w *Workflows) pods(k Kubernetes, addr string, log *slog.Logger) (*kube.Executor, error) {
	reg, err := ReadRegistry(k.Registry)
	if err != nil {
		return nil, err
	}
	cluster, err := kube.Connect(kube.Connection{Kubeconfig: k.Kubeconfig, Context: k.Context})
	if err != nil {
		return nil, fmt.Errorf("kubernetes: %w", err)
	}
	return kube.New(kube.Options{
		Client: cluster, Registry: reg, Instance: k.Instance, Namespace: k.Namespace, Log: log,
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
