// Package bank holds the rules of the ledger: what an account is, who may see
// it, and when money may move. It does no I/O; package store calls it with
// accounts that are locked, so that what it decides still holds when it is
// written.
//
// Money is a whole number of cents. Every movement takes an amount from one
// account and gives it to another, so that the entries of a tenant always add
// up to nothing: the other side of a deposit or a withdrawal is the tenant's
// cash account, the only one that may be below zero.
package bank

import "time"

// CashAccount is the id of each tenant's cash account. Nobody can name it in an
// order.
const CashAccount = "cash"

// Tenant is one bank.
type Tenant struct {
	ID, Name string
	// Currency is that of all its accounts, as in ISO 4217.
	Currency string
}

// Status says what an account can take part in.
type Status string

// The states of an account. A frozen one may be opened again, a closed one is
// closed for good.
const (
	Open   Status = "open"
	Frozen Status = "frozen"
	Closed Status = "closed"
)

// Account is one customer's account, or a tenant's cash.
type Account struct {
	Tenant   string    `json:"tenant"`
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Owner    string    `json:"owner"` // the email address of the customer; "" for cash
	Currency string    `json:"currency"`
	Balance  Amount    `json:"balance_cents"`
	Status   Status    `json:"status"`
	OpenedAt time.Time `json:"opened_at"`
	// Entries is how many entries it has; the last one has this number.
	Entries int64 `json:"entries"`
}

// Cash reports whether this is the tenant's own account.
func (a Account) Cash() bool { return a.ID == CashAccount }

// Entry is one line of an account.
type Entry struct {
	Number   int64     `json:"number"` // 1 for the first of the account
	Movement string    `json:"movement"`
	Kind     Kind      `json:"kind"`
	Change   Amount    `json:"change_cents"`
	Balance  Amount    `json:"balance_cents"` // after the entry
	Other    string    `json:"other"`         // the account on the other side
	Memo     string    `json:"memo,omitempty"`
	At       time.Time `json:"at"`
}

// Statement is what happened on an account in one month (UTC).
type Statement struct {
	Tenant           Tenant
	Account          Account
	Month            time.Time // its first instant
	Opening, Closing Amount
	Entries          []Entry // oldest first
}

// AuditLine is one thing somebody did.
type AuditLine struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Action  string    `json:"action"`
	Account string    `json:"account"`
	Detail  string    `json:"detail"`
}
