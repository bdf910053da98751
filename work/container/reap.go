package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// Reap removes the containers of this scope whose attempt no longer has its
// lease, and returns how many it removed. It needs [Options.Current]; a
// container about which that cannot tell is left alone. Call it when Berth
// starts, and from time to time.
func (e *Executor) Reap(ctx context.Context) (removed int, err error) {
	if e.opts.Current == nil {
		return 0, errors.New("container: nothing says which attempts are current")
	}
	filters, err := json.Marshal(map[string][]string{"label": {labelScope + "=" + e.opts.Scope}})
	if err != nil {
		return 0, err
	}
	var all []struct {
		ID     string `json:"Id"`
		Labels map[string]string
	}
	if err := e.engine.short(ctx, http.MethodGet, "/containers/json", url.Values{"all": {"1"}, "filters": {string(filters)}}, nil, &all); err != nil {
		return 0, fmt.Errorf("containers of %s: %w", e.opts.Scope, err)
	}
	var errs []error
	for _, c := range all {
		stale, err := e.stale(ctx, c.Labels)
		if err == nil && stale {
			err = e.remove(ctx, c.ID)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("container %.12s: %w", c.ID, err))
		} else if stale {
			removed++
		}
	}
	return removed, errors.Join(errs...)
}

// stale reports whether the labels name an attempt that is over.
func (e *Executor) stale(ctx context.Context, labels map[string]string) (bool, error) {
	ref, err := refOf(labels)
	if err != nil {
		return false, fmt.Errorf("its labels name no attempt: %w", err)
	}
	current, err := e.opts.Current(ctx, ref)
	return !current, err
}

// remove kills a container and removes it with its volume. One that is gone is
// no error.
func (e *Executor) remove(ctx context.Context, id string) error {
	err := e.engine.short(ctx, http.MethodDelete, "/containers/"+id, url.Values{"force": {"1"}, "v": {"1"}}, nil, nil)
	if isStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}
