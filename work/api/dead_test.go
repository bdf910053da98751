package api_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/berth-project/berth/work/api"
	"github.com/berth-project/berth/work/outbox"
)

// TestDeadEventsAreTheirTenants: a tenant sees, replays and drops those that
// went where it said itself, and no others.
func TestDeadEventsAreTheirTenants(t *testing.T) {
	t.Parallel()
	f := open(t, func(s *setup) {
		s.engine.Send = outbox.SenderFunc(func(context.Context, outbox.Event) error {
			return &outbox.Error{Permanent: true, Err: errors.New("gone")}
		})
	})
	f.want(http.StatusOK, f.admin, "PUT", "/subscriptions/operators", `{"to":"https://example.org/all","events":["run.succeeded"]}`)
	f.want(http.StatusOK, f.tenant, "PUT", "/subscriptions/own", `{"tenant":"acme","to":"https://example.org/own","events":["run.succeeded"]}`)
	f.done(quick)
	dead := func(key, query string) map[string]string {
		t.Helper()
		var page struct{ Events []api.DeadEvent }
		f.want(http.StatusOK, key, "GET", "/events/dead"+query, nil).json(t, &page)
		ids := map[string]string{}
		for _, e := range page.Events {
			ids[e.To] = e.ID
		}
		return ids
	}
	f.eventually("both events are dead", func() bool { return len(dead(f.admin, "")) == 2 })
	all := dead(f.admin, "")
	if got := dead(f.reader, ""); len(got) != 1 || got["own"] == "" {
		t.Errorf("a tenant sees %v, want its own subscription's", got)
	}
	if got := dead(f.other, ""); len(got) != 0 {
		t.Errorf("another tenant sees %v", got)
	}
	f.want(http.StatusForbidden, f.other, "GET", "/events/dead?tenant=acme", nil)
	f.want(http.StatusForbidden, f.other, "DELETE", "/events/all?tenant=acme", nil)
	f.want(http.StatusForbidden, f.worker, "GET", "/events/dead", nil)
	f.want(http.StatusForbidden, f.reader, "DELETE", "/events/"+all["own"], nil)
	f.want(http.StatusNotFound, f.tenant, "DELETE", "/events/"+all["operators"], nil)
	var r struct{ Count int }
	if f.want(http.StatusOK, f.tenant, "DELETE", "/events/all", nil).json(t, &r); r.Count != 1 {
		t.Errorf("a tenant that drops all drops %d, want its own", r.Count)
	}
	if got := dead(f.admin, ""); len(got) != 1 || got["operators"] == "" {
		t.Errorf("then there are %v, want the operator's", got)
	}
}
