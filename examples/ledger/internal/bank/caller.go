package bank

// Caller is somebody in one tenant. Everything the store does takes one, so
// that nothing is ever looked for outside of its tenant.
type Caller struct {
	// Tenant is the tenant's id.
	Tenant string
	// Email and Name are the caller's; accounts are owned by email address.
	Email, Name string
	// Customer, Teller and Manager are what the caller is in the tenant.
	Customer, Teller, Manager bool
	// Premium says that the tenant subscribes to statements as PDF.
	Premium bool
}

// Staff reports whether the caller works for the bank, and so sees all its
// accounts.
func (c Caller) Staff() bool { return c.Teller || c.Manager }

// Sees reports whether the caller may know of an account.
func (c Caller) Sees(a Account) bool {
	if a.Tenant != c.Tenant || a.Cash() {
		return false
	}
	return c.Staff() || c.Owns(a)
}

// Owns reports whether an account is the caller's own, as a customer.
func (c Caller) Owns(a Account) bool {
	return c.Customer && a.Tenant == c.Tenant && c.Email != "" && a.Owner == c.Email
}

// MayPrint reports whether the caller may have statements of an account.
func (c Caller) MayPrint(a Account) bool { return c.Manager && c.Sees(a) || c.Owns(a) }

// CheckOpening refuses an account that may not be opened.
func (c Caller) CheckOpening(o Opening) error {
	if !c.Staff() {
		return refuse(Forbidden, "Only tellers and managers open accounts.")
	}
	return o.check()
}

// CheckStatus refuses a change of an account's status. A manager freezes,
// unfreezes, and closes what is empty.
func (c Caller) CheckStatus(a Account, to Status) error {
	switch {
	case !c.Manager:
		return refuse(Forbidden, "Only managers freeze and close accounts.")
	case to != Open && to != Frozen && to != Closed:
		return refuse(Invalid, "The status must be open, frozen or closed.")
	case a.Status == Closed && to != Closed:
		return refuse(Conflict, "A closed account stays closed.")
	case to == Closed && a.Balance != 0:
		return refuse(Conflict, "An account can be closed when its balance is zero.")
	}
	return nil
}

// CheckAudit refuses the audit trail to all but managers.
func (c Caller) CheckAudit() error {
	if !c.Manager {
		return refuse(Forbidden, "Only managers read the audit trail.")
	}
	return nil
}
