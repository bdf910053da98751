package synth

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
)

// Need is what a program does with one resource.
type Need struct {
	// Resource is "KIND:NAME", such as "queue:jobs", or an ARN.
	Resource string
	// Access are the words of the kind ("read"), or actions ("sqs:SendMessage").
	Access []string
	// Name is the resource's name in the cloud where it is not the one in
	// Resource. It may be an ARN.
	Name string
	// Prefix narrows a bucket to the objects whose key begins with it.
	Prefix string
	// Key is the ARN of the customer's KMS key the resource is encrypted with;
	// empty where the service's own key is used.
	Key string
	// Service is the service principal a passed role is handed to:
	// "ecs-tasks.amazonaws.com".
	Service string
	// At says where the need stands, for messages and Sids nobody reads twice:
	// "berth.yaml:12:5".
	At string
}

// Place is where resources are that are not named by a whole ARN.
type Place struct {
	// Partition is "aws" where empty.
	Partition string
	Region    string
	// Account is the 12-digit account.
	Account string
}

// limits of a list of needs.
const (
	maxNeeds  = 2000
	maxAccess = 64
	maxName   = 1024
)

// target is the resource of a need, taken apart.
type target struct {
	kind *Kind
	// name is the name in the cloud, empty when id is set.
	name string
	// id is the resource's ARN where the need gives it.
	id arn.ARN
}

// SplitResource takes "KIND:NAME" apart. For an ARN it returns the kind that
// the ARN is of, or an empty one where no kind is.
func SplitResource(s string) (kind, name string, err error) {
	if len(s) > maxName {
		return "", "", fmt.Errorf("a resource has at most %d characters", maxName)
	}
	if strings.HasPrefix(s, "arn:") {
		a, err := arn.Parse(s)
		if err != nil {
			return "", "", err
		}
		if k := kindOf(a); k != nil {
			return k.Name, s, nil
		}
		return "", s, nil
	}
	kind, name, ok := strings.Cut(s, ":")
	if !ok || name == "" {
		return "", "", fmt.Errorf("%q is neither KIND:NAME nor an ARN (kinds: %s)", s, strings.Join(kindNames(), ", "))
	}
	if lookUp(kind) == nil {
		return "", "", fmt.Errorf("%q is not a kind of resource (kinds: %s)", kind, strings.Join(kindNames(), ", "))
	}
	return kind, name, nil
}

// Validate reports what is wrong with a need that no place could mend: the
// form of the resource, words the kind does not have, fields that it does not
// take.
func (n Need) Validate() error {
	t, err := n.target()
	if err != nil {
		return err
	}
	if len(n.Access) == 0 {
		return fmt.Errorf("%s: nothing is done with it (%s)", n.Resource, t.words())
	}
	if len(n.Access) > maxAccess {
		return fmt.Errorf("%s: more than %d words", n.Resource, maxAccess)
	}
	for _, word := range n.Access {
		if _, err := t.grants(word); err != nil {
			return fmt.Errorf("%s: %w", n.Resource, err)
		}
	}
	return n.checkFields(t)
}

func (n Need) target() (target, error) {
	kind, name, err := SplitResource(n.Resource)
	if err != nil {
		return target{}, err
	}
	t := target{kind: lookUp(kind), name: name}
	if n.Name != "" {
		t.name = n.Name
	}
	if strings.HasPrefix(t.name, "arn:") {
		if t.id, err = arn.Parse(t.name); err != nil {
			return target{}, fmt.Errorf("%s: %w", n.Resource, err)
		}
		if k := kindOf(t.id); t.kind != nil && k != t.kind {
			return target{}, fmt.Errorf("%s: %s is not the ARN of a %s", n.Resource, t.name, t.kind.Name)
		}
		t.name = ""
	}
	if t.kind == nil && t.id == (arn.ARN{}) {
		return target{}, fmt.Errorf("%s: a resource without a kind needs its ARN", n.Resource)
	}
	if t.kind != nil && t.name != "" {
		if err := t.kind.check(t.name); err != nil {
			return target{}, fmt.Errorf("%s: %w", n.Resource, err)
		}
	}
	return t, nil
}

// checkFields refuses what the kind has no use for, so that nothing in a need
// is silently without effect.
func (n Need) checkFields(t target) error {
	is := func(kinds ...string) bool { return t.kind != nil && slices.Contains(kinds, t.kind.Name) }
	switch {
	case n.Prefix != "" && !is("bucket"):
		return fmt.Errorf("%s: only a bucket takes a prefix", n.Resource)
	case strings.ContainsAny(n.Prefix, "*?$"):
		return fmt.Errorf("%s: a prefix is text, without * ? and $", n.Resource)
	case n.Key != "" && (t.kind == nil || t.kind.crypt == ""):
		return fmt.Errorf("%s: a key has no meaning for it", n.Resource)
	case n.Service != "" && (!is("role") || !slices.Contains(n.Access, "pass")):
		return fmt.Errorf("%s: only a role that is passed names a service", n.Resource)
	case is("role") && slices.Contains(n.Access, "pass") && n.Service == "":
		return fmt.Errorf("%s: a role that is passed needs the service it is passed to, such as ecs-tasks.amazonaws.com", n.Resource)
	}
	if n.Key != "" {
		a, err := arn.Parse(n.Key)
		if err != nil || a.Service != "kms" || !strings.HasPrefix(a.Resource, "key/") || strings.ContainsAny(n.Key, "*?$") {
			return fmt.Errorf("%s: the key %q is not the ARN of a KMS key (policies cannot name an alias)", n.Resource, n.Key)
		}
	}
	return nil
}

// words names what can be done with the target.
func (t target) words() string {
	if t.kind == nil {
		return "words: " + strings.Join(levelWords(), ", ")
	}
	return "words: " + strings.Join(t.kind.Words(), ", ")
}
