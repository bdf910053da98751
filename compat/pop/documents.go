package pop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/work/store"
)

// documents keeps objects as documents of the engine's store. Progress is kept as
// a [record].
type documents struct {
	store store.Store
}

// page is how many documents are read at a time.
const page = 200

// maxField is how long a value may be that documents are found by.
const maxField = 512

// documentKind is what the store calls the documents of a kind of object.
func documentKind(k object.Kind) string { return "pop." + k.String() }

// version is that of a document in the store.
type version = int64

const newDocument version = 0

// load reads an object. The error is store.ErrNotFound where there is none.
func (d documents) load(ctx context.Context, k object.Kind, id string) (object.Object, version, error) {
	s, err := d.store.Setting(ctx, documentKind(k), id)
	if err != nil {
		return nil, 0, fmt.Errorf("%s %s: %w", k, id, err)
	}
	o, err := k.Decode(s.Body)
	return o, s.Version, err
}

// save writes an object: version is newDocument, or that of the document it
// replaces. The error is store.ErrVersion where the document has another.
func (d documents) save(ctx context.Context, k object.Kind, o object.Object, v version) (version, error) {
	body, err := encode(o)
	if err != nil {
		return 0, err
	}
	fields, err := fieldsOf(body)
	if err != nil {
		return 0, err
	}
	id := o.Head().ID
	v, err = d.store.PutSetting(ctx, store.Setting{Kind: documentKind(k), ID: id, Version: v, Body: body, Fields: fields})
	switch {
	case errors.Is(err, store.ErrVersion):
		return 0, refuse(http.StatusConflict, "%s %s exists, or was changed meanwhile", k, id)
	case err != nil:
		return 0, fmt.Errorf("write %s %s: %w", k, id, err)
	}
	return v, nil
}

// maxTries is how often a change is made again to what somebody else changed.
const maxTries = 10

// changeAgenda reads an agenda, lets change change it and writes it, again where
// somebody else changed it meanwhile.
func (d documents) changeAgenda(ctx context.Context, id string, change func(*object.Agenda)) (*object.Agenda, error) {
	for try := 1; ; try++ {
		o, v, err := d.load(ctx, object.KindAgenda, id)
		if err != nil {
			return nil, err
		}
		a := o.(*object.Agenda)
		change(a)
		_, err = d.save(ctx, object.KindAgenda, a, v)
		if err == nil || codeOf(err) != http.StatusConflict || try == maxTries {
			return a, err
		}
	}
}

// remove deletes an object whatever its version. One that is not there is no
// error.
func (d documents) remove(ctx context.Context, k object.Kind, id string) error {
	err := d.store.DeleteSetting(ctx, documentKind(k), id, -1)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("delete %s %s: %w", k, id, err)
	}
	return nil
}

// each calls f with the documents of a kind whose fields have the values in where,
// by id, until f says stop.
func (d documents) each(ctx context.Context, k object.Kind, where map[string]string, f func(store.Setting) (more bool, err error)) error {
	after := ""
	for {
		list, err := d.store.Settings(ctx, documentKind(k), where, after, page)
		if err != nil {
			return fmt.Errorf("list %s: %w", k, err)
		}
		for _, s := range list {
			if more, err := f(s); err != nil || !more {
				return err
			}
		}
		if len(list) < page {
			return nil
		}
		after = list[len(list)-1].ID
	}
}

// list reads the objects of a kind with the values in where, up to a limit.
func list[T object.Object](ctx context.Context, d documents, k object.Kind, where map[string]string, limit int) ([]T, error) {
	var all []T
	err := d.each(ctx, k, where, func(s store.Setting) (bool, error) {
		o, err := k.Decode(s.Body)
		if err != nil {
			return false, fmt.Errorf("%s %s: %w", k, s.ID, err)
		}
		all = append(all, o.(T))
		return len(all) < limit, nil
	})
	return all, err
}

// fieldsOf returns the texts at the top of an object, by which it is found.
func fieldsOf(body []byte) (map[string]string, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, err
	}
	fields := map[string]string{}
	for name, raw := range members {
		var text string
		if json.Unmarshal(raw, &text) == nil && text != "" && len(text) <= maxField && findable(name) {
			fields[name] = text
		}
	}
	return fields, nil
}

// findable reports whether documents are found by an attribute in the store;
// others are compared one by one.
func findable(attribute string) bool {
	switch attribute {
	case "customerId", "linkId", "cid", "title", "resourcePoolId", "agendaId", "externalId", "progressId":
		return true
	}
	return false
}

// encode writes JSON with the characters of HTML as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}
