package bank

import (
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Kind says what a movement is.
type Kind string

// The kinds of movements. There is no other: what is not listed is refused.
const (
	Deposit    Kind = "deposit"
	Withdrawal Kind = "withdrawal"
	Transfer   Kind = "transfer"
)

const (
	maxMemo = 140
	maxName = 60
	maxID   = 40
)

// Order asks for money to be moved.
type Order struct {
	Kind Kind `json:"kind"`
	// From is the account that pays; not given in a deposit.
	From string `json:"from"`
	// To is the account that receives; not given in a withdrawal.
	To     string `json:"to"`
	Amount Amount `json:"amount_cents"`
	Memo   string `json:"memo"`
}

// Receipt says that money was moved. It tells of the caller's side only.
type Receipt struct {
	Movement string    `json:"movement"`
	Kind     Kind      `json:"kind"`
	From     string    `json:"from,omitempty"`
	To       string    `json:"to,omitempty"`
	Amount   Amount    `json:"amount_cents"`
	Currency string    `json:"currency"`
	Memo     string    `json:"memo,omitempty"`
	Balance  Amount    `json:"balance_cents"` // of the account the caller asked about
	At       time.Time `json:"at"`
}

// Accounts returns the ids of the two accounts of the order, the tenant's cash
// where the customer's is the only one.
func (o Order) Accounts() (from, to string) {
	switch o.Kind {
	case Deposit:
		return CashAccount, o.To
	case Withdrawal:
		return o.From, CashAccount
	}
	return o.From, o.To
}

// Check refuses what is wrong with the order itself, whoever asks.
func (o Order) Check() error {
	from, to := o.Accounts()
	switch o.Kind {
	case Deposit, Withdrawal:
	case Transfer:
		if from == CashAccount || to == CashAccount {
			return RefuseUnknown("account")
		}
	default:
		return refuse(Invalid, "%q is not a kind of movement.", clip(string(o.Kind), 20))
	}
	if !plausibleID(from) || !plausibleID(to) {
		return RefuseUnknown("account")
	}
	if from == to {
		return refuse(Invalid, "The two accounts must differ.")
	}
	if err := o.Amount.Check(); err != nil {
		return err
	}
	if !oneLine(o.Memo, maxMemo) {
		return refuse(Invalid, "The memo must be one line of at most %d characters.", maxMemo)
	}
	return nil
}

// Apply decides the order about its two accounts, which are locked, and changes
// their balances. Nothing is changed where it refuses.
func (o Order) Apply(c Caller, from, to *Account) error {
	if err := o.permitted(c, *from, *to); err != nil {
		return err
	}
	if from.Status != Open || to.Status != Open {
		return refuse(NotOpen, "Money can only be moved between open accounts.")
	}
	left, ok := add(from.Balance, -o.Amount)
	if !ok || left < 0 && !from.Cash() {
		return refuse(Insufficient, "The balance does not cover this amount.")
	}
	sum, ok := add(to.Balance, o.Amount)
	if !ok || sum > MaxBalance && !to.Cash() {
		return refuse(Conflict, "The receiving account cannot hold this amount.")
	}
	from.Balance, to.Balance = left, sum
	return nil
}

// permitted looks at who asks. An account the caller may not know of is
// answered as if it were not there, but for the receiver of a transfer, whom
// the payer has to name.
func (o Order) permitted(c Caller, from, to Account) error {
	if from.Tenant != c.Tenant || to.Tenant != c.Tenant {
		return RefuseUnknown("account")
	}
	switch o.Kind {
	case Transfer:
		if !c.Sees(from) {
			return RefuseUnknown("account")
		}
		if !c.Owns(from) {
			return refuse(Forbidden, "Only the owner transfers money from an account.")
		}
	case Deposit, Withdrawal:
		if !c.Staff() {
			return refuse(Forbidden, "Only tellers and managers take and pay out cash.")
		}
	}
	return nil
}

// Opening asks for a new account.
type Opening struct {
	Owner string `json:"owner"`
	Name  string `json:"name"`
}

// Normalize brings the owner into the form the gateway names users in.
func (o Opening) Normalize() Opening {
	return Opening{Owner: strings.ToLower(strings.TrimSpace(o.Owner)), Name: strings.TrimSpace(o.Name)}
}

func (o Opening) check() error {
	at, err := mail.ParseAddress(o.Owner)
	if err != nil || at.Address != o.Owner || len(o.Owner) > 254 {
		return refuse(Invalid, "The owner must be the email address of a customer.")
	}
	if o.Name == "" || !oneLine(o.Name, maxName) {
		return refuse(Invalid, "The name must be one line of 1 to %d characters.", maxName)
	}
	return nil
}

func plausibleID(id string) bool {
	return id != "" && len(id) <= maxID && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// oneLine reports whether text is printable and fits.
func oneLine(text string, most int) bool {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > most {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}
