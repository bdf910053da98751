package directory_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/directory/sqlite"
	"github.com/berth-project/berth/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var discard = slog.New(slog.DiscardHandler)

// fakeSource is a store in memory that counts reads and can go silent.
type fakeSource struct {
	reads   atomic.Int64
	block   chan struct{} // when set, Record waits for it
	reading chan struct{} // when set, Record says that it waits

	mu      sync.Mutex
	records map[string]directory.Record
	revoked map[string]bool
	version directory.Version
	trail   []directory.Change
	err     error
	changed []func(directory.Change)
}

func (f *fakeSource) Record(_ context.Context, id string) (directory.Record, error) {
	f.reads.Add(1)
	if f.block != nil {
		f.reading <- struct{}{}
		<-f.block
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	rec, ok := f.records[id]
	if f.err == nil && !ok {
		return rec, fmt.Errorf("user %s: %w", id, directory.ErrNotFound)
	}
	return rec, f.err
}

func (f *fakeSource) SessionRevoked(_ context.Context, id string) (bool, error) {
	f.reads.Add(1)
	f.mu.Lock()
	revoked, err := f.revoked[id], f.err
	f.mu.Unlock()
	if f.block != nil { // the answer is of before
		f.reading <- struct{}{}
		<-f.block
	}
	return revoked, err
}

// Changes counts as many reads as it returns lines.
func (f *fakeSource) Changes(_ context.Context, filter directory.ChangeFilter) ([]directory.Change, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []directory.Change
	for _, c := range slices.Backward(f.trail) {
		if c.ID > filter.After && len(list) < filter.Limit {
			list = append(list, c)
			f.reads.Add(1)
		}
	}
	return list, f.err
}

func (f *fakeSource) Version(context.Context) (directory.Version, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.version, f.err
}

func (f *fakeSource) OnChange(fn func(directory.Change)) { f.changed = append(f.changed, fn) }

// elsewhere changes the store as another process would.
func (f *fakeSource) elsewhere(action, subject string, change func()) directory.Change {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	f.version.Commit++
	f.version.Change++
	c := directory.Change{ID: f.version.Change, Action: action, Subject: subject}
	f.trail = append(f.trail, c)
	return c
}

// here changes the store as this process would.
func (f *fakeSource) here(action, subject string, change func()) {
	c := f.elsewhere(action, subject, change)
	for _, fn := range f.changed {
		fn(c)
	}
}

// revoke ends a session, here or elsewhere.
func (f *fakeSource) revoke(id string) (action, subject string, change func()) {
	return directory.ActionRevokeSession, id, func() { f.revoked[id] = true }
}

func newSource() *fakeSource {
	return &fakeSource{
		records: make(map[string]directory.Record), revoked: make(map[string]bool),
		version: directory.Version{Commit: 1, Change: 1},
	}
}

func (f *fakeSource) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}
func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

func ann(clk *clock) directory.Record {
	return directory.Record{
		User: directory.User{ID: "u_ann", Email: "ann@example.com", Name: "Ann"},
		Grants: []directory.Grant{
			{User: "u_ann", Tenant: "north", Role: "teller"},
			{User: "u_ann", Tenant: "north", Role: "auditor", ExpiresAt: clk.now().Add(30 * time.Second)},
			{User: "u_ann", Tenant: "south", Role: "manager", ExpiresAt: clk.now().Add(-time.Second)},
		},
		Tenants: []directory.Tenant{
			{ID: "north", Name: "North", Plans: []directory.Subscription{
				{Plan: "premium", EndsAt: clk.now().Add(20 * time.Second)}, {Plan: "basic"}, {Plan: "old", EndsAt: clk.now()},
			}},
			{ID: "south", Name: "South"},
		},
	}
}

func setup(t *testing.T) (*directory.Resolver, *fakeSource, *clock) {
	t.Helper()
	clk := newClock()
	src := newSource()
	src.records["u_ann"] = ann(clk)
	return directory.NewResolver(src, directory.ResolverConfig{Now: clk.now}, discard), src, clk
}

func roles(t *testing.T, r *directory.Resolver) []session.Membership {
	t.Helper()
	id, err := r.Identity(t.Context(), "u_ann")
	if err != nil {
		t.Fatal(err)
	}
	return id.Memberships
}

func TestIdentityDropsWhatHasEnded(t *testing.T) {
	t.Parallel()
	clk := newClock()
	id := directory.NewIdentity(ann(clk), clk.now())
	want := &directory.Identity{
		User: session.User{ID: "u_ann", Email: "ann@example.com", Name: "Ann"},
		Memberships: []session.Membership{
			{Tenant: "north", TenantName: "North", Roles: []string{"auditor", "teller"}, Plans: []string{"basic", "premium"}},
		},
		ValidUntil: clk.now().Add(20 * time.Second),
	}
	if d := cmp.Diff(want, id); d != "" {
		t.Errorf("identity differs (-want +got):\n%s", d)
	}
}

func TestRolesAndPlansEndOnTime(t *testing.T) {
	t.Parallel()
	r, _, clk := setup(t)
	for _, step := range []struct {
		at    time.Duration
		roles []string
		plans []string
	}{
		{0, []string{"auditor", "teller"}, []string{"basic", "premium"}},
		{20*time.Second - 1, []string{"auditor", "teller"}, []string{"basic", "premium"}},
		{20 * time.Second, []string{"auditor", "teller"}, []string{"basic"}},
		{30*time.Second - 1, []string{"auditor", "teller"}, []string{"basic"}},
		{30 * time.Second, []string{"teller"}, []string{"basic"}},
	} {
		clk.at.Store(newClock().now().Add(step.at).UnixNano())
		m := roles(t, r)[0]
		if !cmp.Equal(m.Roles, step.roles) || !cmp.Equal(m.Plans, step.plans) {
			t.Errorf("after %v: %v and %v, want %v and %v", step.at, m.Roles, m.Plans, step.roles, step.plans)
		}
	}
}

func TestIdentityIsReadOnce(t *testing.T) {
	t.Parallel()
	r, src, _ := setup(t)
	for range 100 {
		roles(t, r)
	}
	if n := src.reads.Load(); n != 1 {
		t.Errorf("%d reads, want 1", n)
	}
}

func TestIdentityHitAllocatesNothing(t *testing.T) {
	r, _, _ := setup(t)
	roles(t, r)
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		_, _ = r.Identity(ctx, "u_ann")
		_, _ = r.Standing(ctx, "s1")
	}); n > 0 {
		t.Errorf("%v allocations on a hit", n)
	}
}

func TestOwnChangeCountsAtOnce(t *testing.T) {
	t.Parallel()
	r, src, _ := setup(t)
	roles(t, r)
	before := r.Generation()
	src.here("user.disable", "u_ann", func() { src.records["u_ann"] = directory.Record{User: directory.User{ID: "u_ann", Disabled: true}} })
	if r.Generation() == before {
		t.Error("Generation() did not move")
	}
	id, err := r.Identity(t.Context(), "u_ann")
	if err != nil || !id.Disabled {
		t.Errorf("Identity() = %+v, %v, want disabled", id, err)
	}
}

func TestUnknownUserIsRememberedUntilMade(t *testing.T) {
	t.Parallel()
	r, src, _ := setup(t)
	for range 3 {
		if _, err := r.Identity(t.Context(), "u_bob"); !errors.Is(err, directory.ErrNotFound) {
			t.Fatalf("Identity() error = %v, want ErrNotFound", err)
		}
	}
	if n := src.reads.Load(); n != 1 {
		t.Errorf("%d reads, want 1", n)
	}
	src.here("user.create", "u_bob", func() { src.records["u_bob"] = directory.Record{User: directory.User{ID: "u_bob"}} })
	if _, err := r.Identity(t.Context(), "u_bob"); err != nil {
		t.Errorf("Identity() of a new user: %v", err)
	}
}

func TestReadThatAChangeOvertookIsNotKept(t *testing.T) {
	t.Parallel()
	r, src, _ := setup(t)
	src.block, src.reading = make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		_, err := r.Identity(t.Context(), "u_ann")
		done <- err
	}()
	<-src.reading
	r.Invalidate() // while the read is under way
	src.block <- struct{}{}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := r.Identity(t.Context(), "u_ann")
		done <- err
	}()
	select {
	case <-src.reading:
	case err := <-done:
		t.Fatalf("the overtaken answer was served, error %v", err)
	}
	src.block <- struct{}{}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestSilentStoreClosesTheDoor(t *testing.T) {
	t.Parallel()
	r, src, clk := setup(t)
	roles(t, r)
	standing(t, r, "s1")
	src.fail(errors.New("disk on fire"))
	clk.advance(10*time.Second - 1)
	roles(t, r) // still within MaxStale
	clk.advance(1)
	if _, err := r.Identity(t.Context(), "u_ann"); !errors.Is(err, directory.ErrUnavailable) {
		t.Errorf("Identity() error = %v, want ErrUnavailable", err)
	}
	if _, err := r.Standing(t.Context(), "s1"); !errors.Is(err, directory.ErrUnavailable) {
		t.Errorf("Standing() error = %v, want ErrUnavailable", err)
	}
	src.fail(nil)
	roles(t, r)
}

func TestIdentityIsReadAgainAfterTTL(t *testing.T) {
	t.Parallel()
	r, src, clk := setup(t)
	src.records["u_ann"] = directory.Record{User: directory.User{ID: "u_ann"}}
	roles(t, r)
	clk.advance(time.Minute)
	roles(t, r)
	if n := src.reads.Load(); n != 2 {
		t.Errorf("%d reads, want 2", n)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	clk := newClock()
	src := newSource()
	r := directory.NewResolver(src, directory.ResolverConfig{Now: clk.now, MaxUsers: 10}, discard)
	for i := range 100 {
		_, _ = r.Identity(t.Context(), fmt.Sprint("u_", i))
	}
	before := src.reads.Load()
	for i := range 100 {
		_, _ = r.Identity(t.Context(), fmt.Sprint("u_", i))
	}
	if n := src.reads.Load() - before; n < 90 {
		t.Errorf("%d of 100 were read again, want at least 90: more than 10 were kept", n)
	}
}

func TestRunNoticesOtherProcesses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.records["u_ann"] = directory.Record{User: directory.User{ID: "u_ann"}}
		r := directory.NewResolver(src, directory.ResolverConfig{}, discard)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		synctest.Wait()
		if _, err := r.Identity(ctx, "u_ann"); err != nil {
			t.Fatal(err)
		}
		st := standing(t, r, "s1")
		src.elsewhere(src.revoke("s1"))
		time.Sleep(time.Second) // the bubble's clock: exactly one poll
		synctest.Wait()
		if !st.Void() || !standing(t, r, "s1").Revoked() {
			t.Error("a second after another process revoked it the session still counts")
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run() = %v", err)
		}
	})
}

func TestRunReportsSilenceOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		src := newSource()
		src.err = errors.New("disk on fire")
		r := directory.NewResolver(src, directory.ResolverConfig{}, slog.New(slog.NewTextHandler(&out, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		time.Sleep(5500 * time.Millisecond)
		src.fail(nil)
		time.Sleep(5 * time.Second)
		cancel()
		<-done
		if n := strings.Count(out.String(), "not answering"); n != 1 {
			t.Errorf("%d reports of silence, want 1:\n%s", n, out.String())
		}
		if n := strings.Count(out.String(), "answers again"); n != 1 {
			t.Errorf("%d reports of recovery, want 1:\n%s", n, out.String())
		}
	})
}

// TestResolverOverTwoStores is the story of a gateway and a command line on
// one file.
func TestResolverOverTwoStores(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	gateway, cli := openStore(t, path), openStore(t, path)
	ctx := t.Context()
	u, err := cli.CreateUser(ctx, "ann@example.com", "Ann")
	if err != nil {
		t.Fatal(err)
	}
	r := directory.NewResolver(gateway, directory.ResolverConfig{Poll: time.Millisecond}, discard)
	runCtx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- r.Run(runCtx) }()
	defer func() { cancel(); <-done }()
	if id, err := r.Identity(ctx, u.ID); err != nil || id.Disabled {
		t.Fatalf("Identity() = %+v, %v", id, err)
	}
	if err := cli.DisableUser(ctx, u.ID); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(3 * time.Minute)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		id, err := r.Identity(ctx, u.ID)
		if err != nil {
			t.Fatal(err)
		}
		if id.Disabled {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the other store's change was never noticed")
		}
	}
}

func openStore(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(path, discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func BenchmarkIdentityHit(b *testing.B) {
	clk := newClock()
	src := newSource()
	src.records["u_ann"] = directory.Record{User: directory.User{ID: "u_ann"}}
	r := directory.NewResolver(src, directory.ResolverConfig{Now: clk.now}, discard)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Identity(b.Context(), "u_ann"); err != nil {
			b.Fatal(err)
		}
	}
}
