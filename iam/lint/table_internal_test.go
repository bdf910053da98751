package lint

import (
	"slices"
	"strings"
	"testing"

	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/iam/internal/stranger"
)

// A name in a table that no action has would never be found in a policy, and
// nobody would notice. Of services without details in the catalogue only the
// prefix can be checked.
func TestTablesNameActionsThatExist(t *testing.T) {
	t.Parallel()
	tables := map[string][]string{
		"policyWriters": policyWriters, "aclWriters": aclWriters, "credentialActions": credentialActions, "dataReaders": dataReaders,
		"runners": runners, "networkOpeners": networkOpeners, "itemDeletes": itemDeletes,
	}
	for _, w := range escalationWays {
		for _, n := range w.needs {
			tables[w.how] = append(tables[w.how], n.actions...)
		}
	}
	for _, g := range gapTable {
		tables[g.code] = append(tables[g.code], append(g.has, g.lacks)...)
	}
	for _, j := range jobs {
		tables[j.what] = append(j.one, j.other...)
	}
	for table, names := range tables {
		for _, name := range names {
			prefix, _, _ := strings.Cut(name, ":")
			_, details := catalog.Default().Service(prefix)
			switch a, ok := catalog.Default().Action(name); {
			case !details && !catalog.Default().KnownPrefix(prefix):
				t.Errorf("%s: there is no service %s", table, prefix)
			case details && !ok:
				t.Errorf("%s: there is no action %s", table, name)
			case ok && a.FullName() != name:
				t.Errorf("%s: %s is written %s", table, name, a.FullName())
			}
		}
	}
}

func TestGuardsAreKeysOfTheirActions(t *testing.T) {
	t.Parallel()
	for name, key := range networkGuards {
		if a, ok := catalog.Default().Action(name); !ok || !catalog.Default().Supports(a, key) {
			t.Errorf("%s has no %s", name, key)
		}
	}
	for key := range guardKeys {
		if _, ok := catalog.Default().Key(key); !ok {
			t.Errorf("there is no key %s", key)
		}
	}
	for _, key := range stranger.Keys() {
		if _, ok := catalog.Default().Key(key); !ok && !slices.Contains([]string{"aws:sourceowner"}, key) {
			t.Errorf("there is no key %s", key)
		}
	}
}

// Identifiers are told apart from names by the types the catalogue has.
func TestTypesWithIdentifiersExist(t *testing.T) {
	t.Parallel()
	ec2, _ := catalog.Default().Service("ec2")
	for typ := range ec2IDs {
		if !slices.ContainsFunc(ec2.Resources, func(r *catalog.Resource) bool { return strings.Contains(r.Template, ":"+typ+"/${") }) {
			t.Errorf("ec2 has no ARN with %s/", typ)
		}
	}
	for _, f := range idForms {
		s, ok := catalog.Default().Service(f.service)
		prefix := strings.TrimSuffix(f.prefix, "mrk-")
		if !ok || !slices.ContainsFunc(s.Resources, func(r *catalog.Resource) bool { return strings.Contains(r.Template, ":"+prefix+"${") }) {
			t.Errorf("%s has no ARN with %s", f.service, f.prefix)
		}
	}
}
