package catalog

import (
	"slices"
	"strings"
	"sync"
)

// Catalog is what is known of all services. It is read only and safe for
// concurrent use; what its methods return is shared and must not be changed.
type Catalog struct {
	services []*Service
	prefixes []string
	global   []Key
	calls    []call
}

// Default returns the embedded catalogue. The first call unpacks it.
func Default() *Catalog { return unpacked() }

var unpacked = sync.OnceValue(unpack)

// Service is one service, by the prefix of its actions.
type Service struct {
	// Prefix is what its actions begin with: "s3".
	Prefix string
	// Name is for people: "Amazon S3".
	Name string
	// Actions are in order of their names without regard to case.
	Actions []*Action
	// Resources are the types of resources, in order of their names without
	// regard to case.
	Resources []*Resource
	// Keys are the condition keys of the service.
	Keys []Key

	formsOnce sync.Once // for the forms of the resources
}

// Access is what an action does, in the five levels of the vendor.
type Access uint8

// The access levels.
const (
	List Access = iota
	Read
	Write
	Tagging
	PermissionsManagement
)

var accessNames = [...]string{"List", "Read", "Write", "Tagging", "PermissionsManagement"}

// String returns the level's word.
func (a Access) String() string { return accessNames[a] }

// MarshalText implements [encoding.TextMarshaler].
func (a Access) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// ParseAccess returns the level of a word such as "Write", in any case.
func ParseAccess(word string) (Access, bool) {
	i := slices.IndexFunc(accessNames[:], func(name string) bool { return strings.EqualFold(name, word) })
	return Access(max(i, 0)), i >= 0
}

// Action is one thing a service can be asked to do.
type Action struct {
	// Service is the service it belongs to.
	Service *Service
	// Name is without the prefix: "GetObject".
	Name string
	// Access is its level.
	Access Access
	// Resources are the types of resources it takes; none for an action that is
	// allowed on "*" only.
	Resources []Use
	// Keys are the condition keys it has whatever the resource.
	Keys []string
	// Dependent are actions that it takes besides, such as iam:PassRole.
	Dependent []string
}

// Use is a type of resource that an action takes.
type Use struct {
	// Resource is the type.
	Resource *Resource
	// Required is set for a type without which the call is not made. Several
	// required types mean that the call is authorised once for each.
	Required bool
	// Keys are condition keys that come with this resource.
	Keys []string
	// Dependent are actions that this resource takes besides.
	Dependent []string
}

// FullName returns the action as policies have it: "s3:GetObject".
func (a *Action) FullName() string { return a.Service.Prefix + ":" + a.Name }

// StarOnly reports whether the action is allowed on "*" only.
func (a *Action) StarOnly() bool { return len(a.Resources) == 0 }

// NeedsResource reports whether the action always is about a resource: whether
// some type of resource is required.
func (a *Action) NeedsResource() bool {
	return slices.ContainsFunc(a.Resources, func(u Use) bool { return u.Required })
}

// Services returns every service whose actions are known, in order of their
// prefixes.
func (c *Catalog) Services() []*Service { return c.services }

// Service returns the service of a prefix, in any case. It reports false for
// one whose actions are not known; see [Catalog.KnownPrefix].
func (c *Catalog) Service(prefix string) (*Service, bool) {
	i, ok := search(c.services, prefix, func(s *Service) string { return s.Prefix })
	if !ok {
		return nil, false
	}
	return c.services[i], true
}

// KnownPrefix reports whether the vendor documents a service of this prefix,
// be its actions known here or not.
func (c *Catalog) KnownPrefix(prefix string) bool {
	_, ok := search(c.prefixes, prefix, func(p string) string { return p })
	return ok
}

// Prefixes returns the prefixes of all documented services, sorted.
func (c *Catalog) Prefixes() []string { return c.prefixes }

// Action returns the action of a name such as "s3:GetObject", in any case.
func (c *Catalog) Action(name string) (*Action, bool) {
	prefix, rest, ok := strings.Cut(name, ":")
	if !ok {
		return nil, false
	}
	s, ok := c.Service(prefix)
	if !ok {
		return nil, false
	}
	return s.Action(rest)
}

// Action returns the action of a name without the prefix, in any case.
func (s *Service) Action(name string) (*Action, bool) {
	i, ok := search(s.Actions, name, func(a *Action) string { return a.Name })
	if !ok {
		return nil, false
	}
	return s.Actions[i], true
}

// Resource returns the type of resource of a name such as "bucket", in any
// case.
func (s *Service) Resource(name string) (*Resource, bool) {
	i, ok := search(s.Resources, name, func(r *Resource) string { return r.Type })
	if !ok {
		return nil, false
	}
	return s.Resources[i], true
}
