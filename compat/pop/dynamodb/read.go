package dynamodb

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/berth-project/berth/compat/pop/internal/field"
	"github.com/berth-project/berth/compat/pop/object"
)

// MaxItem is how much text one item may take. DynamoDB's own limit is 400 KiB, before
// its JSON is escaped.
const MaxItem = 8 << 20

// Objects reads the objects of a kind from the export of their table. An item that is
// no such object gives an [*ItemError], behind which reading goes on if it is wanted
// to; any other error is the last.
func Objects(r io.Reader, k object.Kind) iter.Seq2[object.Object, error] {
	return without(Items(r, k))
}

// Item is an object of an export with its place there.
type Item[T any] struct {
	Object T
	// Number and Line count from 1; Line is where the item begins.
	Number, Line int
}

// Items reads as [Objects] does, and tells where each is.
func Items(r io.Reader, k object.Kind) iter.Seq2[Item[object.Object], error] {
	return read(r, func(plain []byte) (object.Object, error) {
		o, err := k.Decode(plain)
		if err == nil && o.Head().ID == "" {
			err = errors.New("there is no id")
		}
		return o, err
	})
}

// Ready reads the waiting list, as Objects does objects.
func Ready(r io.Reader) iter.Seq2[*object.Ready, error] { return without(ReadyItems(r)) }

// ReadyItems reads the waiting list, and tells where each row is.
func ReadyItems(r io.Reader) iter.Seq2[Item[*object.Ready], error] {
	return read(r, func(plain []byte) (*object.Ready, error) {
		var row object.Ready
		err := field.Decode(plain, &row)
		if err == nil && row.AgendaID == "" {
			err = errors.New("there is no agendaId")
		}
		return &row, err
	})
}

// without leaves the places out.
func without[T any](items iter.Seq2[Item[T], error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for it, err := range items {
			if !yield(it.Object, err) {
				return
			}
		}
	}
}

// read decodes each item of an export.
func read[T any](r io.Reader, decode func(plain []byte) (T, error)) iter.Seq2[Item[T], error] {
	return func(yield func(Item[T], error) bool) {
		err := items(r, func(it item) bool {
			out := Item[T]{Number: it.number, Line: it.line}
			err := it.wrong
			if err == nil {
				var plain []byte
				if plain, err = plainItem(it.attributes); err == nil {
					out.Object, err = decode(plain)
				}
			}
			if err != nil {
				var none T
				out.Object = none
				return yield(out, errorOf(it, err))
			}
			return yield(out, nil)
		})
		if err != nil {
			yield(Item[T]{}, err)
		}
	}
}

// item is one of an export, as it stands there.
type item struct {
	number, line int
	attributes   map[string]attribute
	wrong        error // attributes of no known form
}

// items calls f with each item: of lines {"Item": …}, and of documents
// {"Items": […]}. It ends when f says so.
func items(r io.Reader, f func(item) (more bool)) error {
	t := &text{r: r, line: 1}
	e := export{dec: json.NewDecoder(t), text: t, take: f}
	for {
		t.left = MaxItem
		open, err := e.dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		if open != json.Delim('{') {
			return fmt.Errorf("export: %v stands where {\"Item\": …} or {\"Items\": […]} belongs", open)
		}
		more, err := e.document()
		if err != nil || !more {
			return err
		}
	}
}

// export is where one is being read.
type export struct {
	dec  *json.Decoder
	text *text
	n    int
	take func(item) (more bool)
}

// document reads the members of one document.
func (e *export) document() (more bool, err error) {
	for e.dec.More() {
		name, err := e.dec.Token()
		if err != nil {
			return false, fmt.Errorf("export: %w", err)
		}
		switch name {
		case "Item":
			more, err = e.one()
		case "Items":
			more, err = e.list()
		default:
			var skipped json.RawMessage
			more, err = true, e.dec.Decode(&skipped)
		}
		if err != nil || !more {
			return false, err
		}
	}
	_, err = e.dec.Token() // the brace
	return err == nil, err
}

func (e *export) list() (more bool, err error) {
	open, err := e.dec.Token()
	if err != nil {
		return false, fmt.Errorf("export: Items: %w", err)
	}
	if open != json.Delim('[') {
		return false, fmt.Errorf("export: Items is %v, want an array", open)
	}
	for e.dec.More() {
		if more, err := e.one(); err != nil || !more {
			return false, err
		}
	}
	_, err = e.dec.Token() // the bracket
	return err == nil, err
}

func (e *export) one() (more bool, err error) {
	e.text.left = MaxItem
	var raw json.RawMessage
	if err := e.dec.Decode(&raw); err != nil {
		return false, fmt.Errorf("export: item %d: %w", e.n+1, err)
	}
	e.n++
	it := item{number: e.n, line: e.text.lineAt(e.dec.InputOffset() - int64(len(raw)))}
	if err := json.Unmarshal(raw, &it.attributes); err != nil {
		it.attributes, it.wrong = nil, errors.New("its attributes are not as DynamoDB writes them: {\"id\": {\"S\": \"…\"}, …}")
	}
	return e.take(it), nil
}
