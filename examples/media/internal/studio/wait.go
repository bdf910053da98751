package studio

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/berth-project/berth/work/client"
)

// Wait is how long the runs of a tenant wait for their turn.
type Wait struct {
	Tenant  string
	Waiting int
	Running int
	// Share is the tenant's part of what was started in the last minute, 0 to
	// 1.
	Share float64
	// Oldest is how long the run has waited that waits the longest.
	Oldest time.Duration
	// Median and Longest are over the latest runs that have started; Started is
	// how many these are.
	Median, Longest time.Duration
	Started         int
}

// latest is how many runs Waits looks at, of each tenant.
const latest = 200

// Waits tells how long runs wait, for each of some tenants.
func (s *Studio) Waits(ctx context.Context, tenants []string, now time.Time) ([]Wait, error) {
	standing, err := s.standing(ctx)
	if err != nil {
		return nil, err
	}
	var all []Wait
	for _, tenant := range tenants {
		w := Wait{Tenant: tenant}
		if at, ok := standing[tenant]; ok {
			w.Waiting, w.Running, w.Share = at.Waiting, at.Running, at.Share
			if at.Oldest != 0 {
				w.Oldest = max(0, now.Sub(time.UnixMilli(at.Oldest)))
			}
		}
		if err := s.measure(ctx, &w); err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

// standing is where tenants stand in the queue, by tenant. Those without runs
// there are not in it.
func (s *Studio) standing(ctx context.Context) (map[string]tenantStats, error) {
	var page struct {
		Queues []struct {
			Name  string `json:"name"`
			Stats struct {
				Top []tenantStats `json:"top"`
			} `json:"stats"`
		} `json:"queues"`
	}
	if err := s.work.Do(ctx, http.MethodGet, "/queues", nil, nil, &page); err != nil {
		return nil, err
	}
	all := map[string]tenantStats{}
	for _, q := range page.Queues {
		if q.Name != Queue {
			continue
		}
		for _, t := range q.Stats.Top {
			all[t.Tenant] = t
		}
	}
	return all, nil
}

type tenantStats struct {
	Tenant  string  `json:"tenant"`
	Waiting int     `json:"waiting"`
	Running int     `json:"running"`
	Share   float64 `json:"share"`
	Oldest  int64   `json:"oldest"` // ms since 1970
}

// measure looks at the runs that started lately.
func (s *Studio) measure(ctx context.Context, w *Wait) error {
	q := of(w.Tenant)
	q.Set("limit", strconv.Itoa(latest))
	q.Set("state", "running,final")
	runs, _, err := s.work.List(ctx, q)
	if err != nil {
		return err
	}
	var waits []time.Duration
	for _, r := range runs {
		if d, ok := Waited(r); ok {
			waits = append(waits, d)
		}
	}
	if len(waits) == 0 {
		return nil
	}
	slices.Sort(waits)
	w.Started, w.Median, w.Longest = len(waits), waits[len(waits)/2], waits[len(waits)-1]
	return nil
}

// Waited is how long a run waited for its turn; false where it has not started.
func Waited(r client.Run) (time.Duration, bool) {
	if r.Started.IsZero() {
		return 0, false
	}
	return max(0, r.Started.Sub(r.Created)), true
}
