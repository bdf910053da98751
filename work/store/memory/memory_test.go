package memory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/work/store/memory"
	"github.com/berth-project/berth/work/store/storetest"
)

type backend struct{ db *memory.Database }

func (b backend) Open(_ *testing.T, hook func(store.Stage) error) store.Store { return b.db.Open(hook) }

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, fresh)
	storetest.RunShared(t, fresh)
}

func fresh(*testing.T) storetest.Backend { return backend{memory.New(nil)} }

func TestACrashLosesWhatIsNotCommittedAndNothingElse(t *testing.T) {
	t.Parallel()
	for stage, written := range map[store.Stage]bool{store.Staged: false, store.Committed: true} {
		db := memory.New(nil)
		var s *memory.Store
		s = db.Open(func(at store.Stage) error {
			if at == stage {
				s.Crash()
			}
			return nil
		})
		if _, err := s.PutSetting(t.Context(), store.Setting{Kind: "k", ID: "a"}); !errors.Is(err, memory.ErrCrashed) {
			t.Errorf("PutSetting while it crashes: %v, want ErrCrashed", err)
		}
		if err := s.Check(t.Context()); !errors.Is(err, memory.ErrCrashed) {
			t.Errorf("Check after a crash: %v, want ErrCrashed", err)
		}
		_, err := db.Open(nil).Setting(t.Context(), "k", "a")
		if got := err == nil; got != written {
			t.Errorf("the setting of a crash at stage %d is there: %v, want %v", stage, got, written)
		}
	}
}

func TestLeasesGoByTheDatabasesClock(t *testing.T) {
	t.Parallel()
	now := store.Millis(1000)
	s := memory.New(func() store.Millis { return now }).Open(nil)
	o, err := s.Acquire(t.Context(), 0, "one", "", 100)
	if err != nil || o.Until != 1100 {
		t.Fatalf("Acquire = %+v, %v; want a lease until 1100", o, err)
	}
	now = 1099
	if _, err := s.Acquire(t.Context(), 0, "two", "", 100); !errors.Is(err, store.ErrNotOwner) {
		t.Errorf("Acquire at 1099: %v, want ErrNotOwner", err)
	}
	now = 1100
	if _, err := s.Acquire(t.Context(), 0, "two", "", 100); err != nil {
		t.Errorf("Acquire at 1100: %v", err)
	}
}

func Example() {
	ctx := context.Background()
	db := memory.New(nil)
	first := db.Open(nil)
	version, err := first.PutSetting(ctx, store.Setting{Kind: "queue", ID: "main", Body: []byte(`{"policy":"fair"}`)})
	if err != nil {
		fmt.Println(err)
		return
	}
	first.Crash()
	kept, err := db.Open(nil).Setting(ctx, "queue", "main")
	fmt.Println(kept.Version == version, string(kept.Body), err)
	// Output: true {"policy":"fair"} <nil>
}
