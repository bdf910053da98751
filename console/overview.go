package console

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/berth-project/berth/health"
	"github.com/berth-project/berth/process"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow/machine"
)

// overview is the first page: problems, then a row for each half of the
// service.
type overview struct {
	State    health.State  `json:"state"`
	Ready    bool          `json:"ready"`
	Problems []trouble     `json:"problems"`
	Requests requestSums   `json:"requests"`
	Running  processSums   `json:"processes"`
	Refused  refusalSums   `json:"permission"`
	Work     *workSums     `json:"work,omitempty"`
	Reload   *Reload       `json:"reload,omitempty"`
	Up       time.Duration `json:"-"`
}

// trouble is a problem and where to look at it.
type trouble struct {
	health.Check
	// Process is the process the problem is about; empty for another.
	Process string `json:"process,omitempty"`
}

// requestSums are the requests of the last minute.
type requestSums struct {
	Total     uint64  `json:"total"`
	PerSecond float64 `json:"per_second"`
	Failed    float64 `json:"failed_share"`
	P50       float64 `json:"p50_seconds"`
	P99       float64 `json:"p99_seconds"`
	Series    []int   `json:"series"`
}

// processSums are the instances.
type processSums struct {
	Total    int       `json:"total"`
	Ready    int       `json:"ready"`
	Restarts int       `json:"restarts"`
	LastExit time.Time `json:"last_exit,omitzero"`
}

// workSums are the runs there are.
type workSums struct {
	Waiting int     `json:"waiting"`
	Running int     `json:"running"`
	Rate    float64 `json:"picked_per_second"`
	Paused  int     `json:"paused_queues"`
	Starved int     `json:"starved_tenants"`
	// Oldest is how long the run has waited that waits longest, in seconds.
	Oldest float64 `json:"oldest_seconds"`
	// Failed is how many runs of the last day ended as failed, up to some number:
	// then FailedMore.
	Failed     int  `json:"failed_in_24h"`
	FailedMore bool `json:"failed_in_24h_more,omitempty"`
	// Problem says why nothing is known.
	Problem string `json:"problem,omitempty"`
}

// OldestTime is Oldest for people.
func (s workSums) OldestTime() time.Duration { return time.Duration(s.Oldest * float64(time.Second)) }

// failedCounted is up to where the runs are counted that failed.
const failedCounted = 100

// sumWork sums up all queues; nil where the service has no work.
func (c *Console) sumWork(ctx context.Context) *workSums {
	if c.src.Work == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	queues, err := c.src.Work.Queues(ctx, topTenants)
	if err != nil {
		return &workSums{Problem: c.workFault(err).text}
	}
	s := &workSums{}
	for i := range queues {
		q := queueRow{QueueState: queues[i], now: c.src.Now()}
		s.Waiting, s.Running, s.Rate = s.Waiting+q.Stats.Waiting, s.Running+q.Stats.Running, s.Rate+q.Stats.Rate
		s.Starved += q.Stats.Starved
		if q.Paused {
			s.Paused++
		}
		s.Oldest = max(s.Oldest, q.Oldest().Truncate(time.Second).Seconds())
	}
	failed := store.Filter{Statuses: []machine.Status{machine.Failed}, CreatedFrom: c.src.Now().Add(-24 * time.Hour).UnixMilli()}
	if n, err := c.src.Work.Count(ctx, failed, failedCounted+1); err == nil {
		s.Failed, s.FailedMore = min(n, failedCounted), n > failedCounted
	}
	return s
}

// refusalSums are the requests the gateway did not let through.
type refusalSums struct {
	Total      uint64  `json:"total"`
	LastMinute float64 `json:"last_minute_share"`
}

func (c *Console) overview(r *http.Request) (*page, *fault) {
	return &page{
		title: "Overview", template: "overview", room: "/", topic: topicOverview, twin: "/overview.json",
		command: c.curl(r, "/overview.json"), data: c.overviewData(r.Context()),
	}, nil
}

func (c *Console) overviewData(ctx context.Context) overview {
	o := overview{State: health.OK, Ready: true, Problems: []trouble{}}
	if c.src.Health != nil {
		report := c.src.Health.Snapshot()
		o.State, o.Ready = report.State, report.Ready
		for _, p := range report.Problems() {
			o.Problems = append(o.Problems, trouble{Check: p, Process: processOf(p.Name)})
		}
	}
	if c.src.Requests != nil {
		rate, totals := c.src.Requests.LastMinute(), c.src.Requests.Totals()
		o.Requests = requestSums{
			Total: totals.Total, PerSecond: rate.PerSecond, Failed: rate.Failed,
			P50: rate.P50.Seconds(), P99: rate.P99.Seconds(), Series: rate.Series[:],
		}
		o.Refused = refusalSums{Total: totals.Refused, LastMinute: rate.Refused}
	}
	o.Running = sumProcesses(c.statuses())
	o.Work = c.sumWork(ctx)
	if c.src.Reload != nil {
		reload := c.src.Reload()
		o.Reload = &reload
	}
	return o
}

// processOf returns the process a check is about, by the names checks have:
// "process web.1", "process web ready".
func processOf(check string) string {
	rest, ok := strings.CutPrefix(check, "process ")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, " ")
	name, _, _ = strings.Cut(name, ".")
	return name
}

func (c *Console) statuses() []process.Status {
	if c.src.Processes == nil {
		return nil
	}
	return c.src.Processes()
}

func sumProcesses(all []process.Status) processSums {
	s := processSums{Total: len(all)}
	for i := range all {
		if all[i].State == process.StateReady {
			s.Ready++
		}
		s.Restarts += all[i].Restarts
		if e := all[i].LastExit; e != nil && e.At.After(s.LastExit) {
			s.LastExit = e.At
		}
	}
	return s
}

// P99Time is P99 for people.
func (s requestSums) P99Time() time.Duration { return time.Duration(s.P99 * float64(time.Second)) }

// P50Time is P50 for people.
func (s requestSums) P50Time() time.Duration { return time.Duration(s.P50 * float64(time.Second)) }

// bar is one second of a sparkline, in its coordinates.
type bar struct{ X, Y, Height int }

const (
	sparkHeight = 24
	barWidth    = 3
)

// Bars is the last minute as a picture.
func (s requestSums) Bars() []bar {
	top := 1
	for _, n := range s.Series {
		top = max(top, n)
	}
	var bars []bar
	for i, n := range s.Series {
		if n == 0 {
			continue
		}
		h := max(n*sparkHeight/top, 1)
		bars = append(bars, bar{X: i * barWidth, Y: sparkHeight - h, Height: h})
	}
	return bars
}

// Peak is the busiest second.
func (s requestSums) Peak() int {
	top := 0
	for _, n := range s.Series {
		top = max(top, n)
	}
	return top
}
