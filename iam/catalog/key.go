package catalog

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/internal/glob"
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

	pattern string // Name with "*" for its variable part, in lower case
}

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
	k := Key{Name: name, Category: category, pattern: strings.ToLower(keyPattern(name))}
	word, multi := strings.CutPrefix(typ, "ArrayOf")
	k.Multi = multi
	if i := slices.Index(keyTypeNames[:], word); i >= 0 {
		k.Type = KeyType(i)
	}
	return k
}

// keyPattern replaces the variable part of a key, which references write in
// three ways: "${TagKey}", "<key>" and "tag-key".
func keyPattern(name string) string {
	name = variable.ReplaceAllString(name, "*")
	if i := strings.IndexByte(name, '<'); i >= 0 && strings.HasSuffix(name, ">") {
		name = name[:i] + "*"
	}
	if base, ok := strings.CutSuffix(name, "/tag-key"); ok {
		name = base + "/*"
	}
	return name
}

// is reports whether key is this key, or one of the keys it stands for.
func (k Key) is(key string) bool {
	if glob.Literal(k.pattern) {
		return strings.EqualFold(k.pattern, key)
	}
	// The part that varies is not empty.
	base, _, _ := strings.Cut(k.pattern, "*")
	return len(key) > len(base) && glob.MatchFold(k.pattern, key)
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
	if k, ok := c.GlobalKey(key); ok && !listed(k) {
		return true
	}
	if has(a.Keys, key) {
		return true
	}
	for _, u := range a.Resources {
		if has(u.Keys, key) || has(u.Resource.Keys, key) {
			return true
		}
	}
	return false
}

// listed reports whether a global key is carried only by requests whose action
// or resource lists it.
func listed(k Key) bool {
	base, _, _ := strings.Cut(k.pattern, "*")
	return base == "aws:resourcetag/" || base == "aws:requesttag/" || k.pattern == "aws:tagkeys"
}

func has(names []string, key string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return newKey(n, "", "").is(key) })
}
