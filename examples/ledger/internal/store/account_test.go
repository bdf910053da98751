package store_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
	"github.com/berth-project/berth/examples/ledger/internal/store"
)

func ids(accounts []bank.Account) []string {
	all := []string{}
	for _, a := range accounts {
		all = append(all, a.ID)
	}
	return all
}

func TestAccountsShowWhatTheCallerSees(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		b.provide(t, "casey-1", casey.Email, 0)
		b.provide(t, "cody-1", "cody@acme.test", 0)
		for name, tc := range map[string]struct {
			who  bank.Caller
			want []string
		}{
			"customer":           {casey, []string{"casey-1"}},
			"teller":             {tom, []string{"casey-1", "cody-1"}},
			"manager":            {mara, []string{"casey-1", "cody-1"}},
			"manager of another": {mina, []string{}},
			"no role":            {bank.Caller{Tenant: "acme", Email: casey.Email}, []string{}},
			"nobody":             {bank.Caller{Tenant: "acme"}, []string{}},
		} {
			got, err := b.Accounts(t.Context(), tc.who, "")
			if diff := cmp.Diff(tc.want, ids(got)); err != nil || diff != "" {
				t.Errorf("%s: Accounts() = %v (-want +got):\n%s", name, err, diff)
			}
		}
	})
}

// Both banks have an account of the same id; nothing of the one is reached from
// the other.
func TestTenantsAreApart(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		b.provide(t, "same", casey.Email, 500)
		b.provide(t, "only-acme", casey.Email, 500)
		foreign := bank.Account{Tenant: "zenith", ID: "same", Name: "same", Owner: casey.Email, OpenedAt: b.clock.now()}
		if err := b.Provision(t.Context(), foreign); err != nil {
			t.Fatal(err)
		}
		everything := bank.Caller{Tenant: "zenith", Email: casey.Email, Customer: true, Teller: true, Manager: true, Premium: true}
		ask := func(key string) store.Ask { return store.Ask{Caller: everything, Key: key} }
		for name, do := range map[string]func(context.Context) error{
			"account": func(ctx context.Context) error { _, err := b.Account(ctx, everything, "only-acme"); return err },
			"entries": func(ctx context.Context) error {
				_, err := b.Entries(ctx, everything, "only-acme", store.Page{Limit: 5})
				return err
			},
			"statement": func(ctx context.Context) error {
				_, err := b.Statement(ctx, everything, "only-acme", b.clock.now())
				return err
			},
			"status": func(ctx context.Context) error {
				_, err := b.SetStatus(ctx, everything, "only-acme", bank.Frozen)
				return err
			},
			"deposit": func(ctx context.Context) error {
				_, err := b.Move(ctx, ask("d"), bank.Order{Kind: bank.Deposit, To: "only-acme", Amount: 1})
				return err
			},
			"withdrawal": func(ctx context.Context) error {
				_, err := b.Move(ctx, ask("w"), bank.Order{Kind: bank.Withdrawal, From: "only-acme", Amount: 1})
				return err
			},
			"transfer out": func(ctx context.Context) error {
				_, err := b.Move(ctx, ask("o"), transfer("only-acme", "same", 1))
				return err
			},
			"transfer in": func(ctx context.Context) error {
				_, err := b.Move(ctx, ask("i"), transfer("same", "only-acme", 1))
				return err
			},
		} {
			wantCode(t, name, do(t.Context()), bank.NotFound)
		}
		// The account of the same id is zenith's own, which is empty.
		_, err := b.Move(t.Context(), ask("own"), bank.Order{Kind: bank.Withdrawal, From: "same", Amount: 1})
		wantCode(t, "withdrawal from zenith's account", err, bank.Insufficient)
		trail, err := b.Audit(t.Context(), mina, "")
		if err != nil || len(trail) != 0 {
			t.Errorf("zenith's audit trail has %d lines, %v, want none of acme's", len(trail), err)
		}
		if got := b.balance(t, "same") + b.balance(t, "only-acme"); got != 1000 {
			t.Errorf("acme's balances = %d, want 1000", got)
		}
	})
}

func TestStatusOfAnAccount(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		b.provide(t, "a", casey.Email, 10)
		b.provide(t, "b", casey.Email, 0)
		set := func(who bank.Caller, to bank.Status) error {
			_, err := b.SetStatus(t.Context(), who, "a", to)
			return err
		}
		wantCode(t, "teller freezing", set(tom, bank.Frozen), bank.Forbidden)
		wantCode(t, "customer freezing", set(casey, bank.Frozen), bank.Forbidden)
		wantCode(t, "closing with money in it", set(mara, bank.Closed), bank.Conflict)
		wantCode(t, "unknown status", set(mara, "gone"), bank.Invalid)
		if err := set(mara, bank.Frozen); err != nil {
			t.Fatal(err)
		}
		for i, o := range []bank.Order{transfer("a", "b", 1), transfer("b", "a", 1)} {
			_, err := b.Move(t.Context(), store.Ask{Caller: casey, Key: fmt.Sprint(i)}, o)
			wantCode(t, "moving money of a frozen account", err, bank.NotOpen)
		}
		if err := set(mara, bank.Open); err != nil {
			t.Fatal(err)
		}
		b.must(t, casey, transfer("a", "b", 10))
		if err := set(mara, bank.Closed); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "opening a closed account", set(mara, bank.Open), bank.Conflict)
		_, err := b.SetStatus(t.Context(), mara, bank.CashAccount, bank.Frozen)
		wantCode(t, "freezing the cash", err, bank.NotFound)
	})
}

func TestOpenAccountIsEmptyAndOpen(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		ask := store.Ask{Caller: tom, Key: "k"}
		made, err := b.OpenAccount(t.Context(), ask, bank.Opening{Owner: " Casey@ACME.test ", Name: "Holiday"})
		if err != nil {
			t.Fatal(err)
		}
		again, err := b.OpenAccount(t.Context(), ask, bank.Opening{Owner: "casey@acme.test", Name: "Holiday"})
		if err != nil || !again.Replayed || again.Value.ID != made.Value.ID {
			t.Errorf("same key again = %+v, %v, want the account of the first time", again, err)
		}
		seen, err := b.Account(t.Context(), casey, made.Value.ID)
		if diff := cmp.Diff(made.Value, seen); err != nil || diff != "" {
			t.Errorf("Account() = %v (-want +got):\n%s", err, diff)
		}
		if seen.Balance != 0 || seen.Status != bank.Open || seen.Owner != casey.Email || seen.Currency != "USD" {
			t.Errorf("new account = %+v, want an empty open one of casey in USD", seen)
		}
		_, err = b.OpenAccount(t.Context(), store.Ask{Caller: casey, Key: "c"}, bank.Opening{Owner: casey.Email, Name: "Mine"})
		wantCode(t, "customer opening", err, bank.Forbidden)
	})
}

func TestEntriesComeInPages(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		b.provide(t, "a", casey.Email, 0)
		for range 7 {
			b.must(t, tom, bank.Order{Kind: bank.Deposit, To: "a", Amount: 1})
		}
		var numbers []int64
		for before := int64(0); ; {
			page, err := b.Entries(t.Context(), casey, "a", store.Page{Before: before, Limit: 3})
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				numbers = append(numbers, e.Number)
			}
			before = numbers[len(numbers)-1]
		}
		if diff := cmp.Diff([]int64{7, 6, 5, 4, 3, 2, 1}, numbers); diff != "" {
			t.Errorf("entries over all pages (-want +got):\n%s", diff)
		}
	})
}

func TestStatementHasTheEntriesOfItsMonth(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		b.provide(t, "a", casey.Email, 100) // in March
		b.clock.set(time.Date(2026, 3, 31, 23, 59, 59, 0, time.UTC))
		b.must(t, tom, bank.Order{Kind: bank.Deposit, To: "a", Amount: 20})
		b.clock.set(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
		b.must(t, tom, bank.Order{Kind: bank.Withdrawal, From: "a", Amount: 50})
		b.clock.set(time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC))
		type sums struct {
			Opening, Closing bank.Amount
			Entries          int
		}
		got := map[time.Month]sums{}
		for m := time.February; m <= time.May; m++ {
			st, err := b.Statement(t.Context(), casey, "a", time.Date(2026, m, 15, 12, 0, 0, 0, time.UTC))
			if err != nil {
				t.Fatal(err)
			}
			got[m] = sums{st.Opening, st.Closing, len(st.Entries)}
		}
		want := map[time.Month]sums{time.February: {0, 0, 0}, time.March: {0, 120, 2}, time.April: {120, 70, 1}, time.May: {70, 70, 0}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("statements (-want +got):\n%s", diff)
		}
		_, err := b.Statement(t.Context(), tom, "a", b.clock.now())
		wantCode(t, "teller printing", err, bank.Forbidden)
		_, err = b.Statement(t.Context(), bank.Caller{Tenant: "acme", Email: "cody@acme.test", Customer: true}, "a", b.clock.now())
		wantCode(t, "another customer printing", err, bank.NotFound)
	})
}

// A clock that is set back, or another machine's that is late, does not take an
// entry into the month before the one that precedes it.
func TestMonthsFollowEachOtherWhenTheClockGoesBack(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		april := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
		b.provide(t, "a", casey.Email, 100) // in March
		b.clock.set(april.Add(time.Second))
		b.must(t, tom, bank.Order{Kind: bank.Deposit, To: "a", Amount: 20})
		b.clock.set(april.Add(-time.Second))
		b.must(t, tom, bank.Order{Kind: bank.Deposit, To: "a", Amount: 3})
		b.clock.set(april.Add(time.Hour))
		var months [2]bank.Statement
		for i, month := range []time.Time{april.AddDate(0, -1, 0), april} {
			var err error
			if months[i], err = b.Statement(t.Context(), casey, "a", month); err != nil {
				t.Fatal(err)
			}
			sum := months[i].Opening
			for _, e := range months[i].Entries {
				sum += e.Change
			}
			if sum != months[i].Closing {
				t.Errorf("%s: the entries lead to %s, the statement closes with %s", month.Month(), sum, months[i].Closing)
			}
		}
		if months[0].Closing != months[1].Opening {
			t.Errorf("March closes with %s, April opens with %s", months[0].Closing, months[1].Opening)
		}
	})
}

func TestAuditTellsManagersWhoDidWhat(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		b.provide(t, "a", casey.Email, 100)
		b.provide(t, "b", "cody@acme.test", 0)
		b.must(t, casey, transfer("a", "b", 30))
		if _, err := b.SetStatus(t.Context(), mara, "b", bank.Frozen); err != nil {
			t.Fatal(err)
		}
		trail, err := b.Audit(t.Context(), mara, "")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range trail {
			got = append(got, strings.Join([]string{l.By, l.Action, l.Account, l.Detail}, " | "))
		}
		want := []string{
			"mara@acme.test | set status | b | frozen",
			"casey@acme.test | transfer | a | 0.30 USD to b",
			"tom@acme.test | deposit | a | 1.00 USD",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("audit trail (-want +got):\n%s", diff)
		}
		older, err := b.Audit(t.Context(), mara, trail[0].ID)
		if err != nil || len(older) != 2 || older[0].ID != trail[1].ID {
			t.Errorf("trail before its first line = %v, %v, want the other two", older, err)
		}
		for _, who := range []bank.Caller{casey, tom} {
			_, err := b.Audit(t.Context(), who, "")
			wantCode(t, "audit trail for "+who.Email, err, bank.Forbidden)
		}
	})
}

func TestCashFlowCountsOwnAccounts(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		b.provide(t, "a", casey.Email, 100)
		b.provide(t, "b", "cody@acme.test", 0)
		b.clock.set(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
		b.must(t, casey, transfer("a", "b", 30))
		flows, err := b.CashFlow(t.Context(), casey, time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
		if err != nil || len(flows) != 1 || flows[0].Account.ID != "a" || flows[0].In != 0 || flows[0].Out != 30 {
			t.Errorf("CashFlow() = %+v, %v, want 30 out of a", flows, err)
		}
		if flows, err := b.CashFlow(t.Context(), mara, time.Time{}); err != nil || len(flows) != 0 {
			t.Errorf("CashFlow() of a manager = %+v, %v, want none: the accounts are not hers", flows, err)
		}
		for i := range store.MaxPage { // before a in the order of ids
			b.provide(t, fmt.Sprintf("0-%d", i), "cody@acme.test", 0)
		}
		both := casey
		both.Manager = true
		if flows, err := b.CashFlow(t.Context(), both, time.Time{}); err != nil || len(flows) != 1 || flows[0].Account.ID != "a" {
			t.Errorf("CashFlow() of a customer who is a manager too = %+v, %v, want her one account", flows, err)
		}
	})
}

func TestSeveralMigrateAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		var wg sync.WaitGroup
		for range 4 {
			other := b.open(t)
			wg.Go(func() {
				if err := other.Migrate(t.Context()); err != nil {
					t.Errorf("Migrate() = %v", err)
				}
			})
		}
		wg.Wait()
		if err := b.Ping(t.Context()); err != nil {
			t.Errorf("Ping() = %v", err)
		}
	})
}

func TestChangedTellsOfACommit(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		changed := b.Changed()
		b.provide(t, "a", casey.Email, 1)
		<-changed // closed, or the test does not end
	})
}

func TestOpenDoesNotRepeatThePassword(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"postgres://u:hunter2%zz@h/db", "mysql://u:hunter2@h/db", "postgres://u:hunter2#@h:x/db"} {
		s, err := store.Open(store.Config{URL: address})
		if err == nil {
			_ = s.Close()
			if _, bad := url.Parse(address); bad != nil {
				t.Errorf("Open(%q) took it", address)
			}
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open(%q) = %v, which repeats the password", address, err)
		}
	}
}
