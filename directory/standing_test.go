package directory_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/berth-project/berth/directory"
)

func standing(t *testing.T, r *directory.Resolver, session string) *directory.Standing {
	t.Helper()
	st, err := r.Standing(t.Context(), session)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// poll has the resolver ask the store for its version.
func poll(t *testing.T, r *directory.Resolver, clk *clock) {
	t.Helper()
	clk.advance(10 * time.Second) // MaxStale
	standing(t, r, "s_poll")
}

func TestRevocationCountsAtOnce(t *testing.T) {
	t.Parallel()
	r, src, _ := setup(t)
	held, other := standing(t, r, "s1"), standing(t, r, "s2")
	if held.Revoked() || held.Void() {
		t.Fatal("a session that nobody ended is revoked or void")
	}
	src.here(src.revoke("s1"))
	if !held.Void() || !standing(t, r, "s1").Revoked() {
		t.Error("a revoked session still counts")
	}
	if other.Void() || standing(t, r, "s2").Revoked() {
		t.Error("another session does not count any more")
	}
}

// TestSignOutCostsOnlyItself is many people at work while one account signs in
// and out: what the store is asked for must not depend on how many sessions
// were ended before, nor on how many there are.
func TestSignOutCostsOnlyItself(t *testing.T) {
	t.Parallel()
	const revoked, sessions, signOuts = 50_000, 2_000, 100
	r, src, clk := setup(t)
	for i := range revoked {
		src.revoked[fmt.Sprint("old", i)] = true
	}
	atWork := make([]*directory.Standing, sessions)
	for i := range atWork {
		atWork[i] = standing(t, r, fmt.Sprint("s", i))
	}
	roles(t, r)
	generation, before := r.Generation(), src.reads.Load()
	for i := range signOuts {
		id := fmt.Sprint("looping", i)
		standing(t, r, id)
		src.here(src.revoke(id))
		if !standing(t, r, id).Revoked() {
			t.Fatal("a revoked session still counts")
		}
	}
	for i, st := range atWork {
		if st.Void() || standing(t, r, fmt.Sprint("s", i)) != st {
			t.Fatalf("session %d was voided by another's sign-out", i)
		}
	}
	roles(t, r)
	if r.Generation() != generation {
		t.Error("a sign-out voided identities")
	}
	// Each session of the loop is read twice, once before and once after.
	if n := src.reads.Load() - before; n != 2*signOuts {
		t.Errorf("%d reads of the store for %d sign-outs, want %d", n, signOuts, 2*signOuts)
	}
	before = src.reads.Load()
	poll(t, r, clk) // one line of the trail for each, and the session asked for
	if n := src.reads.Load() - before; n != signOuts+1 || r.Generation() != generation || atWork[0].Void() {
		t.Errorf("%d reads after the poll, generation %d → %d; want %d and the same", n, generation, r.Generation(), signOuts+1)
	}
}

func TestSignOutElsewhereCostsOnlyItself(t *testing.T) {
	t.Parallel()
	r, src, clk := setup(t)
	held, other := standing(t, r, "s1"), standing(t, r, "s2")
	generation := r.Generation()
	src.elsewhere(src.revoke("s1"))
	src.elsewhere(directory.ActionSetPassword, "u_ann", func() {})
	src.elsewhere(directory.ActionPurge, "expired", func() {})
	poll(t, r, clk)
	if !held.Void() || !standing(t, r, "s1").Revoked() {
		t.Error("a session revoked elsewhere still counts")
	}
	if other.Void() || r.Generation() != generation {
		t.Error("a sign-out elsewhere voided more than its session")
	}
}

func TestWhatTheTrailDoesNotTellVoidsEverything(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(src *fakeSource){
		"another action":            func(src *fakeSource) { src.elsewhere("role.revoke", "u_ann", func() {}) },
		"one of a newer Berth":      func(src *fakeSource) { src.elsewhere("user.rename", "u_ann", func() {}) },
		"a commit without a line":   func(src *fakeSource) { src.version.Commit++ },
		"an earlier copy of a file": func(src *fakeSource) { src.version.Change-- },
		"more than is looked at": func(src *fakeSource) {
			for i := range 1000 {
				src.elsewhere(src.revoke(fmt.Sprint("x", i)))
			}
		},
		"lines that were forgotten": func(src *fakeSource) {
			src.elsewhere(src.revoke("x"))
			src.trail = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, src, clk := setup(t)
			held := standing(t, r, "s1")
			generation := r.Generation()
			change(src)
			poll(t, r, clk)
			if !held.Void() || r.Generation() == generation {
				t.Errorf("void %v, generation %d → %d, want everything void", held.Void(), generation, r.Generation())
			}
		})
	}
}

// TestTrailThatCannotBeReadIsReadLater loses no revocation to an error between
// the version and the lines that lead to it.
func TestTrailThatCannotBeReadIsReadLater(t *testing.T) {
	t.Parallel()
	clk := newClock()
	src := &failingTrail{fakeSource: newSource()}
	r := directory.NewResolver(src, directory.ResolverConfig{Now: clk.now}, discard)
	standing(t, r, "s1")
	src.elsewhere(src.revoke("s1"))
	src.broken = true
	clk.advance(10 * time.Second)
	if _, err := r.Standing(t.Context(), "s1"); !errors.Is(err, directory.ErrUnavailable) {
		t.Errorf("Standing() error = %v, want ErrUnavailable", err)
	}
	src.broken = false
	if !standing(t, r, "s1").Revoked() {
		t.Error("the revocation was forgotten")
	}
}

type failingTrail struct {
	*fakeSource
	broken bool
}

func (f *failingTrail) Changes(ctx context.Context, filter directory.ChangeFilter) ([]directory.Change, error) {
	if f.broken {
		return nil, errors.New("disk on fire")
	}
	return f.fakeSource.Changes(ctx, filter)
}

func TestReadThatARevocationOvertookIsNotKept(t *testing.T) {
	t.Parallel()
	r, src, _ := setup(t)
	src.block, src.reading = make(chan struct{}), make(chan struct{})
	done := make(chan *directory.Standing, 1)
	ask := func() {
		st, err := r.Standing(t.Context(), "s1")
		if err != nil {
			t.Error(err)
		}
		done <- st
	}
	go ask()
	<-src.reading
	src.here(src.revoke("s1")) // while the read is under way
	go ask()
	<-src.reading // the second caller does not join the read from before
	src.block <- struct{}{}
	src.block <- struct{}{}
	var revoked int
	for range 2 {
		if st := <-done; st.Revoked() {
			revoked++
		} else if !st.Void() {
			t.Error("the overtaken answer is believed")
		}
	}
	src.block = nil
	if revoked != 1 || !standing(t, r, "s1").Revoked() {
		t.Errorf("%d callers learned of the revocation, want the second; and it is to be kept", revoked)
	}
}

// TestForgottenStandingIsVoid covers what nobody would tell of a revocation:
// one dropped for want of room, and one replaced by a later reading.
func TestForgottenStandingIsVoid(t *testing.T) {
	t.Parallel()
	clk := newClock()
	src := newSource()
	r := directory.NewResolver(src, directory.ResolverConfig{Now: clk.now, MaxSessions: 10}, discard)
	var held []*directory.Standing
	for i := range 100 {
		held = append(held, standing(t, r, fmt.Sprint("s", i)))
	}
	var valid int
	for _, st := range held {
		if !st.Void() {
			valid++
		}
	}
	if valid != 10 {
		t.Errorf("%d of 100 are believed, want the 10 there is room for", valid)
	}
	last := standing(t, r, "s99")
	clk.advance(time.Minute) // the TTL
	if again := standing(t, r, "s99"); again == last || !last.Void() || again.Void() {
		t.Errorf("after the TTL: the same %v, the earlier one void %v, the later one %v", again == last, last.Void(), again.Void())
	}
}

// TestSignOutOverTwoStores is two gateways on one file.
func TestSignOutOverTwoStores(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	mine, other := openStore(t, path), openStore(t, path)
	u, err := other.CreateUser(t.Context(), "ann@example.com", "Ann")
	if err != nil {
		t.Fatal(err)
	}
	clk := newClock()
	r := directory.NewResolver(mine, directory.ResolverConfig{Now: clk.now}, discard)
	leaving, staying := standing(t, r, "s1"), standing(t, r, "s2")
	generation := r.Generation()
	if err := other.RevokeSession(t.Context(), directory.Revocation{Session: "s1", User: u.ID, Until: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	poll(t, r, clk)
	if !leaving.Void() || !standing(t, r, "s1").Revoked() {
		t.Error("a session that ended in the other gateway still counts")
	}
	if staying.Void() || r.Generation() != generation {
		t.Error("a sign-out in the other gateway voided more than its session")
	}
	if err := other.DisableUser(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	poll(t, r, clk)
	if r.Generation() == generation {
		t.Error("a user disabled in the other gateway is not read again")
	}
}

// TestNoRevocationIsMissed asks for sessions while they end, with less room
// than there are.
func TestNoRevocationIsMissed(t *testing.T) {
	t.Parallel()
	src := newSource()
	r := directory.NewResolver(src, directory.ResolverConfig{MaxSessions: 8}, discard)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 200 {
				id := fmt.Sprint("s", worker, "_", i)
				var asking sync.WaitGroup
				var held [3]*directory.Standing
				for n := range held {
					asking.Go(func() { held[n], _ = r.Standing(t.Context(), id) })
				}
				src.here(src.revoke(id))
				asking.Wait()
				for _, st := range held {
					if st == nil || !st.Revoked() && !st.Void() {
						t.Errorf("session %s has ended, and an answer from before is believed: %v", id, st)
						return
					}
				}
				if st, err := r.Standing(t.Context(), id); err != nil || !st.Revoked() {
					t.Errorf("session %s has ended: %v, %v", id, st, err)
					return
				}
			}
		})
	}
	wg.Wait()
}
