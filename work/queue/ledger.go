package queue

// Ledger is what a queue remembers of its tenants. It holds one account per
// tenant that has runs or is still ahead of the others.
type Ledger struct {
	// Virtual is the virtual time of each class, Credit what the floor owes it.
	Virtual  []float64 `json:"virtual,omitempty"`
	Credit   []float64 `json:"credit,omitempty"`
	Accounts []Account `json:"accounts,omitempty"`
}

// Account is a tenant in a Ledger.
type Account struct {
	Tenant string    `json:"tenant"`
	Tags   []float64 `json:"tags"` // start tag in each class
	Used   float64   `json:"used,omitempty"`
	UsedAt int64     `json:"usedAt,omitempty"`
}
