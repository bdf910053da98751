package pop

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/store"
)

// maxListed is how many insights of a pool, and customers, are looked at.
const maxListed = 10_000

// follow does in the engine what follows from an object that was kept.
func (s *Service) follow(ctx context.Context, o object.Object) error {
	switch o := o.(type) {
	case *object.Insight:
		return s.keepQueue(ctx, o, "")
	case *object.Pool:
		return s.keepPool(ctx, o)
	}
	return nil
}

// keepPool makes the engine know a pool. Limits that an operator gave it stay.
func (s *Service) keepPool(ctx context.Context, p *object.Pool) error {
	pool := translate.Pool(p)
	_, err := s.engine.Setting(ctx, engine.KindPool, pool.Name)
	if !errors.Is(err, work.ErrNotFound) {
		return err
	}
	_, err = s.engine.PutPool(ctx, pool, engine.AnyVersion)
	return err
}

// keepQueue makes the engine's queue that of an insight, open to a tenant that may
// use it. What an operator set besides stays.
func (s *Service) keepQueue(ctx context.Context, i *object.Insight, tenant string) error {
	var before work.Queue
	doc, err := s.engine.Setting(ctx, engine.KindQueue, translate.ObjectName(i.ID))
	switch {
	case err == nil:
		if err := json.Unmarshal(doc.Body, &before); err != nil {
			return err
		}
	case !errors.Is(err, work.ErrNotFound):
		return err
	}
	known := before.Tenants
	if tenant != "" {
		known = append(slices.Clone(known), tenant)
	}
	want := translate.Queue(i, translate.Tenants(i, known), s.delegation(i))
	after := before
	after.Name, after.Policy, after.Pool, after.Tenants, after.Delegated = want.Name, want.Policy, want.Pool, want.Tenants, want.Delegated
	if err == nil && before.Policy == after.Policy && before.Pool == after.Pool &&
		before.Delegated == after.Delegated && slices.Equal(before.Tenants, after.Tenants) {
		return nil
	}
	_, err = s.engine.PutQueue(ctx, after, max(doc.Version, 0))
	if errors.Is(err, work.ErrConflict) {
		_, err = s.engine.PutQueue(ctx, after, engine.AnyVersion) // somebody else kept it at the same time
	}
	return err
}

// leave does in the engine what must go before an object does.
func (s *Service) leave(ctx context.Context, c *Caller, o object.Object) error {
	switch o := o.(type) {
	case *object.Insight:
		err := s.engine.DeleteQueue(ctx, translate.ObjectName(o.ID), engine.AnyVersion)
		if err != nil && !errors.Is(err, work.ErrNotFound) {
			return err
		}
	case *object.Agenda:
		return s.withdraw(ctx, c, o)
	}
	return nil
}

// fillPool tells a pool its insights.
func (s *Service) fillPool(ctx context.Context, p *object.Pool) error {
	insights, err := s.insights(ctx, p.ID)
	if err != nil {
		return err
	}
	p.InsightIDs = nil
	for _, i := range insights {
		p.InsightIDs = append(p.InsightIDs, i.ID)
	}
	return nil
}

// insights lists the insights of a pool.
func (s *Service) insights(ctx context.Context, poolID string) ([]*object.Insight, error) {
	if poolID == "" {
		return nil, nil
	}
	return list[*object.Insight](ctx, s.docs, object.KindInsight, map[string]string{"resourcePoolId": poolID}, maxListed)
}

// insight reads one insight.
func (s *Service) insight(ctx context.Context, id string) (*object.Insight, error) {
	if id == "" {
		return nil, refuse(http.StatusBadRequest, "insightId is missing")
	}
	o, _, err := s.docs.load(ctx, object.KindInsight, id)
	if err != nil {
		return nil, err
	}
	return o.(*object.Insight), nil
}

// choose finds the insight that takes an agenda: of its customer's pool, visible
// to the customer and, where allowed says so, to the caller.
func (s *Service) choose(ctx context.Context, a *object.Agenda, allowed func(*object.Insight) bool) (*object.Insight, error) {
	o, _, err := s.docs.load(ctx, object.KindCustomer, a.CustomerID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, refuse(http.StatusUnprocessableEntity, "there is no customer %.80q", a.CustomerID)
	}
	if err != nil {
		return nil, err
	}
	pool := o.(*object.Customer).ResourcePoolID
	if pool == "" {
		return nil, refuse(http.StatusNotFound, "No available insights for processing agenda: customer %.80q has no resourcePoolId", a.CustomerID)
	}
	insights, err := s.insights(ctx, pool)
	if err != nil {
		return nil, err
	}
	customer := object.Caller{Customers: []string{a.CustomerID}}
	insights = slices.DeleteFunc(insights, func(i *object.Insight) bool {
		return !customer.Reads(i) || allowed != nil && !allowed(i)
	})
	selection, err := object.Select(s.config.Mode, insights, a)
	if err != nil {
		return nil, err
	}
	if selection.Insight == nil {
		return nil, refuse(http.StatusNotFound, "No available insights for processing agenda: none of the %d of resource pool %.80q that customer %.80q may use matches", len(insights), pool, a.CustomerID)
	}
	return selection.Insight, nil
}
