package pop

import (
	"errors"
	"slices"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/work/api"
)

// Action is something that a caller may do for a customer.
type Action string

// The actions.
const (
	Read   Action = "read"   // see its objects
	Submit Action = "submit" // submit agendas, and change them
	Rerun  Action = "rerun"  // run agendas again
	Cancel Action = "cancel" // delete agendas
	Manage Action = "manage" // templates, insights, pools and the customer itself
	Pull   Action = "pull"   // take agendas from the customer's insights
	Report Action = "report" // tell the progress of agendas of those insights
)

// ErrUnauthorized is what [Config.Identify] answers for a request that is nobody's.
var ErrUnauthorized = errors.New("no valid credentials")

// Caller is who asks.
type Caller struct {
	// Name is for histories and logs.
	Name string
	// Global callers may do everything for all customers.
	Global bool
	// Customers holds what the caller may do for each customer. POP's own
	// accounts may do everything: see [Account].
	Customers map[string][]Action
	// Pools are those the caller works for, by their names in Berth
	// ([translate.ObjectName]): it may pull and report agendas of their insights.
	Pools []string
}

// Account is what POP lets an account do for its customer.
func Account() []Action { return []Action{Read, Submit, Rerun, Cancel, Manage, Pull, Report} }

// FromPOP makes a caller of what POP's authorizer tells of one.
func FromPOP(userID, userName, accounts, isSuperUser string) *Caller {
	p := object.ParseCaller(userID, userName, accounts, isSuperUser)
	c := &Caller{Name: p.Name, Global: p.Global, Customers: map[string][]Action{}}
	for _, customer := range p.Customers {
		c.Customers[customer] = Account()
	}
	return c
}

// FromAPI makes a caller of one of Berth's own API.
func FromAPI(c *api.Caller) *Caller {
	words := map[api.Action][]Action{
		api.Read: {Read}, api.Submit: {Submit}, api.Rerun: {Rerun}, api.Cancel: {Cancel}, api.Define: {Manage},
		api.Pull: {Pull}, api.Report: {Report}, api.Admin: Account(),
	}
	p := &Caller{Name: c.Name, Global: c.Admin, Pools: c.Pools, Customers: map[string][]Action{}}
	for tenant, actions := range c.Tenants {
		for _, a := range actions {
			p.Customers[tenant] = append(p.Customers[tenant], words[a]...)
		}
	}
	return p
}

// as returns the caller with the customers an action is allowed for.
func (c *Caller) as(a Action) object.Caller {
	p := object.Caller{Name: c.Name, Global: c.Global}
	for customer, actions := range c.Customers {
		if slices.Contains(actions, a) {
			p.Customers = append(p.Customers, customer)
		}
	}
	slices.Sort(p.Customers)
	return p
}

// may reports whether an action is allowed for a customer.
func (c *Caller) may(a Action, customerID string) bool { return c.as(a).Owns(customerID) }

// works reports whether the caller may pull, or report, agendas of an insight: as
// one who works for its pool, or who may do so for its customer.
func (c *Caller) works(a Action, i *object.Insight) bool {
	return c.may(a, i.CustomerID) || i.ResourcePoolID != "" && slices.Contains(c.Pools, translate.ObjectName(i.ResourcePoolID))
}
