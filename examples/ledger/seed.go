package main

import (
	"context"
	"time"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
	"github.com/berth-project/berth/examples/ledger/internal/store"
)

// demo is what seed adds: accounts of the development users of berth.yaml.
var demo = []struct {
	tenant   bank.Tenant
	accounts []bank.Account
}{
	{bank.Tenant{ID: "acme", Name: "Acme Credit Union", Currency: "USD"}, []bank.Account{
		{ID: "casey-checking", Name: "Checking", Owner: "casey@acme.test", Balance: 2_450_00},
		{ID: "casey-savings", Name: "Savings", Owner: "casey@acme.test", Balance: 10_000_00},
		{ID: "cody-checking", Name: "Checking", Owner: "cody@acme.test", Balance: 830_25},
		{ID: "dana-checking", Name: "Checking", Owner: "dana@example.test", Balance: 1_200_00},
	}},
	{bank.Tenant{ID: "zenith", Name: "Zenith Savings", Currency: "EUR"}, []bank.Account{
		{ID: "zoe-checking", Name: "Checking", Owner: "zoe@zenith.test", Balance: 3_300_00},
		{ID: "zoe-savings", Name: "Savings", Owner: "zoe@zenith.test", Balance: 7_500_00},
		{ID: "zack-checking", Name: "Checking", Owner: "zack@zenith.test", Balance: 95_10},
	}},
}

// seed adds the demo banks, with a first deposit into each account. What is
// there already it leaves alone.
func seed(ctx context.Context, st *store.Store, now time.Time) error {
	for _, d := range demo {
		if err := st.AddTenant(ctx, d.tenant); err != nil {
			return err
		}
		opener := bank.Caller{Tenant: d.tenant.ID, Email: "seed", Teller: true}
		for _, a := range d.accounts {
			a.Tenant, a.OpenedAt = d.tenant.ID, now
			if err := st.Provision(ctx, a); err != nil {
				return err
			}
			// The key makes the deposit once, even where an earlier seed was cut
			// short between the two steps or two of them run at once.
			first := bank.Order{Kind: bank.Deposit, To: a.ID, Amount: a.Balance, Memo: "First deposit"}
			there, err := st.Account(ctx, opener, a.ID)
			if err != nil {
				return err
			}
			if there.Entries > 0 {
				continue
			}
			if _, err := st.Move(ctx, store.Ask{Caller: opener, Key: "seed " + a.ID}, first); err != nil {
				return err
			}
		}
	}
	return nil
}
