package pop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// record is the progress of an agenda as it is kept: what the run does not know,
// and which run it is. Progress that somebody made without an agenda has no run;
// there what is kept is all there is.
type record struct {
	Progress object.Progress `json:"progress"`
	// Run is the agenda's.
	Run workflow.RunID `json:"run,omitzero"`
	// Pending: the agenda is kept and its run is not known to be submitted.
	Pending bool `json:"pending,omitempty"`
	// Lease is who has the run, or had it last.
	Lease *lease `json:"lease,omitempty"`
	// Held: the run is not to be queued, whatever the agenda says.
	Held bool `json:"held,omitempty"`
	// Carry: operations that Progress says have succeeded are not to be executed
	// again by the executor that gets the run.
	Carry bool `json:"carry,omitempty"`
	// Foreign are operations that an executor told of and the run does not know.
	Foreign []string `json:"foreign,omitempty"`
	// Closed: the run is final and Progress tells what became of it.
	Closed bool `json:"closed,omitempty"`

	version version
	taken   bool // the record was there before its agenda
}

// lease is the right of an executor to report.
type lease struct {
	Fence machine.Fence `json:"fence"`
	// Token is what the executor may send to show that it is its lease.
	Token string `json:"token"`
	// Started is when the executor says that it began: the first that reports
	// sets it. Earlier are those of leases before: reports with them are stale.
	Started int64   `json:"started,omitempty"`
	Earlier []int64 `json:"earlier,omitempty"`
	// Done: the executor told how the agenda ended.
	Done bool `json:"done,omitempty"`
}

// maxRecord bounds what reports may make of a record, in bytes: what executors tell
// of an agenda besides the states that its run keeps.
const maxRecord = 8 << 20

// bounded refuses a record that has become too large.
func (rec *record) bounded() error {
	body, err := encode(&rec.Progress)
	if err != nil {
		return err
	}
	if len(body) > maxRecord {
		return refuse(http.StatusRequestEntityTooLarge, "progress %s would be %d bytes, of %d that may be: leave parameters and diagnostics out", rec.Progress.ID, len(body), maxRecord)
	}
	return nil
}

// maxEarlier is how many earlier leases are remembered.
const maxEarlier = 20

// next returns the lease that follows.
func (l *lease) next(fence machine.Fence) *lease {
	n := &lease{Fence: fence, Token: newID()}
	if l == nil {
		return n
	}
	n.Earlier = l.Earlier
	if l.Started != 0 {
		n.Earlier = append(n.Earlier[:len(n.Earlier):len(n.Earlier)], l.Started)
	}
	n.Earlier = n.Earlier[max(0, len(n.Earlier)-maxEarlier):]
	return n
}

// The fields that records are found by besides those of objects.
const (
	fieldPending = "pending"
	fieldOpen    = "open"
	yes          = "1"
)

// loadRecord reads the record of a progress. The error is store.ErrNotFound where
// there is none.
func (d documents) loadRecord(ctx context.Context, id string) (*record, error) {
	s, err := d.store.Setting(ctx, documentKind(object.KindProgress), id)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", object.KindProgress, id, err)
	}
	return decodeRecord(s)
}

func decodeRecord(s store.Setting) (*record, error) {
	var r record
	if err := json.Unmarshal(s.Body, &r); err != nil {
		return nil, fmt.Errorf("%s %s: %w", object.KindProgress, s.ID, err)
	}
	r.version = s.Version
	return &r, nil
}

// saveRecord writes a record and remembers its new version. The error has code 409
// where the record was changed meanwhile.
func (d documents) saveRecord(ctx context.Context, r *record) error {
	progress, err := encode(&r.Progress)
	if err != nil {
		return err
	}
	fields, err := fieldsOf(progress)
	if err != nil {
		return err
	}
	if r.Pending {
		fields[fieldPending] = yes
	}
	if !r.Closed && r.Run != 0 {
		fields[fieldOpen] = yes
	}
	body, err := encode(r)
	if err != nil {
		return err
	}
	id := r.Progress.ID
	v, err := d.store.PutSetting(ctx, store.Setting{Kind: documentKind(object.KindProgress), ID: id, Version: r.version, Body: body, Fields: fields})
	switch {
	case errors.Is(err, store.ErrVersion):
		return refuse(http.StatusConflict, "%s %s exists, or was changed meanwhile", object.KindProgress, id)
	case err != nil:
		return fmt.Errorf("write %s %s: %w", object.KindProgress, id, err)
	}
	r.version = v
	return nil
}

// changeRecord reads a record, lets change change it and writes it, again where
// somebody else changed it meanwhile. change says whether there is something to
// write.
func (d documents) changeRecord(ctx context.Context, id string, change func(*record) (write bool, err error)) (*record, error) {
	for try := 1; ; try++ {
		r, err := d.loadRecord(ctx, id)
		if err != nil {
			return nil, err
		}
		write, err := change(r)
		if err != nil || !write {
			return r, err
		}
		err = d.saveRecord(ctx, r)
		if err == nil || codeOf(err) != http.StatusConflict || try == maxTries {
			return r, err
		}
	}
}

// current returns the progress with what became of the run by now, and the run's
// status; 0 where there is no run, or none any more.
func (s *Service) current(ctx context.Context, r *record) (*object.Progress, machine.Status, error) {
	p := r.Progress
	p.Operations = slices.Clone(p.Operations)
	if r.Run == 0 || r.Closed {
		return &p, 0, nil
	}
	run, err := s.engine.Get(ctx, r.Run, nil)
	switch {
	case errors.Is(err, work.ErrNotFound):
		return &p, 0, nil
	case err != nil:
		return nil, 0, err
	}
	if !translate.Covers(&p, &run.View) { // operations came since the record was read
		newer, err := s.docs.loadRecord(ctx, p.ID)
		if err != nil {
			return nil, 0, err
		}
		p = newer.Progress
	}
	translate.Apply(&run.View, &p)
	return &p, run.Status, nil
}
