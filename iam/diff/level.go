package diff

import (
	"fmt"
	"strings"

	"github.com/berth-project/berth/iam/catalog"
)

// Levels counts actions by their access level.
type Levels struct {
	List                  int `json:"list,omitempty"`
	Read                  int `json:"read,omitempty"`
	Tagging               int `json:"tagging,omitempty"`
	Write                 int `json:"write,omitempty"`
	PermissionsManagement int `json:"permissionsManagement,omitempty"`
	// Unlisted counts actions that policies name and the catalogue does not have.
	Unlisted int `json:"unlisted,omitempty"`
}

func (l *Levels) add(a catalog.Access) {
	switch a {
	case catalog.List:
		l.List++
	case catalog.Read:
		l.Read++
	case catalog.Tagging:
		l.Tagging++
	case catalog.Write:
		l.Write++
	case catalog.PermissionsManagement:
		l.PermissionsManagement++
	}
}

// Of returns the count of a level.
func (l Levels) Of(a catalog.Access) int {
	return [...]int{
		catalog.List: l.List, catalog.Read: l.Read, catalog.Tagging: l.Tagging,
		catalog.Write: l.Write, catalog.PermissionsManagement: l.PermissionsManagement,
	}[a]
}

// Total returns how many actions are counted.
func (l Levels) Total() int {
	return l.List + l.Read + l.Tagging + l.Write + l.PermissionsManagement + l.Unlisted
}

// String returns the counts from the gravest level to the mildest: "1
// PermissionsManagement, 3 Write"; nothing where there are none.
func (l Levels) String() string {
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	for _, a := range gravest {
		add(l.Of(a), a.String())
	}
	add(l.Unlisted, "unlisted")
	return strings.Join(parts, ", ")
}

// gravest are the levels in the order in which they matter.
var gravest = []catalog.Access{catalog.PermissionsManagement, catalog.Write, catalog.Tagging, catalog.Read, catalog.List}
