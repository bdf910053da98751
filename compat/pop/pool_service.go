package pop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow/machine"
)

// maxPull is how many agendas one request for them may get.
const maxPull = 100

// getAgenda leases agendas of an insight to who asks for them, and waits a little
// for the first. What its executors do not report in time waits again.
func (s *Service) getAgenda(ctx context.Context, r *request) (*answer, error) {
	var asked struct {
		InsightID string `json:"insightId"`
		Count     int    `json:"count"`
	}
	if err := r.into(&asked); err != nil {
		return nil, err
	}
	if asked.Count < 1 {
		return nil, refuse(http.StatusUnprocessableEntity, "count is %d: ask for at least 1", asked.Count)
	}
	insight, err := s.insight(ctx, asked.InsightID)
	if err != nil {
		return nil, err
	}
	if !r.caller.works(Pull, insight) {
		return nil, forbid(Pull, insight.CustomerID)
	}
	polling, cancel := context.WithTimeout(ctx, s.config.PollWait)
	defer cancel()
	runs, err := s.engine.PollRuns(polling, shard.RunPoller{
		Queue: translate.ObjectName(insight.ID), Worker: "pop:" + r.caller.Name, Max: min(asked.Count, maxPull), Lease: s.config.Lease.Milliseconds(),
	})
	if err != nil {
		return nil, err
	}
	return s.handOut(ctx, runs), nil
}

// handOut answers with the agendas of runs that were leased. A run whose agenda
// cannot be handed out is given back, or ended where there is no agenda.
func (s *Service) handOut(ctx context.Context, runs []shard.LeasedRun) *answer {
	a := &answer{Leases: map[string]string{}}
	agendas, progresses := []any{}, []any{}
	for _, run := range runs {
		agenda, progress, token, err := s.leased(ctx, run)
		if err != nil {
			s.giveBack(ctx, run, err)
			continue
		}
		agendas = append(agendas, agenda)
		a.Leases[agenda.ID] = token
		if begun(progress) {
			progresses = append(progresses, progress)
		}
	}
	a.Agendas, a.All = agendas, agendas
	if len(progresses) > 0 {
		a.Progresses = progresses
	}
	return a
}

// leased notes the lease of a run and returns its agenda, its progress and the
// lease's token.
func (s *Service) leased(ctx context.Context, run shard.LeasedRun) (*object.Agenda, *object.Progress, string, error) {
	agenda, err := s.agendaOf(ctx, run)
	if err != nil {
		return nil, nil, "", err
	}
	var carried []machine.StepReport
	rec, err := s.docs.changeRecord(ctx, agenda.ProgressID, func(rec *record) (bool, error) {
		rec.Run, rec.Pending, rec.Closed = run.ID, false, false
		rec.Lease = rec.Lease.next(run.Fence)
		carried = rec.carried()
		rec.Carry = false
		return true, nil
	})
	if err != nil {
		return nil, nil, "", err
	}
	if carried != nil {
		if err := s.engine.ReportRun(ctx, shard.RunReport{Run: run.ID, Fence: run.Fence, Steps: carried}); err != nil {
			return nil, nil, "", err
		}
	}
	progress := rec.Progress
	progress.Operations = slices.Clone(progress.Operations)
	if carried == nil { // what is carried over is in the record, and not in the view
		translate.Apply(&run.View, &progress)
	}
	if agenda.Params == nil {
		agenda.Params = object.Params{}
	}
	agenda.Params[object.ParamAdded] = json.RawMessage(fmt.Sprint(run.View.Queued))
	return agenda, &progress, rec.Lease.Token, nil
}

// errImpostor is what becomes of a run that names an agenda and is not its run:
// whoever may submit runs may also give them labels.
var errImpostor = errors.New("the run is not that of the agenda it names")

// agendaOf reads the agenda of a run.
func (s *Service) agendaOf(ctx context.Context, run shard.LeasedRun) (*object.Agenda, error) {
	o, _, err := s.docs.load(ctx, object.KindAgenda, run.View.Labels[translate.LabelAgenda])
	if err != nil {
		return nil, err
	}
	a := o.(*object.Agenda)
	rec, err := s.docs.loadRecord(ctx, a.ProgressID)
	switch {
	case err != nil:
		return nil, err
	case rec.Run == run.ID && a.CustomerID == run.View.Tenant:
		return a, nil
	case !rec.Pending || a.CustomerID != run.View.Tenant:
		return nil, errImpostor
	}
	key := store.IdempotencyKey{Tenant: a.CustomerID, Key: idempotencyKey(a.ID)}
	runs, err := s.docs.store.Idempotent(ctx, []store.IdempotencyKey{key})
	if err != nil {
		return nil, err
	}
	if runs[key] != run.ID {
		return nil, errImpostor
	}
	return a, nil
}

// carried are the operations that had succeeded before the agenda came to its run:
// with the progress it took over, or in the deployment it was imported from.
func (rec *record) carried() []machine.StepReport {
	if !rec.Carry {
		return nil
	}
	var done []machine.StepReport
	for i := range rec.Progress.Operations {
		if o := &rec.Progress.Operations[i]; object.Successful(o.State, o.StateMessage) {
			done = append(done, translate.StepReport(o))
		}
	}
	return done
}

// begun reports whether any operation of an agenda has run.
func begun(p *object.Progress) bool {
	for i := range p.Operations {
		if p.Operations[i].State != object.Waiting {
			return true
		}
	}
	return false
}

// giveBack ends the lease of a run that was not handed out.
func (s *Service) giveBack(ctx context.Context, run shard.LeasedRun, why error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	rep := shard.RunReport{Run: run.ID, Fence: run.Fence, GiveBack: true}
	switch {
	case errors.Is(why, store.ErrNotFound):
		rep.Done = ended("deleted", "its agenda was deleted")
	case errors.Is(why, errImpostor):
		rep.Done = ended("agenda", errImpostor.Error())
	}
	rep.GiveBack = rep.Done == nil
	err := s.engine.ReportRun(ctx, rep)
	s.log.Warn("a run was leased and its agenda not handed out", "run", run.ID, "error", errors.Join(why, err))
}

func ended(code, message string) *machine.Outcome {
	return &machine.Outcome{Failure: &machine.Failure{Code: code, Message: message, Fatal: true}}
}

// createAgenda submits agendas on behalf of their customers, through insights that
// the caller owns. Those that are refused do not keep the others from it.
func (s *Service) createAgenda(ctx context.Context, r *request) (*answer, error) {
	var asked struct {
		Agendas []object.Agenda `json:"agendas"`
	}
	if err := r.into(&asked); err != nil {
		return nil, err
	}
	if len(asked.Agendas) == 0 {
		return nil, refuse(http.StatusUnprocessableEntity, "agendas is empty")
	}
	how := submission{caller: r.caller, cid: r.cid, allowed: func(i *object.Insight) bool { return r.caller.works(Pull, i) }}
	created := []any{}
	var refused []string
	for i := range asked.Agendas {
		if err := s.submit(ctx, &asked.Agendas[i], how); err != nil {
			if codeOf(err) == http.StatusInternalServerError {
				return nil, err
			}
			refused = append(refused, fmt.Sprintf("agendas[%d]: %v", i, err))
			continue
		}
		created = append(created, &asked.Agendas[i])
	}
	a := &answer{Agendas: created, All: created}
	if refused != nil {
		return a, refuse(http.StatusBadRequest, "%s", strings.Join(refused, "; "))
	}
	return a, nil
}
