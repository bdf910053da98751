package pop

import (
	"fmt"
	"io"
	"iter"

	"github.com/berth-project/berth/compat/pop/dynamodb"
	"github.com/berth-project/berth/compat/pop/object"
)

// Export is one file of an exported table, as package dynamodb reads it.
type Export struct {
	// Name is what errors call it.
	Name string
	// Open opens it; it is read more than once.
	Open func() (io.ReadCloser, error)
}

// Tables are the exports of a deployment's tables; none of one that is not to be
// imported.
type Tables struct {
	Customers, Pools, Insights, Templates, Agendas, Progress, OperationProgress []Export
	// Ready is the waiting list. Without it no agenda that waits is queued.
	Ready []Export
}

// of returns the exports of the table of a kind of object.
func (t Tables) of(k object.Kind) []Export {
	switch k {
	case object.KindCustomer:
		return t.Customers
	case object.KindPool:
		return t.Pools
	case object.KindInsight:
		return t.Insights
	case object.KindTemplate:
		return t.Templates
	case object.KindAgenda:
		return t.Agendas
	case object.KindProgress:
		return t.Progress
	case object.KindOperationProgress:
		return t.OperationProgress
	}
	return nil
}

// kinds are those of the tables with objects, in the order in which they are
// imported.
func (t Tables) kinds() []object.Kind {
	return []object.Kind{
		object.KindPool, object.KindCustomer, object.KindInsight, object.KindTemplate,
		object.KindProgress, object.KindOperationProgress, object.KindAgenda,
	}
}

// entry is an item of a table with its place.
type entry[T any] struct {
	dynamodb.Item[T]
	file string
}

// entries reads the items of all files of a table. An [*dynamodb.ItemError] comes
// with its entry, and reading goes on; any other error is the last of its file.
func entries[T any](files []Export, read func(io.Reader) iter.Seq2[dynamodb.Item[T], error]) iter.Seq2[entry[T], error] {
	return func(yield func(entry[T], error) bool) {
		for _, f := range files {
			if !entriesOf(f, read, yield) {
				return
			}
		}
	}
}

func entriesOf[T any](f Export, read func(io.Reader) iter.Seq2[dynamodb.Item[T], error], yield func(entry[T], error) bool) (more bool) {
	r, err := f.Open()
	if err != nil {
		return yield(entry[T]{file: f.Name}, err)
	}
	defer r.Close() //nolint:errcheck // it was read
	for it, err := range read(r) {
		if !yield(entry[T]{it, f.Name}, err) {
			return false
		}
	}
	return true
}

// objects reads the objects of a table.
func (t Tables) objects(k object.Kind) iter.Seq2[entry[object.Object], error] {
	return entries(t.of(k), func(r io.Reader) iter.Seq2[dynamodb.Item[object.Object], error] { return dynamodb.Items(r, k) })
}

// waiting reads the waiting list.
func (t Tables) waiting() iter.Seq2[entry[*object.Ready], error] {
	return entries(t.Ready, dynamodb.ReadyItems)
}

// wrap says where an error is.
func (e entry[T]) wrap(err error) error {
	if e.Line > 0 {
		return fmt.Errorf("%s:%d: %w", e.file, e.Line, err)
	}
	return fmt.Errorf("%s: %w", e.file, err)
}
