package catalog

import "strings"

// Permission is an action that an SDK call takes.
type Permission struct {
	// Action is the action: "s3:ListBucket".
	Action string
	// Template is the ARN it is on, with the call's parameters as variables:
	// "arn:${Partition}:s3:::${Bucket}". "*" for none; empty where the reference
	// of the action has to say.
	Template string
	// When is the parameter, or the circumstance in words, without which the call
	// does not take the action. Empty: always.
	When string
}

// call is an SDK call that does not simply take the action of its own name.
type call struct {
	name        string
	permissions []Permission
	free        bool // it takes no permission
}

// Call returns the permissions of an SDK call such as "S3.ListObjectsV2", in any
// case. Most calls take the action of their own name; the catalogue lists those
// that do not. free is set for calls that take no permission. ok is false where
// nothing is known.
func (c *Catalog) Call(name string) (permissions []Permission, free, ok bool) {
	if known, ok := c.listed(name); ok {
		return known.permissions, known.free, true
	}
	service, operation, found := strings.Cut(name, ".")
	if !found {
		return nil, false, false
	}
	prefix := PrefixOf(service)
	for _, p := range []string{prefix, olderPrefix[prefix]} {
		for _, o := range []string{operation, withoutVersion(operation)} {
			if a, found := c.Action(p + ":" + o); found {
				return []Permission{{Action: a.FullName()}}, false, true
			}
		}
	}
	return nil, false, false
}

// olderPrefix are services whose calls partly take actions of an older prefix.
var olderPrefix = map[string]string{"opensearch": "es"}

// listed returns what the map of calls has for a name.
func (c *Catalog) listed(name string) (call, bool) {
	i, ok := search(c.calls, name, func(k call) string { return k.name })
	if !ok {
		return call{}, false
	}
	return c.calls[i], true
}

// withoutVersion cuts the version of an API off an operation, which trails keep
// for some services: "GetFunction20150331v2", "GetDistribution2020_05_31".
func withoutVersion(operation string) string {
	name := strings.TrimRight(operation, "v0123456789_")
	if len(operation)-len(name) < len("20150331") {
		return operation
	}
	return name
}

// Calls returns the names of the calls whose permissions are listed, in order
// without regard to case.
func (c *Catalog) Calls() []string {
	var names []string
	for _, k := range c.calls {
		if !k.free {
			names = append(names, k.name)
		}
	}
	return names
}
