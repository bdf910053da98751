package catalog

import (
	"slices"
	"strings"
)

// Key is a condition key.
type Key struct {
	// Name is the key as documented: "aws:SourceIp", "s3:prefix",
	// "aws:ResourceTag/${TagKey}".
	Name string
	// Type is what its values are.
	Type KeyType
	// Multi is set for keys that can have several values in one request.
	Multi bool
	// Category is of global keys what they are about: "principal", "network".
	Category string

	// A key whose name has a variable part is what stands before it and behind.
	head, tail string
	varies     bool
}

// Varies reports whether the name has a variable part, such as the key of a tag,
// for which a policy has to put something: "aws:ResourceTag/${TagKey}".
func (k Key) Varies() bool { return k.varies }

// Base returns the name up to its variable part: "aws:ResourceTag/".
func (k Key) Base() string { return k.head }

// KeyType is the type of the values of a condition key.
type KeyType uint8

// The types of keys.
const (
	StringKey KeyType = iota
	NumericKey
	BoolKey
	DateKey
	ARNKey
	IPKey
	BinaryKey
)

var keyTypeNames = [...]string{"String", "Numeric", "Bool", "Date", "ARN", "IPAddress", "Binary"}

// String returns the type's word.
func (t KeyType) String() string { return keyTypeNames[t] }

// MarshalText implements [encoding.TextMarshaler].
func (t KeyType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

func newKey(name, typ, category string) Key {
	k := Key{Name: name, Category: category}
	k.head, k.tail, k.varies = cutVariable(name)
	word, multi := strings.CutPrefix(typ, "ArrayOf")
	k.Multi = multi
	if i := slices.Index(keyTypeNames[:], word); i >= 0 {
		k.Type = KeyType(i)
	}
	return k
}

// cutVariable cuts the variable part out of a key's name, which references write
// in three ways: "${TagKey}", "<key>" and "tag-key".
func cutVariable(name string) (head, tail string, varies bool) {
	if head, rest, ok := strings.Cut(name, "${"); ok {
		_, tail, _ = strings.Cut(rest, "}")
		return head, tail, true
	}
	if head, _, ok := strings.Cut(name, "<"); ok && strings.HasSuffix(name, ">") {
		return head, "", true
	}
	if head, ok := strings.CutSuffix(name, "/tag-key"); ok {
		return head + "/", "", true
	}
	return name, "", false
}

// is reports whether key is this key, or one of the keys it stands for.
func (k Key) is(key string) bool { return stands(k.head, k.tail, k.varies, key) }

// stands reports whether key is head and tail with something in between, or head
// where nothing varies.
func stands(head, tail string, varies bool, key string) bool {
	if !varies {
		return equalFold(head, key)
	}
	n := len(key) - len(tail)
	return n > len(head) && equalFold(key[:len(head)], head) && equalFold(key[n:], tail)
}

// GlobalKey returns the global key ("aws:…") of a name, in any case and with
// any tag key.
func (c *Catalog) GlobalKey(name string) (Key, bool) { return findKey(c.global, name) }

// GlobalKeys returns all global keys.
func (c *Catalog) GlobalKeys() []Key { return c.global }

// Key returns the condition key of a name: a global one, or one of the service
// its prefix names.
func (c *Catalog) Key(name string) (Key, bool) {
	if k, ok := c.GlobalKey(name); ok {
		return k, true
	}
	prefix, _, ok := strings.Cut(name, ":")
	if !ok {
		return Key{}, false
	}
	if s, ok := c.Service(prefix); ok {
		if k, ok := findKey(s.Keys, name); ok {
			return k, true
		}
	}
	for _, s := range c.services { // keys of one service that others document, and keys of identity providers
		if k, ok := findKey(s.Keys, name); ok {
			return k, true
		}
	}
	return Key{}, false
}

func findKey(keys []Key, name string) (Key, bool) {
	i := slices.IndexFunc(keys, func(k Key) bool { return k.is(name) })
	if i < 0 {
		return Key{}, false
	}
	return keys[i], true
}

// Supports reports whether requests for the action can carry a key: whether it
// is a global key that requests of every service carry, or one that the
// reference lists for the action or for a resource it takes. Global keys about
// tags and other things that only some actions carry have to be listed.
func (c *Catalog) Supports(a *Action, key string) bool {
	return c.always(a, key) || slices.ContainsFunc(a.Resources, func(u Use) bool { return u.has(key) })
}

// SupportsOn is [Catalog.Supports] of requests about one type of resource.
func (c *Catalog) SupportsOn(a *Action, r *Resource, key string) bool {
	return c.always(a, key) || slices.ContainsFunc(a.Resources, func(u Use) bool { return u.Resource == r && u.has(key) })
}

// always reports whether requests for the action carry a key whatever they are
// about.
func (c *Catalog) always(a *Action, key string) bool {
	if k, ok := c.GlobalKey(key); ok && !listed(k) {
		return true
	}
	return has(a.Keys, key)
}

// has reports whether requests for the action about this resource carry a key.
func (u *Use) has(key string) bool { return has(u.Keys, key) || has(u.Resource.Keys, key) }

// listed reports whether a global key is carried only by requests whose action
// or resource lists it.
func listed(k Key) bool {
	return equalFold(k.head, "aws:ResourceTag/") || equalFold(k.head, "aws:RequestTag/") || equalFold(k.head, "aws:TagKeys")
}

func has(names []string, key string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		head, tail, varies := cutVariable(n)
		return stands(head, tail, varies, key)
	})
}
