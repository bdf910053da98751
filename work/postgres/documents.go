package postgres

import (
	"bytes"
	"slices"
	"sync"

	"github.com/berth-project/berth/work/store"
)

const (
	knownDocuments = 10_000
	// hour is how exact document.used is: a document that many runs begin with
	// is not written, and locked, for each.
	hour = store.Millis(3_600_000)
)

// documents are those known to be stored, with when they were last noted as
// used.
type documents struct {
	mu    sync.Mutex // guards known
	known map[store.Hash]store.Millis
}

// wanted are the documents a batch must write and those whose use it must
// note, in the order of their hashes: two batches wait for each other in one
// direction only.
type wanted struct {
	write []store.Document
	touch [][]byte
}

func (d *documents) of(b *store.Batch) wanted {
	d.mu.Lock()
	defer d.mu.Unlock()
	var w wanted
	seen := map[store.Hash]bool{}
	for _, doc := range b.Documents {
		if _, known := d.known[doc.Hash]; !known && !seen[doc.Hash] {
			seen[doc.Hash] = true
			w.write = append(w.write, doc)
		}
	}
	for i := range b.Inserts {
		h := b.Inserts[i].Document
		if at, known := d.known[h]; !seen[h] && (!known || b.Now-at >= hour) {
			seen[h] = true
			w.touch = append(w.touch, h[:])
		}
	}
	slices.SortFunc(w.write, func(a, b store.Document) int { return bytes.Compare(a.Hash[:], b.Hash[:]) })
	slices.SortFunc(w.touch, bytes.Compare)
	return w
}

// keep notes what a batch that was written wrote.
func (d *documents) keep(w wanted, now store.Millis) {
	if len(w.write)+len(w.touch) == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil || len(d.known) >= knownDocuments {
		d.known = make(map[store.Hash]store.Millis)
	}
	for _, doc := range w.write {
		d.known[doc.Hash] = now
	}
	for _, h := range w.touch {
		d.known[store.Hash(h)] = now
	}
}

// forget is for when a document was not where it was thought to be.
func (d *documents) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.known)
}
