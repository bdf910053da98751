package console_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/berth-project/berth/console"
	"github.com/berth-project/berth/work"
	workengine "github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/queue"
)

// lookedAt is a queue of the name whose number of waiting runs is how often it was
// looked at.
func lookedAt(times *int, names ...string) func(context.Context, int) ([]workengine.QueueState, error) {
	return func(context.Context, int) ([]workengine.QueueState, error) {
		*times++
		var all []workengine.QueueState
		for _, name := range names {
			all = append(all, workengine.QueueState{Queue: work.Queue{Name: name}, Stats: queue.Stats{
				Waiting: *times, Top: []queue.TenantStats{{Tenant: "acme", Share: 0.75, Weight: 1}, {Tenant: "zeta", Share: 0.125, Weight: 1}},
			}})
		}
		return all, nil
	}
}

func TestQueuesAreLookedAtEveryTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		times := 0
		h := console.NewQueueHistory(lookedAt(&times, "default"))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); h.Run(ctx) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		cancel()
		<-done
		if times != 7 {
			t.Errorf("looked %d times in a minute, want 7", times)
		}
	})
}

func TestTheHistoryOfQueuesIsPlotted(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, "quickly")
	src := b.sources()
	times := 0
	src.QueueHistory = console.NewQueueHistory(lookedAt(&times, "default", "bulk"))
	c := newConsole(t, console.Config{}, src)
	if body := ask(c, "GET", "/queues/default", "").Body.String(); strings.Contains(body, "<svg") || !strings.Contains(body, "Plots of the last hour begin") {
		t.Error("a history of nothing is plotted")
	}
	at := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	for i := range console.HistoryKept + 40 {
		src.QueueHistory.LookAt(t.Context(), at.Add(time.Duration(i)*10*time.Second))
	}
	body := ask(c, "GET", "/queues/default", "").Body.String()
	for _, want := range []string{
		"Runs in the queue: waiting 400, from 41 to 400; running 0", // the oldest forty are forgotten
		"acme 75 %, from 75 % to 75 %; zeta 12.5 %, from 12.5 % to 12.5 %; those with nothing left 12.5 %", "<table><caption>Share of each tenant in what was picked</caption>", "p50 nothing known",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if body := ask(c, "GET", "/queues", "").Body.String(); strings.Count(body, `class="plot spark"`) != 2 {
		t.Error("the list has no sparklines")
	}
}

func TestAQueueThatIsGoneIsForgotten(t *testing.T) {
	t.Parallel()
	names, fail := []string{"default"}, error(nil)
	h := console.NewQueueHistory(func(context.Context, int) ([]workengine.QueueState, error) {
		var all []workengine.QueueState
		for _, name := range names {
			all = append(all, workengine.QueueState{Queue: work.Queue{Name: name}})
		}
		return all, fail
	})
	h.Look(t.Context())
	fail = errors.New("the store does not answer")
	h.Look(t.Context())
	if n := h.Samples("default"); n != 1 {
		t.Errorf("%d samples after one look and one that failed, want 1", n)
	}
	names, fail = nil, nil
	h.Look(t.Context())
	if n := h.Samples("default"); n != 0 {
		t.Errorf("%d samples of a queue that is gone, want none", n)
	}
	for i := range 1000 {
		names = append(names, fmt.Sprint("queue", i))
	}
	h.Look(t.Context())
	if h.Samples("queue0") != 1 || h.Samples("queue999") != 0 {
		t.Error("the number of queues is not bounded")
	}
}
