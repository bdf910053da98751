package translate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/queue"
)

func TestQueue(t *testing.T) {
	t.Parallel()
	i := &object.Insight{
		Common:    object.Common{ID: "https://pop/insight/1", CustomerID: "Acme"},
		Algorithm: object.FIFO, ResourcePoolID: "p1", QueueSize: 10,
	}
	want := work.Queue{Name: translate.ObjectName("https://pop/insight/1"), Policy: queue.FIFO, Pool: "pop/p1", Tenants: []string{"Acme"}, Delegated: true}
	if d := cmp.Diff(want, translate.Queue(i, []string{"Acme"}, translate.ByExecutors)); d != "" {
		t.Errorf("Queue (-want +got):\n%s", d)
	}
	if got := translate.Queue(&object.Insight{}, nil, translate.ByBerth); got.Policy != queue.RoundRobin || got.Delegated || got.Match != "" {
		t.Errorf("queue of an insight that says nothing: %+v", got)
	}
}

func TestTenants(t *testing.T) {
	t.Parallel()
	i := &object.Insight{Common: object.Common{CustomerID: "Owner"}, Sharing: object.Sharing{AllowedCustomerIDs: []string{"acme", "other"}}}
	got := translate.Tenants(i, []string{"Acme", "ACME", "stranger", "other"})
	if d := cmp.Diff([]string{"ACME", "Acme", "Owner", "acme", "other"}, got); d != "" {
		t.Errorf("Tenants (-want +got):\n%s", d)
	}
	i.IsGlobal = true
	if got := translate.Tenants(i, []string{"Acme"}); got != nil {
		t.Errorf("Tenants of a global insight = %q, want all", got)
	}
}
