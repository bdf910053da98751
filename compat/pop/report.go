package pop

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
)

// report takes what an executor tells of its agenda: a heartbeat with what became
// of operations, and in the end of the agenda. The engine decides whether the
// executor still has the run.
func (s *Service) report(ctx context.Context, progressID string, told *object.Progress, r *request) error {
	rec, err := s.docs.loadRecord(ctx, progressID)
	if err != nil {
		return err
	}
	if rec.Lease == nil {
		return s.reportWithoutLease(ctx, rec, told, r)
	}
	if s.config.RequireLease && r.lease == "" {
		return refuse(http.StatusForbidden, "show the lease that getAgenda gave, in the header %s", LeaseHeader)
	}
	if err := rec.Lease.admits(r.lease, told); err != nil {
		return err
	}
	done := translate.Outcome(told)
	if rec.Lease.Done {
		if done != nil {
			return nil // the executor tells again what it told
		}
		return refuse(http.StatusConflict, "the lease ended when the agenda was said to be complete")
	}
	err = s.engine.ReportRun(ctx, shard.RunReport{
		Run: rec.Run, Fence: rec.Lease.Fence, Lease: s.config.Lease.Milliseconds(), Steps: rec.steps(told), Done: done,
	})
	if err != nil {
		return err
	}
	_, err = s.docs.changeRecord(ctx, progressID, func(rec *record) (bool, error) {
		news, err := s.fold(rec, told)
		if err == nil && news {
			err = rec.bounded()
		}
		if err != nil || rec.Lease == nil {
			return news, err
		}
		l := *rec.Lease
		if l.Started == 0 && told.StartedTime != 0 {
			l.Started, news = told.StartedTime, true
		}
		if done != nil {
			l.Done, news = true, true
		}
		rec.Lease = &l
		return news, nil
	})
	return err
}

// admits reports whether who tells this may be the one who has the lease. An
// executor of POP shows none: it is taken for an earlier one where it says that it
// began when that one did.
func (l *lease) admits(token string, told *object.Progress) error {
	stale := token != "" && token != l.Token ||
		token == "" && told.StartedTime != 0 && slices.Contains(l.Earlier, told.StartedTime)
	if stale {
		return refuse(http.StatusConflict, "the lease is not that of this executor any more: another has the agenda, or will")
	}
	return nil
}

// reportWithoutLease is for those who are no executor: what they can do is end an
// agenda, as POP's reclaimer does.
func (s *Service) reportWithoutLease(ctx context.Context, rec *record, told *object.Progress, r *request) error {
	done := translate.Outcome(told)
	if done == nil || done.Failure == nil {
		return refuse(http.StatusConflict, "agenda %s is leased to no executor: there is nothing to report", rec.Progress.AgendaID)
	}
	err := s.engine.Control(ctx, shard.Order{Verb: shard.Cancel, Run: rec.Run, By: r.caller.Name, Reason: done.Failure.Message})
	if errors.Is(err, work.ErrConflict) {
		return nil // it has ended
	}
	return err
}
