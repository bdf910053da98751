package synth

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
)

// Kind is a kind of resource that needs can name.
type Kind struct {
	// Name is the word before the colon: "bucket".
	Name string
	// About says what it is.
	About string
	// Accesses are what can be done with it.
	Accesses []Access

	prefix string // the service prefix of its ARN
	// forms are the ARNs of the resource and its parts, with ${Name}, ${Prefix},
	// ${Partition}, ${Region} and ${Account}; "self" is the resource.
	forms map[string]string
	// id finds the name in the resource part of an ARN.
	id *regexp.Regexp
	// names is the grammar of names, most how many characters they have at the
	// most; help shows one.
	names *regexp.Regexp
	most  int
	help  string
	// rooted is set where names begin and end with a slash that their ARN leaves
	// out.
	rooted bool
	// crypt is the host by which KMS knows the service: "s3" for
	// s3.REGION.amazonaws.com. Empty: its data is not encrypted with keys of the
	// customer.
	crypt string
}

// Access is one word of what is done with a resource.
type Access struct {
	// Word is what a need says.
	Word string
	// About says what it permits.
	About string

	grants []grant
	// crypt is what the word takes of the key: "", "decrypt" or "encrypt".
	crypt string
}

// grant is actions on one form of a resource.
type grant struct {
	on      string // a key of Kind.forms; "*" for actions without a resource
	actions []string
	// when is the condition the grant carries, by name; see conditions.
	when string
}

// Kinds returns every kind of resource with its words, in order of names.
func Kinds() []Kind { return slices.Clone(kinds) }

// Words returns the words of a kind.
func (k *Kind) Words() []string {
	var words []string
	for _, a := range k.Accesses {
		words = append(words, a.Word)
	}
	return words
}

func kindNames() []string {
	var names []string
	for i := range kinds {
		names = append(names, kinds[i].Name)
	}
	return names
}

func lookUp(name string) *Kind {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return nil
	}
	return &kinds[i]
}

// kindOf returns the kind of the resource an ARN names; nil for none.
func kindOf(a arn.ARN) *Kind {
	for i := range kinds {
		if k := &kinds[i]; k.prefix == a.Service && k.id != nil && k.id.MatchString(a.Resource) {
			return k
		}
	}
	return nil
}

// plain returns the name as it stands in the ARN.
func (k *Kind) plain(name string) string {
	if k.rooted {
		return strings.Trim(name, "/")
	}
	return name
}

// check refuses a name that the service would not give to such a resource.
func (k *Kind) check(name string) error {
	if len(name) > k.most || !k.names.MatchString(name) {
		return fmt.Errorf("%q is not the name of a %s (%s)", name, k.Name, k.help)
	}
	return nil
}

// nameIn returns the name of the resource within its ARN.
func (k *Kind) nameIn(a arn.ARN) string {
	m := k.id.FindStringSubmatch(a.Resource)
	if m == nil {
		return ""
	}
	return m[1]
}

// fill writes a form out for a resource.
func fill(form string, values map[string]string) string {
	pairs := make([]string, 0, 2*len(values))
	for k, v := range values {
		pairs = append(pairs, "${"+k+"}", v)
	}
	return strings.NewReplacer(pairs...).Replace(form)
}
