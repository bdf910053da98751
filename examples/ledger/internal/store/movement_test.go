package store_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
	"github.com/berth-project/berth/examples/ledger/internal/store"
)

func TestMovementsAreBookedOnBothSides(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		b.provide(t, "a", casey.Email, 100)
		b.provide(t, "b", "cody@acme.test", 0)
		receipt := b.must(t, casey, bank.Order{Kind: bank.Transfer, From: "a", To: "b", Amount: 30, Memo: "lunch"})
		b.must(t, tom, bank.Order{Kind: bank.Withdrawal, From: "b", Amount: 10})
		if receipt.Balance != 70 || receipt.Currency != "USD" || receipt.Movement == "" {
			t.Errorf("receipt = %+v, want 70 USD left", receipt)
		}
		entries, err := b.Entries(t.Context(), mara, "b", store.Page{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		for i := range entries {
			entries[i].At, entries[i].Movement = time.Time{}, ""
		}
		want := []bank.Entry{
			{Number: 2, Kind: bank.Withdrawal, Change: -10, Balance: 20, Other: "cash"},
			{Number: 1, Kind: bank.Transfer, Change: 30, Balance: 30, Other: "a", Memo: "lunch"},
		}
		if diff := cmp.Diff(want, entries); diff != "" {
			t.Errorf("entries of b (-want +got):\n%s", diff)
		}
		b.checkSums(t)
	})
}

// Money neither comes from nowhere nor goes there, and nobody owes any, with
// many transfers at once by several copies of the app.
func TestConcurrentTransfersKeepTheSum(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		const accounts, transfers, start = 5, 100, 1_000
		for i := range accounts {
			b.provide(t, fmt.Sprintf("a%d", i), casey.Email, start)
		}
		copies := []*store.Store{b.Store, b.open(t)}
		var refused atomic.Int64
		var wg sync.WaitGroup
		for i := range transfers {
			wg.Go(func() {
				dice := rand.New(rand.NewPCG(1, uint64(i)))
				from := dice.IntN(accounts)
				to := (from + 1 + dice.IntN(accounts-1)) % accounts
				order := transfer(fmt.Sprintf("a%d", from), fmt.Sprintf("a%d", to), bank.Amount(1+dice.IntN(900)))
				_, err := copies[i%2].Move(t.Context(), store.Ask{Caller: casey, Key: fmt.Sprint("t", i)}, order)
				if r := bank.AsRefusal(err); r != nil && r.Code == bank.Insufficient {
					refused.Add(1)
				} else if err != nil {
					t.Errorf("transfer %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		var sum bank.Amount
		for i := range accounts {
			balance := b.balance(t, fmt.Sprintf("a%d", i))
			if balance < 0 {
				t.Errorf("account a%d has %d, want no debt", i, balance)
			}
			sum += balance
		}
		if sum != accounts*start {
			t.Errorf("accounts add up to %d, want %d", sum, accounts*start)
		}
		if n := refused.Load(); n == transfers {
			t.Error("every transfer was refused: nothing was tested")
		}
		b.checkSums(t)
	})
}

func TestConcurrentWithdrawalsNeverOverdraw(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		b.provide(t, "a", casey.Email, 100)
		var paid atomic.Int64
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				_, err := b.Move(t.Context(), store.Ask{Caller: tom, Key: fmt.Sprint("w", i)}, bank.Order{Kind: bank.Withdrawal, From: "a", Amount: 7})
				if err == nil {
					paid.Add(1)
				} else {
					wantCode(t, "withdrawal", err, bank.Insufficient)
				}
			})
		}
		wg.Wait()
		if paid.Load() != 14 || b.balance(t, "a") != 2 {
			t.Errorf("%d withdrawals were paid and %d is left, want 14 and 2", paid.Load(), b.balance(t, "a"))
		}
	})
}

func TestOneKeyMovesMoneyOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		b.provide(t, "a", casey.Email, 1_000)
		b.provide(t, "b", "cody@acme.test", 0)
		copies := []*store.Store{b.Store, b.open(t)}
		answers := make([]store.Answer[bank.Receipt], 40)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() {
				var err error
				if answers[i], err = copies[i%2].Move(t.Context(), store.Ask{Caller: casey, Key: "same"}, transfer("a", "b", 25)); err != nil {
					t.Errorf("Move() = %v", err)
				}
			})
		}
		wg.Wait()
		first := 0
		for _, a := range answers {
			if !a.Replayed {
				first++
			}
			if diff := cmp.Diff(answers[0].Value, a.Value); diff != "" {
				t.Errorf("two answers to one key differ:\n%s", diff)
			}
		}
		if first != 1 || b.balance(t, "b") != 25 {
			t.Errorf("%d executions moved %d, want one and 25", first, b.balance(t, "b"))
		}
	})
}

func TestReusedKeyIsRefused(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		b.provide(t, "a", casey.Email, 1_000)
		b.provide(t, "b", "cody@acme.test", 0)
		ask := store.Ask{Caller: casey, Key: "k"}
		if _, err := b.Move(t.Context(), ask, transfer("a", "b", 25)); err != nil {
			t.Fatal(err)
		}
		_, err := b.Move(t.Context(), ask, transfer("a", "b", 26))
		wantCode(t, "another amount", err, bank.KeyReused)
		_, err = b.OpenAccount(t.Context(), store.Ask{Caller: tom, Key: "k"}, bank.Opening{Owner: "x@acme.test", Name: "X"})
		if err != nil {
			t.Errorf("somebody else's key: %v, want it to be theirs", err)
		}
		_, err = b.Move(t.Context(), store.Ask{Caller: tom, Key: "k"}, bank.Order{Kind: bank.Deposit, To: "a", Amount: 1})
		wantCode(t, "another kind of request", err, bank.KeyReused)
		if got := b.balance(t, "b"); got != 25 {
			t.Errorf("balance of b = %d, want 25", got)
		}
	})
}

func TestRefusalIsReplayedToo(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		b.provide(t, "a", casey.Email, 10)
		b.provide(t, "b", "cody@acme.test", 0)
		ask := store.Ask{Caller: casey, Key: "k"}
		_, err := b.Move(t.Context(), ask, transfer("a", "b", 25))
		wantCode(t, "first", err, bank.Insufficient)
		b.must(t, tom, bank.Order{Kind: bank.Deposit, To: "a", Amount: 100})
		again, err := b.Move(t.Context(), ask, transfer("a", "b", 25))
		wantCode(t, "again, with money", err, bank.Insufficient)
		if !again.Replayed || b.balance(t, "a") != 110 {
			t.Errorf("replayed = %v, balance = %d, want a replay and 110", again.Replayed, b.balance(t, "a"))
		}
	})
}

func TestRefusalOfARoleDoesNotUseUpTheKey(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		b.provide(t, "a", casey.Email, 10)
		deposit := bank.Order{Kind: bank.Deposit, To: "a", Amount: 5}
		_, err := b.Move(t.Context(), store.Ask{Caller: casey, Key: "k"}, deposit)
		wantCode(t, "as a customer", err, bank.Forbidden)
		promoted := casey
		promoted.Teller = true
		if out, err := b.Move(t.Context(), store.Ask{Caller: promoted, Key: "k"}, deposit); err != nil || out.Replayed {
			t.Errorf("as a teller: replayed = %v, %v, want it done", out.Replayed, err)
		}
	})
}

func TestTidyForgetsOldKeysOnly(t *testing.T) {
	everywhere(t, func(t *testing.T, b books) {
		b.provide(t, "a", casey.Email, 100)
		b.provide(t, "b", "cody@acme.test", 0)
		ask := store.Ask{Caller: casey, Key: "k"}
		if _, err := b.Move(t.Context(), ask, transfer("a", "b", 1)); err != nil {
			t.Fatal(err)
		}
		b.clock.set(time.Date(2026, 3, 12, 10, 0, 0, 0, time.UTC))
		if err := b.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if again, err := b.Move(t.Context(), ask, transfer("a", "b", 1)); err != nil || !again.Replayed {
			t.Errorf("after two days: replayed = %v, %v, want a replay", again.Replayed, err)
		}
		b.clock.set(time.Date(2026, 3, 14, 10, 0, 0, 0, time.UTC))
		if err := b.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if again, err := b.Move(t.Context(), ask, transfer("a", "b", 1)); err != nil || again.Replayed {
			t.Errorf("after four days: replayed = %v, %v, want a new transfer", again.Replayed, err)
		}
	})
}

// checkSums checks that balances are what the entries add up to, and that the
// entries of a tenant add up to nothing.
func (b books) checkSums(t *testing.T) {
	t.Helper()
	problems, err := b.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
}
