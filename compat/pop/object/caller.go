package object

import (
	"slices"
	"strings"
)

// Caller is who asks.
type Caller struct {
	// ID and Name are for logs.
	ID, Name string
	// Customers are those the caller may act for.
	Customers []string
	// Global callers may act for all.
	Global bool
}

// ParseCaller makes a caller of what the original's authorizer tells: accounts
// between "|", of which "*" stands for all, and whether it is a super user.
func ParseCaller(userID, userName, accounts, isSuperUser string) Caller {
	c := Caller{ID: userID, Name: userName, Global: isSuperUser == "true"}
	for account := range strings.SplitSeq(accounts, "|") {
		switch account {
		case "":
		case "*":
			c.Global = true
		default:
			c.Customers = append(c.Customers, account)
		}
	}
	return c
}

// Owns reports whether the caller may act for a customer, and so change its
// objects.
func (c Caller) Owns(customerID string) bool {
	return c.Global || customerID != "" && slices.Contains(c.Customers, customerID)
}

// Reads reports whether the caller may see an object: as its customer or, where
// objects of the kind can be shared, as one it is shared with.
func (c Caller) Reads(o Object) bool {
	if c.Owns(o.Head().CustomerID) {
		return true
	}
	shared, ok := o.(interface{ sharing() *Sharing })
	if !ok {
		return false
	}
	s := shared.sharing()
	return s.IsGlobal || slices.ContainsFunc(c.Customers, func(customer string) bool {
		return slices.Contains(s.AllowedCustomerIDs, strings.ToLower(customer))
	})
}
