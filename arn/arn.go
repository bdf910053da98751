package arn

import (
	"fmt"
	"strings"
)

// MaxLength is the longest text [Parse] reads, in bytes. The longest names in
// use (an S3 object's) stay below it.
const MaxLength = 2048

// ARN is a resource's name, taken apart.
type ARN struct {
	// Partition is a group of regions with its own accounts: "aws", "aws-cn".
	Partition string
	// Service is the service's namespace, mostly its action prefix: "s3".
	Service string
	// Region is empty for resources that belong to no region.
	Region string
	// Account is the owner's 12 digits, "aws" for resources of the vendor, or
	// empty for resources whose name is unique by itself.
	Account string
	// Resource is everything behind the fifth colon, colons included.
	Resource string
}

// Parse takes the text of an ARN apart. It checks the form and not whether the
// partition, the region or the account can exist: see [Check]. Region and
// account may be empty; the error names what is missing.
func Parse(s string) (ARN, error) {
	if len(s) > MaxLength {
		return ARN{}, fmt.Errorf("arn of %d bytes is longer than %d", len(s), MaxLength)
	}
	parts, n := Split(s)
	if parts[0] != "arn" {
		return ARN{}, fmt.Errorf("%q does not begin with \"arn:\": write arn:partition:service:region:account:resource", clip(s))
	}
	a := ARN{Partition: parts[1], Service: parts[2], Region: parts[3], Account: parts[4], Resource: parts[5]}
	if n < len(parts) {
		return ARN{}, fmt.Errorf("arn %q ends before its %s: write arn:partition:service:region:account:resource", clip(s), Component(n))
	}
	for _, c := range []struct {
		part Component
		text string
	}{{PartitionComponent, a.Partition}, {ServiceComponent, a.Service}, {ResourceComponent, a.Resource}} {
		if c.text == "" {
			return ARN{}, fmt.Errorf("arn %q has an empty %s", clip(s), c.part)
		}
	}
	return a, nil
}

// clip shortens hostile text for a message.
func clip(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

// Component is one of the six parts of an ARN.
type Component int

// The components, in their order.
const (
	PrefixComponent Component = iota
	PartitionComponent
	ServiceComponent
	RegionComponent
	AccountComponent
	ResourceComponent
)

// String returns the component's name in messages: "region".
func (c Component) String() string {
	return [...]string{"prefix", "partition", "service", "region", "account", "resource"}[c]
}

// Split cuts s at its first five colons. n is how many of the six components
// are there; those that are not are empty.
func Split(s string) (parts [6]string, n int) {
	for n = range parts[:5] {
		i := strings.IndexByte(s, ':')
		if i < 0 {
			break
		}
		parts[n], s = s[:i], s[i+1:]
		if n == 4 {
			n++
			break
		}
	}
	parts[n] = s
	return parts, n + 1
}

// String returns the ARN as text; [Parse] reads it back.
func (a ARN) String() string {
	return "arn:" + a.Partition + ":" + a.Service + ":" + a.Region + ":" + a.Account + ":" + a.Resource
}

// IsZero reports whether a is the zero value, which names nothing.
func (a ARN) IsZero() bool { return a == ARN{} }

// ResourceType returns what stands before the first "/" or ":" of the resource
// part: "role" of "role/path/name", "function" of "function:name". It is empty
// where there is neither, as for a queue, and a "/" in front is no separator.
//
// It is the form and not the meaning: of an S3 object it is the bucket.
func (a ARN) ResourceType() string {
	typ, _ := a.cutResource()
	return typ
}

// ResourceID returns what stands behind the type: "path/name" of
// "role/path/name". Without a type it is the whole resource part.
func (a ARN) ResourceID() string {
	_, id := a.cutResource()
	return id
}

func (a ARN) cutResource() (typ, id string) {
	rest := strings.TrimPrefix(a.Resource, "/")
	i := strings.IndexAny(rest, "/:")
	if i < 0 {
		return "", rest
	}
	return rest[:i], rest[i+1:]
}

// Name returns what stands behind the last "/" or ":" of the resource part:
// "name" of "role/path/name".
func (a ARN) Name() string {
	return a.Resource[strings.LastIndexAny(a.Resource, "/:")+1:]
}

// MarshalText implements [encoding.TextMarshaler]. The zero value is empty.
func (a ARN) MarshalText() ([]byte, error) {
	if a.IsZero() {
		return nil, nil
	}
	return []byte(a.String()), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler] with [Parse]. An empty
// text is the zero value.
func (a *ARN) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = ARN{}
		return nil
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}
