package console

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
)

// tenantList is the page of tenants.
type tenantList struct {
	Tenants []tenantRow `json:"tenants"`
	Actions bool        `json:"-"`
	Done    string      `json:"-"`
}

// tenantRow is a tenant with its runs.
type tenantRow struct{ engine.TenantState }

// WeightText is the weight that counts.
func (t tenantRow) WeightText() string {
	if t.Weight == 0 {
		return "1"
	}
	return strconv.FormatFloat(t.Weight, 'g', 6, 64)
}

// Mark is the state for people.
func (t tenantRow) Mark() stateMark {
	if t.Suspended {
		return stateMark{"wait", "‖", "suspended"}
	}
	return stateMark{"ok", "●", "served"}
}

// tenantDone are what the page says after an action.
var tenantDone = map[string]string{
	"suspend": "Suspended: none of its runs starts; what runs goes on.", "resume": "Its runs start again.", "limits": "The limits are in force.",
}

func (c *Console) tenantList(ctx context.Context, r *http.Request) (*page, *fault) {
	all, err := c.src.Work.Tenants(ctx)
	if err != nil {
		return nil, c.workFault(err)
	}
	v := tenantList{Tenants: []tenantRow{}, Actions: c.src.WorkActions != nil, Done: tenantDone[r.URL.Query().Get("done")]}
	for _, t := range all {
		v.Tenants = append(v.Tenants, tenantRow{t})
	}
	return &page{
		title: "Tenants", template: "tenants", room: "/tenants", up: "/", topic: topicTenants, twin: "/tenants.json", params: []string{"done"},
		command: "berth workflow tenant list", data: v,
	}, nil
}

// tenantNamed is what the engine knows of a tenant; every name is one.
func (c *Console) tenantNamed(ctx context.Context, name string) (tenantRow, *fault) {
	all, err := c.src.Work.Tenants(ctx)
	if err != nil {
		return tenantRow{}, c.workFault(err)
	}
	i := slices.IndexFunc(all, func(t engine.TenantState) bool { return t.Name == name })
	if i < 0 {
		return tenantRow{engine.TenantState{Tenant: work.Tenant{Name: name}}}, nil
	}
	return tenantRow{all[i]}, nil
}

// limitsOf reads the form of a tenant's limits.
func limitsOf(t work.Tenant, r *http.Request) (work.Tenant, *fault) {
	weight, err := strconv.ParseFloat(strings.TrimSpace(r.PostFormValue("weight")), 64)
	if err != nil || !(weight > 0) || math.IsInf(weight, 0) {
		return t, invalid("The weight is a number above 0: 2 is twice the share of 1.")
	}
	t.Weight = weight
	if text := strings.TrimSpace(r.PostFormValue("rate")); text != "" {
		if t.Quota.Rate, err = strconv.ParseFloat(text, 64); err != nil || !(t.Quota.Rate >= 0) || math.IsInf(t.Quota.Rate, 0) {
			return t, invalid("The rate is a number of runs a second, such as 0.5, or 0 for no limit.")
		}
	}
	for name, field := range map[string]*int{"running": &t.Running, "queued": &t.Quota.Queued, "payload": &t.Quota.Payload, "burst": &t.Quota.Burst} {
		text := strings.TrimSpace(r.PostFormValue(name))
		if text == "" {
			text = "0"
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return t, invalid("A limit is a whole number, or 0 for none.")
		}
		*field = n
	}
	return t, nil
}
