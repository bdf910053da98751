package kube

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Options configures an [Executor].
type Options struct {
	// Client is the cluster; see [Connect].
	Client Client
	// Registry says which step types there are.
	Registry Registry
	// Contracts are those besides Berth's own, by name.
	Contracts map[string]Contract
	// Instance tells this service's pods from those of others in the same
	// namespace: a label's value. Default "berth".
	Instance string
	// Namespace is where pods are created. Default "default".
	Namespace string
	// NamespaceOf, unless nil, gives tenants namespaces of their own; "" is
	// Namespace.
	NamespaceOf func(tenant string) string
	// Owner is deleted by somebody: the pods in its namespace, Namespace, go
	// with it.
	Owner *Owner
	// Report returns where the handler of a task sends progress and results.
	// Without it settings that ask for it are refused.
	Report func(task work.Task) (Endpoint, error)
	// Current reports whether a fence is that of a current lease, or may be:
	// of a run that this engine knows nothing about, or that another engine
	// owns, it says true. Without it the reaper deletes ended pods only.
	Current func(run workflow.RunID, step string, item int, fence machine.Fence) bool
	// Reap configures the reaper.
	Reap ReapOptions
	// Log gets what nobody is told in another way. Default: nothing.
	Log *slog.Logger
}

// Owner is an object of the cluster.
type Owner struct {
	APIVersion, Kind, Name, UID string
}

// Endpoint is where a handler sends progress and results, and the token it
// shows.
type Endpoint struct {
	URL   string
	Token secret.String
}

func (o *Options) complete() error {
	if o.Client == nil {
		return errors.New("kube: a client is wanted")
	}
	o.Instance = cmp.Or(o.Instance, "berth")
	o.Namespace = cmp.Or(o.Namespace, metav1.NamespaceDefault)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if len(validation.IsValidLabelValue(o.Instance)) > 0 {
		return fmt.Errorf("kube: instance %q cannot be the value of a label", o.Instance)
	}
	errs := o.Registry.Validate(slices.Sorted(maps.Keys(o.Contracts))...)
	for _, name := range o.Registry.Names() {
		if s, _ := o.Registry.Settings(name); set(s.Report) && o.Report == nil {
			errs = append(errs, fmt.Errorf("kube: type %q: report: the service has no address that pods can report to", name))
		}
	}
	o.Reap.complete()
	return errors.Join(errs...)
}

func (e *Executor) namespace(task work.Task) string {
	if e.opts.NamespaceOf == nil {
		return e.opts.Namespace
	}
	return cmp.Or(e.opts.NamespaceOf(task.Tenant), e.opts.Namespace)
}

func (e *Executor) owners(namespace string) []metav1.OwnerReference {
	o := e.opts.Owner
	if o == nil || namespace != e.opts.Namespace {
		return nil
	}
	return []metav1.OwnerReference{{APIVersion: o.APIVersion, Kind: o.Kind, Name: o.Name, UID: types.UID(o.UID)}}
}
