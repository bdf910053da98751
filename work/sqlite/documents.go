package sqlite

import (
	"database/sql/driver"
	"fmt"

	"github.com/berth-project/berth/work/store"
)

const (
	knownDocuments = 10_000
	// hour is how exact document.used is: a document that many runs begin with
	// is not written for each.
	hour = store.Millis(3_600_000)
)

// documents are the numbers of documents the writer knows.
type documents struct{ known map[store.Hash]document }

type document struct {
	id   int64
	used store.Millis
}

// forget is for when a transaction was undone: numbers may have been given
// that are not.
func (d *documents) forget() { clear(d.known) }

func (d *documents) keep(h store.Hash, doc document) {
	if d.known == nil || len(d.known) >= knownDocuments {
		d.known = make(map[store.Hash]document)
	}
	d.known[h] = doc
}

// document finds a document by its hash.
func (w *writer) document(h store.Hash) (document, bool, error) {
	if doc, ok := w.docs.known[h]; ok {
		return doc, true, nil
	}
	var dest [2]driver.Value
	found, err := w.findDocument.row(dest[:], h[:])
	if err != nil || !found {
		return document{}, false, err
	}
	doc := document{dest[0].(int64), dest[1].(int64)}
	w.docs.keep(h, doc)
	return doc, true, nil
}

// addDocument writes a document that is not there.
func (w *writer) addDocument(d store.Document, now store.Millis) error {
	_, found, err := w.document(d.Hash)
	if err != nil || found {
		return err
	}
	w.args = w.args[:0].blob(d.Hash[:]).int(now).blob(d.Body)
	_, err = w.insertDocument.with(w.args)
	return err
}

// use gives the number of a document a run begins with, and notes when.
func (w *writer) use(h store.Hash, now store.Millis) (int64, error) {
	doc, found, err := w.document(h)
	if err != nil {
		return 0, err
	}
	if !found {
		return 0, fmt.Errorf("document %x: %w: a batch must bring the documents of its runs", h[:6], store.ErrNotFound)
	}
	if now-doc.used < hour {
		return doc.id, nil
	}
	doc.used = now
	w.docs.keep(h, doc)
	_, err = w.touchDocument.run(now, doc.id)
	return doc.id, err
}
