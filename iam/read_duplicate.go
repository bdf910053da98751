package iam

import (
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// duplicates reports the members of an object that are there twice. Readers of
// JSON take one of the two, and not all the same; names of elements, operators
// and condition keys that differ only in case are mistaken for one another. So
// neither is ever tolerated. Path is the object's; it is empty for the document.
func (r *reader) duplicates(object *jsonsource.Node, path string) {
	members := object.Members
	if len(members) > 16 {
		r.manyDuplicates(members, path)
		return
	}
	for j := range members {
		for i := range j {
			if strings.EqualFold(members[i].Name, members[j].Name) {
				r.duplicate(&members[i], &members[j], path)
				break
			}
		}
	}
}

// manyDuplicates is duplicates for objects so large that comparing each with
// each takes long.
func (r *reader) manyDuplicates(members []jsonsource.Member, path string) {
	first := make(map[string]int, len(members))
	for j := range members {
		name := foldCase(members[j].Name)
		if i, ok := first[name]; ok {
			r.duplicate(&members[i], &members[j], path)
			continue
		}
		first[name] = j
	}
}

func (r *reader) duplicate(a, b *jsonsource.Member, path string) {
	at := r.nameSpan(a).Start
	f := fault{codeDuplicateKeys, "", "remove one of the two"}
	f.message = quoted(b.Name) + " is there twice, first at " + at.String()
	if a.Name != b.Name {
		f.code = codeKeysDifferInCase
		f.message = quoted(b.Name) + " and " + quoted(a.Name) + " at " + at.String() + " differ only in case"
	}
	r.refuse(f, joinPath(path, b.Name), r.nameSpan(b))
}

// hasTwin reports whether another member of the object has the same name but
// for case.
func hasTwin(object *jsonsource.Node, m *jsonsource.Member) bool {
	for i := range object.Members {
		if other := &object.Members[i]; other != m && strings.EqualFold(other.Name, m.Name) {
			return true
		}
	}
	return false
}

// foldCase returns one spelling for all that [strings.EqualFold] takes as equal.
func foldCase(s string) string { return strings.ToLower(strings.ToUpper(s)) }
