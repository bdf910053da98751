package synth

import (
	"strings"
	"testing"

	"github.com/berth-project/berth/iam/catalog"
)

// TestProfilesNameWhatExists holds the table of kinds to the service reference:
// the actions exist, and each is done with the form of the resource it is
// granted on.
func TestProfilesNameWhatExists(t *testing.T) {
	t.Parallel()
	for i := range kinds {
		k := &kinds[i]
		for _, access := range k.Accesses {
			for _, g := range access.grants {
				for _, name := range g.actions {
					a, ok := catalog.Default().Action(name)
					switch {
					case !ok:
						t.Errorf("%s %s: there is no action %s", k.Name, access.Word, name)
					case g.on == "*" && a.NeedsResource():
						t.Errorf("%s %s: %s is granted on * and takes a resource", k.Name, access.Word, name)
					case g.on != "*" && !a.Takes(sample(k, g.on)):
						t.Errorf("%s %s: %s is not done with %s", k.Name, access.Word, name, sample(k, g.on))
					}
				}
			}
		}
	}
}

// sample is a form of the resource with names in it.
func sample(k *Kind, form string) string {
	return fill(k.forms[form], map[string]string{
		"Partition": "aws", "Region": place.Region, "Account": place.Account, "Name": sampleNames[k.Name], "Prefix": "",
	})
}

var sampleNames = map[string]string{
	"bucket": "media", "bus": "orders", "container": "default", "database": "db-ABCDEFGHIJKL/app", "function": "resize", "image": "acme/app",
	"ingress": "sg-0123456789abcdef0", "key": "1234abcd-12ab-34cd-56ef-1234567890ab", "log": "/acme/app", "metric": "Acme/App",
	"parameter": "com/example", "queue": "jobs", "role": "team/deploy", "secret": "acme/db", "state-machine": "Orders", "stream": "clicks",
	"table": "surveys", "topic": "alerts", "trace": "default",
}

func TestKindsAreSortedAndComplete(t *testing.T) {
	t.Parallel()
	last := ""
	for i := range kinds {
		k := &kinds[i]
		if k.Name <= last {
			t.Errorf("kind %s comes after %s", k.Name, last)
		}
		last = k.Name
		if err := k.check(sampleNames[k.Name]); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
		if k.About == "" || k.help == "" || len(k.Accesses) == 0 {
			t.Errorf("kind %s is not described", k.Name)
		}
		for _, bad := range []string{"", "*", "a*b", "a?", "${aws:username}", "a b", "<name>", "a\"b", "ä", strings.Repeat("a", 2000)} {
			if err := k.check(bad); err == nil {
				t.Errorf("%s takes the name %q", k.Name, bad)
			}
		}
	}
}

func TestKindOfAnARN(t *testing.T) {
	t.Parallel()
	for i := range kinds {
		k := &kinds[i]
		if len(k.forms) == 0 {
			continue
		}
		id := sample(k, "self")
		kind, _, err := SplitResource(id)
		if err != nil || kind != k.Name {
			t.Errorf("SplitResource(%q) = %q, %v, want %q", id, kind, err, k.Name)
		}
	}
}
