package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/work/store/memory"
)

func TestEventsThatWereGivenUpLongAgoGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memory.New(nil).Open(nil)
		defer st.Close()
		const day = 24 * 3_600_000
		now := time.Now().UnixMilli()
		o, err := st.Acquire(t.Context(), 0, "before", "", 1)
		if err != nil {
			t.Fatal(err)
		}
		batch := &store.Batch{Owner: o, Seq: 1, Now: now, Events: []store.Event{
			{ID: 1, Kind: "run.failed", To: "x", Dead: now - 31*day},
			{ID: 2, Kind: "run.failed", To: "x", Dead: now - 29*day},
		}}
		if _, err := st.Flush(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // the bubble's time: the lease runs out
		e, err := engine.Open(t.Context(), engine.Options{Store: st})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close(context.Background())
		dead := func() int {
			list, _, err := e.Dead(t.Context(), store.DeadFilter{}, "", 9)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		for _, c := range []struct {
			after time.Duration
			want  int
		}{{5 * time.Minute, 1}, {23 * time.Hour, 1}, {2 * time.Hour, 0}} {
			time.Sleep(c.after)
			synctest.Wait()
			if got := dead(); got != c.want {
				t.Errorf("%d events are kept %v later, want %d", got, c.after, c.want)
			}
		}
	})
}
