package pop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
)

// perPass is how many records one pass of upkeep looks at for each of its reasons: in
// a minute more than are submitted where POP is used.
const perPass = 10_000

// passTimeout bounds one pass.
const passTimeout = time.Minute

// upkeep is where the passes are.
type upkeep struct {
	service *Service
	open    string // ids after which to go on
	reap    string
	// followed are the versions of pools and insights that the engine knows.
	followed map[followed]version
}

type followed struct {
	kind object.Kind
	id   string
}

// Run does what must be done between requests, until ctx ends: it submits agendas
// that were kept and not submitted when a process ended, notes what became of
// runs before the engine forgets them, and deletes what is old. All processes that
// share a store may run it.
func (s *Service) Run(ctx context.Context) error {
	u := upkeep{service: s}
	tick := time.NewTicker(s.config.UpkeepEvery)
	defer tick.Stop()
	for {
		if err := u.pass(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("upkeep of POP's objects stopped early: it goes on in the next pass", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// pass does all of it once.
func (u *upkeep) pass(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, passTimeout)
	defer cancel()
	if err := u.followAll(ctx); err != nil {
		return err // runs of queues that the engine does not know are refused
	}
	return errors.Join(u.submitPending(ctx), u.closeFinal(ctx), u.reapOld(ctx))
}

// followAll makes the engine know all pools and insights: those that an import kept,
// or that were kept when a process ended before it could tell the engine.
func (u *upkeep) followAll(ctx context.Context) error {
	s := u.service
	if u.followed == nil {
		u.followed = map[followed]version{}
	}
	for _, k := range []object.Kind{object.KindPool, object.KindInsight} {
		err := s.docs.each(ctx, k, nil, func(doc store.Setting) (bool, error) {
			key := followed{k, doc.ID}
			if u.followed[key] == doc.Version {
				return true, nil
			}
			o, err := k.Decode(doc.Body)
			if err == nil {
				err = s.follow(ctx, o)
			}
			if code := codeOf(err); err != nil && (code == http.StatusUnprocessableEntity || code == http.StatusConflict) {
				s.log.Warn("an object that was kept is of no use to the engine", "kind", k, "id", doc.ID, "error", err)
				err = nil
			}
			if err == nil {
				u.followed[key] = doc.Version
			}
			return true, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// some calls f with records that have the fields, after an id, and returns the id
// to go on after, "" at the end.
func (u *upkeep) some(ctx context.Context, where map[string]string, after string, f func(*record) error) (string, error) {
	docs := u.service.docs
	for range perPass / page {
		list, err := docs.store.Settings(ctx, documentKind(object.KindProgress), where, after, page)
		if err != nil {
			return after, err
		}
		for _, doc := range list {
			r, err := decodeRecord(doc)
			if err == nil {
				err = f(r)
			}
			if err != nil {
				return after, err
			}
			after = doc.ID
		}
		if len(list) < page {
			return "", nil
		}
	}
	return after, nil
}

// submitPending submits agendas whose run is not known. One that a request is just
// submitting is submitted once all the same: the engine knows it by its key.
func (u *upkeep) submitPending(ctx context.Context) error {
	s := u.service
	_, err := u.some(ctx, map[string]string{fieldPending: yes}, "", func(r *record) error {
		o, _, err := s.docs.load(ctx, object.KindAgenda, r.Progress.AgendaID)
		if errors.Is(err, store.ErrNotFound) {
			return u.forsake(ctx, r)
		}
		if err != nil {
			return err
		}
		return s.resubmit(ctx, o.(*object.Agenda), r)
	})
	return err
}

// resubmit submits the run of an agenda and notes it. An agenda that the engine will
// never take has failed.
func (s *Service) resubmit(ctx context.Context, a *object.Agenda, r *record) error {
	sub, err := s.submissionOf(a, "upkeep")
	if err == nil {
		err = s.open(ctx, a)
	}
	if err == nil {
		sub.Hold = sub.Hold || r.Held
		var receipts []work.Receipt
		if receipts, err = s.engine.Submit(ctx, []work.Submission{sub}); err == nil {
			if receipts[0].Error == nil {
				return s.started(ctx, r.Progress.ID, receipts[0].ID)
			}
			err = receipts[0].Error
		}
	}
	if !final(codeOf(err)) {
		return fmt.Errorf("submit agenda %s: %w", a.ID, err)
	}
	s.log.Warn("an agenda that was kept is refused", "agenda", a.ID, "error", err)
	_, failed := s.docs.changeRecord(ctx, r.Progress.ID, func(r *record) (bool, error) {
		r.Pending = false
		r.Progress.State, r.Progress.StateMessage, r.Progress.UpdatedTime = object.Complete, object.Failed, s.now()
		r.Progress.Diagnostics = append(r.Progress.Diagnostics, object.DiagnosticEvent{Message: err.Error(), Time: s.now()})
		return true, nil
	})
	return failed
}

// open opens the queue of an agenda's insight to its customer.
func (s *Service) open(ctx context.Context, a *object.Agenda) error {
	insight, err := s.insight(ctx, a.AgendaInsight.InsightID)
	if err != nil {
		return err
	}
	return s.keepQueue(ctx, insight, a.CustomerID)
}

// final reports whether what was refused with a code would be again.
func final(code int) bool {
	switch code {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		return true
	}
	return false
}

// forsakeAfter is how long a record may be without its agenda: a request writes one
// after the other.
const forsakeAfter = 5 * time.Minute

// forsake deletes a pending record whose agenda was never written; one that was there
// before stays.
func (u *upkeep) forsake(ctx context.Context, r *record) error {
	s := u.service
	if s.now()-r.Progress.AddedTime < forsakeAfter.Milliseconds() {
		return nil
	}
	if !r.Carry {
		return s.docs.remove(ctx, object.KindProgress, r.Progress.ID)
	}
	r.Pending, r.Carry = false, false
	return s.docs.saveRecord(ctx, r)
}

// closeFinal writes what became of runs that are final into their records.
func (u *upkeep) closeFinal(ctx context.Context) (err error) {
	s := u.service
	u.open, err = u.some(ctx, map[string]string{fieldOpen: yes}, u.open, func(r *record) error {
		_, err := s.docs.changeRecord(ctx, r.Progress.ID, func(r *record) (bool, error) {
			p, status, err := s.current(ctx, r)
			if err != nil || r.Closed || r.Run == 0 || status != 0 && !status.Final() {
				return false, err
			}
			r.Progress, r.Closed = *p, true
			if status == 0 {
				s.forgotten(&r.Progress)
				return true, nil
			}
			r.Progress.UpdatedTime = p.CompletedTime
			return true, nil
		})
		if errors.Is(err, store.ErrNotFound) {
			return nil // deleted meanwhile
		}
		return err
	})
	return err
}

// forgotten notes that the run of a progress was deleted before it was known how it
// ended: else whoever asks would be told that it runs, for ever.
func (s *Service) forgotten(p *object.Progress) {
	p.UpdatedTime = s.now()
	if p.State == object.Complete {
		return
	}
	p.State, p.StateMessage = object.Complete, object.Failed
	p.Diagnostics = append(p.Diagnostics, object.DiagnosticEvent{
		Message: "the run of this agenda was deleted before it was noted how it ended", Time: p.UpdatedTime,
	})
}

// reapOld deletes agendas that have been complete for long, with their progress and
// their run, and progress without an agenda that was complete as long.
func (u *upkeep) reapOld(ctx context.Context) (err error) {
	s := u.service
	if s.config.ReapAge < 0 {
		return nil
	}
	now := s.config.Now()
	u.reap, err = u.some(ctx, nil, u.reap, func(r *record) error {
		if !r.Progress.ReapDue(now, s.config.ReapAge) || r.Pending || r.Run != 0 && !r.Closed {
			return nil
		}
		return s.reapOne(ctx, r)
	})
	return err
}

// reapOne deletes one agenda with all that belongs to it: the run first, as it
// cannot be found without the record.
func (s *Service) reapOne(ctx context.Context, r *record) error {
	if r.Run != 0 {
		err := s.engine.Control(ctx, shard.Order{Verb: shard.Delete, Run: r.Run, By: "upkeep"})
		if err != nil && !errors.Is(err, work.ErrNotFound) {
			return fmt.Errorf("delete run %v: %w", r.Run, err)
		}
	}
	if id := r.Progress.AgendaID; id != "" {
		if err := s.docs.remove(ctx, object.KindAgenda, id); err != nil {
			return err
		}
	}
	return s.docs.remove(ctx, object.KindProgress, r.Progress.ID)
}
