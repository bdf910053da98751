package bank_test

import (
	"math"
	"strings"
	"testing"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
)

var (
	casey = bank.Caller{Tenant: "acme", Email: "casey@acme.test", Customer: true}
	tom   = bank.Caller{Tenant: "acme", Email: "tom@acme.test", Teller: true}
	mara  = bank.Caller{Tenant: "acme", Email: "mara@acme.test", Manager: true}
	zoe   = bank.Caller{Tenant: "zenith", Email: "casey@acme.test", Customer: true, Teller: true, Manager: true}
	// nobody belongs to the tenant without any role, and has no address.
	nobody = bank.Caller{Tenant: "acme"}
)

func account(id, owner string, balance bank.Amount) *bank.Account {
	return &bank.Account{Tenant: "acme", ID: id, Owner: owner, Balance: balance, Status: bank.Open}
}

func codeOf(err error) bank.Code {
	if r := bank.AsRefusal(err); r != nil {
		return r.Code
	}
	return ""
}

func TestApplyMovesTheAmount(t *testing.T) {
	t.Parallel()
	from, to := account("a", casey.Email, 500), account("b", "cody@acme.test", 10)
	if err := (bank.Order{Kind: bank.Transfer, From: "a", To: "b", Amount: 500}).Apply(casey, from, to); err != nil {
		t.Fatal(err)
	}
	if from.Balance != 0 || to.Balance != 510 {
		t.Errorf("balances = %d and %d, want 0 and 510", from.Balance, to.Balance)
	}
}

func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	cash := account(bank.CashAccount, "", -1000)
	own, other := *account("a", casey.Email, 500), *account("b", "cody@acme.test", 10)
	frozen, foreign, full := own, own, other
	frozen.Status, foreign.Tenant, full.Balance = bank.Frozen, "zenith", bank.MaxBalance
	spent := *cash
	spent.Balance = math.MinInt64 + 5
	move := bank.Order{Kind: bank.Transfer, From: "a", To: "b", Amount: 100}
	much := bank.Order{Kind: bank.Transfer, From: "a", To: "b", Amount: 501}
	deposit := bank.Order{Kind: bank.Deposit, To: "a", Amount: 100}
	withdrawal := bank.Order{Kind: bank.Withdrawal, From: "a", Amount: 100}
	for name, tc := range map[string]struct {
		order    bank.Order
		who      bank.Caller
		from, to bank.Account
		want     bank.Code
	}{
		"more than there is":          {much, casey, own, other, bank.Insufficient},
		"somebody else's money":       {move, casey, other, own, bank.NotFound},
		"teller transferring":         {move, tom, own, other, bank.Forbidden},
		"manager transferring":        {move, mara, own, other, bank.Forbidden},
		"from a frozen account":       {move, casey, frozen, other, bank.NotOpen},
		"to a frozen account":         {move, casey, own, frozen, bank.NotOpen},
		"into another tenant":         {move, casey, own, foreign, bank.NotFound},
		"same address, other tenant":  {move, zoe, own, other, bank.NotFound},
		"into a full account":         {move, casey, own, full, bank.Conflict},
		"customer depositing":         {deposit, casey, *cash, own, bank.Forbidden},
		"customer withdrawing":        {withdrawal, casey, own, *cash, bank.Forbidden},
		"nobody depositing":           {deposit, nobody, *cash, own, bank.Forbidden},
		"withdrawing more than is in": {bank.Order{Kind: bank.Withdrawal, From: "a", Amount: 501}, tom, own, *cash, bank.Insufficient},
		"cash past what a number is":  {deposit, tom, spent, own, bank.Insufficient},
	} {
		from, to := tc.from, tc.to
		if got := codeOf(tc.order.Apply(tc.who, &from, &to)); got != tc.want {
			t.Errorf("%s: Apply() = %q, want %q", name, got, tc.want)
		}
		if from != tc.from || to != tc.to {
			t.Errorf("%s: a refused order changed a balance", name)
		}
	}
}

func TestCheckRefusesOrders(t *testing.T) {
	t.Parallel()
	good := bank.Order{Kind: bank.Transfer, From: "a", To: "b", Amount: 1, Memo: "für Käse"}
	if err := good.Check(); err != nil {
		t.Fatalf("Check() = %v for a good order", err)
	}
	for name, change := range map[string]func(*bank.Order){
		"nothing":          func(o *bank.Order) { o.Amount = 0 },
		"negative":         func(o *bank.Order) { o.Amount = -100 },
		"least number":     func(o *bank.Order) { o.Amount = math.MinInt64 },
		"too much":         func(o *bank.Order) { o.Amount = bank.MaxAmount + 1 },
		"unknown kind":     func(o *bank.Order) { o.Kind = "gift" },
		"no kind":          func(o *bank.Order) { o.Kind = "" },
		"to itself":        func(o *bank.Order) { o.To = "a" },
		"from cash":        func(o *bank.Order) { o.From = bank.CashAccount },
		"to cash":          func(o *bank.Order) { o.To = bank.CashAccount },
		"no receiver":      func(o *bank.Order) { o.To = "" },
		"strange receiver": func(o *bank.Order) { o.To = "b' OR '1'='1" },
		"long receiver":    func(o *bank.Order) { o.To = strings.Repeat("b", 41) },
		"two lines":        func(o *bank.Order) { o.Memo = "a\nb" },
		"NUL":              func(o *bank.Order) { o.Memo = "a\x00" },
		"no text":          func(o *bank.Order) { o.Memo = "\xff" },
		"long memo":        func(o *bank.Order) { o.Memo = strings.Repeat("m", 141) },
		"deposit to cash":  func(o *bank.Order) { *o = bank.Order{Kind: bank.Deposit, To: bank.CashAccount, Amount: 1} },
		"withdraw cash":    func(o *bank.Order) { *o = bank.Order{Kind: bank.Withdrawal, From: bank.CashAccount, Amount: 1} },
	} {
		o := good
		change(&o)
		if err := o.Check(); bank.AsRefusal(err) == nil {
			t.Errorf("%s: Check(%+v) = %v, want a refusal", name, o, err)
		}
	}
}

func TestSeesAndMayPrint(t *testing.T) {
	t.Parallel()
	own, other, cash := *account("a", casey.Email, 0), *account("b", "cody@acme.test", 0), *account(bank.CashAccount, "", 0)
	for name, tc := range map[string]struct {
		who         bank.Caller
		account     bank.Account
		sees, print bool
	}{
		"customer, own":            {casey, own, true, true},
		"customer, somebody's":     {casey, other, false, false},
		"teller":                   {tom, own, true, false},
		"manager":                  {mara, own, true, true},
		"manager, cash":            {mara, cash, false, false},
		"manager of another":       {zoe, own, false, false},
		"no role":                  {nobody, own, false, false},
		"no role and no address":   {nobody, cash, false, false},
		"role without an address":  {bank.Caller{Tenant: "acme", Customer: true}, *account("x", "", 0), false, false},
		"owner without role there": {bank.Caller{Tenant: "acme", Email: casey.Email}, own, false, false},
	} {
		if got := tc.who.Sees(tc.account); got != tc.sees {
			t.Errorf("%s: Sees() = %v, want %v", name, got, tc.sees)
		}
		if got := tc.who.MayPrint(tc.account); got != tc.print {
			t.Errorf("%s: MayPrint() = %v, want %v", name, got, tc.print)
		}
	}
}

func TestCheckOpeningRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		who  bank.Caller
		in   bank.Opening
		want bank.Code
	}{
		"teller":          {tom, bank.Opening{Owner: "x@acme.test", Name: "Savings"}, ""},
		"customer":        {casey, bank.Opening{Owner: "x@acme.test", Name: "Savings"}, bank.Forbidden},
		"no owner":        {tom, bank.Opening{Name: "Savings"}, bank.Invalid},
		"no address":      {tom, bank.Opening{Owner: "casey", Name: "Savings"}, bank.Invalid},
		"name in address": {tom, bank.Opening{Owner: "C <x@acme.test>", Name: "Savings"}, bank.Invalid},
		"no name":         {tom, bank.Opening{Owner: "x@acme.test"}, bank.Invalid},
		"control bytes":   {tom, bank.Opening{Owner: "x@acme.test", Name: "a\x1bb"}, bank.Invalid},
	} {
		if got := codeOf(tc.who.CheckOpening(tc.in)); got != tc.want {
			t.Errorf("%s: CheckOpening() = %q, want %q", name, got, tc.want)
		}
	}
}
