package workflows

import (
	"slices"

	"github.com/berth-project/berth/compat/pop/object"
)

// executes reports, of an insight of POP's, whether Berth executes the operations of
// its agendas: its id or title is in the list, or "*" is.
func executes(list []string) func(*object.Insight) bool {
	return func(i *object.Insight) bool {
		return slices.Contains(list, "*") || slices.Contains(list, i.ID) || i.Title != "" && slices.Contains(list, i.Title)
	}
}
