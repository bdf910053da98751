package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
	"github.com/berth-project/berth/examples/ledger/internal/store"
)

// running is the PostgreSQL of this test binary, and why there is none.
type running struct {
	*server
	err error
}

var postgres running

func TestMain(m *testing.M) {
	if os.Getenv(writerKeys) != "" {
		fmt.Fprintln(os.Stderr, write(os.Stdout))
		os.Exit(1)
	}
	postgres.server, postgres.err = startServer(context.Background())
	code := m.Run()
	if postgres.server != nil {
		if err := postgres.stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// clock is a clock that a test moves.
type clock struct {
	mu sync.Mutex // guards at
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Millisecond) // no two moments are the same
	return c.at
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// books are two banks to test with. Open opens their database once more, as
// another copy of the app does.
type books struct {
	*store.Store
	clock *clock
	at    store.Config
	open  func(t *testing.T) *store.Store
}

// everywhere runs a test over each database.
func everywhere(t *testing.T, test func(*testing.T, books)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		test(t, newBooks(t, func(now func() time.Time) store.Config { return store.Config{Directory: dir, Now: now} }))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		requirePostgres(t)
		url := postgres.database(t)
		test(t, newBooks(t, func(now func() time.Time) store.Config { return store.Config{URL: url, Now: now} }))
	})
}

func requirePostgres(t *testing.T) {
	t.Helper()
	switch {
	case postgres.err == nil:
	case errors.Is(postgres.err, errAbsent) && os.Getenv("BERTH_TEST_REQUIRE_TOOLS") != "1":
		t.Skipf("SKIPPED, NOTHING WAS TESTED ON POSTGRESQL: %v", postgres.err)
	default:
		t.Fatal(postgres.err)
	}
}

func newBooks(t *testing.T, config func(now func() time.Time) store.Config) books {
	t.Helper()
	b := books{clock: &clock{at: time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)}}
	b.at = config(b.clock.now)
	b.open = func(t *testing.T) *store.Store {
		t.Helper()
		s, err := store.Open(b.at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	}
	b.Store = b.open(t)
	if err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tenant := range []bank.Tenant{{ID: "acme", Name: "Acme", Currency: "USD"}, {ID: "zenith", Name: "Zenith", Currency: "EUR"}} {
		if err := b.AddTenant(t.Context(), tenant); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

var (
	casey = bank.Caller{Tenant: "acme", Email: "casey@acme.test", Customer: true}
	tom   = bank.Caller{Tenant: "acme", Email: "tom@acme.test", Teller: true}
	mara  = bank.Caller{Tenant: "acme", Email: "mara@acme.test", Manager: true}
	mina  = bank.Caller{Tenant: "zenith", Email: "mina@zenith.test", Manager: true}
)

// provide opens an account of acme and pays an amount into it.
func (b books) provide(t *testing.T, id, owner string, amount bank.Amount) {
	t.Helper()
	if err := b.Provision(t.Context(), bank.Account{Tenant: "acme", ID: id, Name: id, Owner: owner, OpenedAt: b.clock.now()}); err != nil {
		t.Fatal(err)
	}
	if amount > 0 {
		b.must(t, tom, bank.Order{Kind: bank.Deposit, To: id, Amount: amount})
	}
}

// must carries out an order under a key of its own.
func (b books) must(t *testing.T, c bank.Caller, o bank.Order) bank.Receipt {
	t.Helper()
	out, err := b.Move(t.Context(), store.Ask{Caller: c, Key: b.clock.now().String()}, o)
	if err != nil {
		t.Fatalf("Move(%+v) = %v", o, err)
	}
	return out.Value
}

func (b books) balance(t *testing.T, id string) bank.Amount {
	t.Helper()
	a, err := b.Account(t.Context(), mara, id)
	if err != nil {
		t.Fatal(err)
	}
	return a.Balance
}

func transfer(from, to string, amount bank.Amount) bank.Order {
	return bank.Order{Kind: bank.Transfer, From: from, To: to, Amount: amount}
}

func wantCode(t *testing.T, what string, err error, want bank.Code) {
	t.Helper()
	if r := bank.AsRefusal(err); r == nil || r.Code != want {
		t.Errorf("%s: %v, want it refused as %s", what, err, want)
	}
}
