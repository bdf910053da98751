package dynamodb

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/berth-project/berth/compat/pop/object"
)

// MaxItem is how much text one item may take. DynamoDB's own limit is 400 KiB, before
// its JSON is escaped.
const MaxItem = 8 << 20

// Objects reads the objects of a kind from the export of their table, until the
// end or the first error, which says which item is wrong and why.
func Objects(r io.Reader, k object.Kind) iter.Seq2[object.Object, error] {
	return read(r, func(plain []byte) (object.Object, error) {
		o, err := k.Decode(plain)
		if err == nil && o.Head().ID == "" {
			err = errors.New("there is no id")
		}
		return o, err
	})
}

// Ready reads the waiting list, as Objects does objects.
func Ready(r io.Reader) iter.Seq2[*object.Ready, error] {
	return read(r, func(plain []byte) (*object.Ready, error) {
		var row object.Ready
		err := json.Unmarshal(plain, &row)
		if err == nil && row.AgendaID == "" {
			err = errors.New("there is no agendaId")
		}
		return &row, err
	})
}

// read decodes each item of an export.
func read[T any](r io.Reader, decode func(plain []byte) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		n := 0
		err := items(r, func(item map[string]attribute) (bool, error) {
			n++
			plain, err := plainItem(item)
			if err != nil {
				return false, fmt.Errorf("item %d: %w", n, err)
			}
			v, err := decode(plain)
			if err != nil {
				return false, fmt.Errorf("item %d: %w", n, err)
			}
			return yield(v, nil), nil
		})
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}

// items calls f with each item: of lines {"Item": …}, and of documents
// {"Items": […]}. It ends when f says so.
func items(r io.Reader, f func(map[string]attribute) (bool, error)) error {
	b := &budget{r: r}
	dec := json.NewDecoder(b)
	for {
		b.left = MaxItem
		open, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		if open != json.Delim('{') {
			return fmt.Errorf("export: %v stands where {\"Item\": …} or {\"Items\": […]} belongs", open)
		}
		more, err := document(dec, b, f)
		if err != nil || !more {
			return err
		}
	}
}

// document reads the members of one document.
func document(dec *json.Decoder, b *budget, f func(map[string]attribute) (bool, error)) (more bool, err error) {
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return false, fmt.Errorf("export: %w", err)
		}
		switch name {
		case "Item":
			more, err = one(dec, b, f)
		case "Items":
			more, err = list(dec, b, f)
		default:
			var skipped json.RawMessage
			more, err = true, dec.Decode(&skipped)
		}
		if err != nil || !more {
			return false, err
		}
	}
	_, err = dec.Token() // the brace
	return err == nil, err
}

func list(dec *json.Decoder, b *budget, f func(map[string]attribute) (bool, error)) (more bool, err error) {
	if open, err := dec.Token(); err != nil || open != json.Delim('[') {
		return false, fmt.Errorf("export: Items is %v, want an array: %w", open, err)
	}
	for dec.More() {
		if more, err := one(dec, b, f); err != nil || !more {
			return false, err
		}
	}
	_, err = dec.Token() // the bracket
	return err == nil, err
}

func one(dec *json.Decoder, b *budget, f func(map[string]attribute) (bool, error)) (more bool, err error) {
	b.left = MaxItem
	var item map[string]attribute
	if err := dec.Decode(&item); err != nil {
		return false, fmt.Errorf("export: %w", err)
	}
	return f(item)
}

var errItem = fmt.Errorf("an item is larger than %d bytes", MaxItem)

// budget ends a stream that goes on for too long without an item's end.
type budget struct {
	r    io.Reader
	left int
}

// Read implements [io.Reader].
func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errItem
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
