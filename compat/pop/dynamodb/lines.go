package dynamodb

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/berth-project/berth/compat/pop/internal/field"
)

// ItemError says which item of an export is wrong, where it is and why. Reading can
// go on behind it.
type ItemError struct {
	// Item counts from 1, as Line does, which is where the item begins.
	Item, Line int
	// ID is the item's, "" where it cannot be told.
	ID string
	// Field is the attribute, or a path within one; "" where it is the item as a
	// whole.
	Field string
	Err   error
}

// Error implements error.
func (e *ItemError) Error() string {
	where := ""
	if e.Field != "" && !strings.HasPrefix(e.Err.Error(), e.Field+" ") {
		where = e.Field + ": "
	}
	return fmt.Sprintf("item %d: %s%v", e.Item, where, e.Err)
}

// Unwrap returns the reason.
func (e *ItemError) Unwrap() error { return e.Err }

// attributeError says which attribute is wrong.
type attributeError struct {
	name string
	err  error
}

func (e *attributeError) Error() string { return e.name + ": " + e.err.Error() }

func (e *attributeError) Unwrap() error { return e.err }

// errorOf is the error of an item.
func errorOf(it item, err error) *ItemError {
	e := &ItemError{Item: it.number, Line: it.line, Err: err}
	if id := it.attributes["id"].S; id != nil {
		e.ID = *id
	}
	var attribute *attributeError
	var inner *field.Error
	switch {
	case errors.As(err, &attribute):
		e.Field, e.Err = attribute.name, attribute.err
	case errors.As(err, &inner):
		e.Field = inner.Field
	}
	return e
}

// text is an export as it is read: it ends one that goes on for too long without an
// item's end, and knows on which line what was read stands.
type text struct {
	r    io.Reader
	left int // bytes until the item is too large
	// read is how many bytes were read, breaks where the lines end behind the
	// one that was asked for last, whose number is line.
	read   int64
	breaks []int64
	line   int
}

var errItem = fmt.Errorf("an item is larger than %d bytes", MaxItem)

// Read implements [io.Reader].
func (t *text) Read(p []byte) (int, error) {
	if t.left <= 0 {
		return 0, errItem
	}
	n, err := t.r.Read(p[:min(len(p), t.left)])
	for i, c := range p[:n] {
		if c == '\n' {
			t.breaks = append(t.breaks, t.read+int64(i))
		}
	}
	t.read += int64(n)
	t.left -= n
	return n, err
}

// lineAt gives the number of the line of an offset, which does not go back.
func (t *text) lineAt(offset int64) int {
	passed, _ := slices.BinarySearch(t.breaks, offset)
	t.line += passed
	t.breaks = slices.Delete(t.breaks, 0, passed)
	return t.line
}
