package e2e_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// One studio has 200 runs in the queue when another submits five: these five
// end before 40 of the 200 do, counted in the order in which runs ended, not by
// the clock. First come, first served, all 200 would go before them.
//
// The other tests run in parallel, which is after this one.
func TestAFloodDelaysNobodyElse(t *testing.T) {
	s := berth(t)
	mara, zoe, dana := s.signIn(t, "mara@acme.test"), s.signIn(t, "zoe@zenith.test"), s.signIn(t, "dana@example.test")
	mara.want(post("/acme/flood", url.Values{"n": {"200"}}), 303)
	defer mara.stopFlood()
	var five []string
	for range 5 {
		five = append(five, zoe.submit(post("/zenith/runs", url.Values{"title": {"Small"}, "side": {"120"}})))
	}
	for _, id := range five {
		if v := zoe.await(id); v.State != "succeeded" {
			t.Fatalf("run = %s: %+v", v.State, v.Detail.Failure)
		}
	}
	before, last := 0, 0
	for _, r := range dana.runs(url.Values{"order": {"finished"}}) {
		switch {
		case slices.Contains(five, r.ID):
			last = before
		case r.Tenant == "acme":
			before++
		}
	}
	t.Logf("%d runs of the flood ended before the last of the other studio's five", last)
	if last >= 40 {
		t.Errorf("%d runs of the flood ended before the last of the other studio's five, want fewer than 40", last)
	}
	if waiting := len(mara.runs(url.Values{"state": {"queued"}})); waiting < 100 {
		t.Errorf("%d runs of the flood still wait: it was none", waiting)
	}
	for _, studio := range []string{"acme", "zenith"} {
		if page := dana.want(get("/"), 200).body; !strings.Contains(page, `<th scope="row">`+studio+`</th>`) {
			t.Errorf("the page does not say how long runs of %s wait:\n%s", studio, page)
		}
	}
	shown := false
	mara.stream("/acme/events", func(event, data string) bool {
		shown = shown || event == "show" && strings.Contains(data, `"waits"`)
		return shown
	})
	if !shown {
		t.Error("the page of the studio is not told how long its runs wait")
	}
}

// runs lists runs that this person may see, as the engine's API tells them.
func (p *person) runs(q url.Values) []runView {
	p.t.Helper()
	var all []runView
	q.Set("limit", "1000")
	for {
		var page struct {
			Runs []runView
			Next string
		}
		if err := json.Unmarshal([]byte(p.want(get("/api/v1/runs?"+q.Encode()), 200).body), &page); err != nil {
			p.t.Fatal(err)
		}
		all = append(all, page.Runs...)
		if page.Next == "" || len(page.Runs) == 0 {
			return all
		}
		q.Set("cursor", page.Next)
	}
}

// stopFlood leaves the queue to others.
func (p *person) stopFlood() {
	for _, r := range p.runs(url.Values{"state": {"live"}}) {
		p.send(post("/acme/runs/"+r.ID+"/cancel", nil)) // one that has just ended says so
	}
}
