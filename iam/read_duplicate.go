package iam

import (
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// twins are the members of an object that another has the name of, but for
// case. It is nil where there are none, as is usual.
type twins map[*jsonsource.Member]bool

// duplicates reports the members of an object that are there twice, and returns
// them with those they repeat. Readers of JSON take one of the two, and not all
// the same; names of elements, operators and condition keys that differ only in
// case are mistaken for one another. So neither is ever tolerated. Path is the
// object's; it is empty for the document.
func (r *reader) duplicates(object *jsonsource.Node, path func() string) twins {
	var found twins
	report := func(first, second *jsonsource.Member) {
		r.duplicate(first, second, path())
		if found == nil {
			found = twins{}
		}
		found[first], found[second] = true, true
	}
	if members := object.Members; len(members) <= 16 {
		compareEach(members, report)
	} else {
		compareMany(members, report)
	}
	return found
}

// compareEach compares each member with each, which is quick for a few.
func compareEach(members []jsonsource.Member, report func(first, second *jsonsource.Member)) {
	for j := range members {
		for i := range j {
			if strings.EqualFold(members[i].Name, members[j].Name) {
				report(&members[i], &members[j])
				break
			}
		}
	}
}

func compareMany(members []jsonsource.Member, report func(first, second *jsonsource.Member)) {
	seen := make(map[string]int, len(members))
	for j := range members {
		name := foldCase(members[j].Name)
		if i, ok := seen[name]; ok {
			report(&members[i], &members[j])
			continue
		}
		seen[name] = j
	}
}

func (r *reader) duplicate(first, second *jsonsource.Member, path string) {
	at := r.nameSpan(first).Start
	f := fault{codeDuplicateKeys, quoted(second.Name) + " is there twice, first at " + at.String(), "remove one of the two"}
	if first.Name != second.Name {
		f.code = codeKeysDifferInCase
		f.message = quoted(second.Name) + " and " + quoted(first.Name) + " at " + at.String() + " differ only in case"
	}
	r.refuse(f, joinPath(path, second.Name), r.nameSpan(second))
}

// foldCase returns one spelling for all that [strings.EqualFold] takes as equal.
func foldCase(s string) string { return strings.ToLower(strings.ToUpper(s)) }
