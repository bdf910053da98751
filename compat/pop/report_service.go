package pop

import (
	"context"
	"net/http"

	"github.com/berth-project/berth/compat/pop/object"
)

// updateAgendaProgress takes what an executor tells of its agenda. The caller must
// be allowed to report agendas of its insight.
func (s *Service) updateAgendaProgress(ctx context.Context, r *request) (*answer, error) {
	var asked struct {
		Progress *object.Progress `json:"agendaProgress"`
	}
	if err := r.into(&asked); err != nil {
		return nil, err
	}
	if asked.Progress == nil || asked.Progress.ID == "" {
		return nil, refuse(http.StatusUnprocessableEntity, "agendaProgress.id is missing")
	}
	rec, err := s.docs.loadRecord(ctx, asked.Progress.ID)
	if err != nil {
		return nil, err
	}
	if err := s.mayReport(ctx, r.caller, &rec.Progress); err != nil {
		return nil, err
	}
	if rec.Run == 0 {
		return nil, refuse(http.StatusConflict, "progress %s has no agenda that runs", rec.Progress.ID)
	}
	return &answer{}, s.report(ctx, rec.Progress.ID, asked.Progress, r)
}

// mayReport refuses callers that may not report agendas of an insight.
func (s *Service) mayReport(ctx context.Context, c *Caller, p *object.Progress) error {
	if p.AgendaInsight == nil {
		return refuse(http.StatusConflict, "progress %s is of no insight", p.ID)
	}
	insight, err := s.insight(ctx, p.AgendaInsight.InsightID)
	if err != nil {
		return err
	}
	if !c.works(Report, insight) {
		return forbid(Report, insight.CustomerID)
	}
	return nil
}
