package console

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
)

// runBulk is the page before something is done to several runs: those that were
// chosen, not those a filter finds by then.
type runBulk struct {
	Verb string
	Act  runVerb
	// Runs are those it will be done to, Others those whose state does not allow
	// it.
	Runs, Others []runRow
	// Problems are what did not work, Done how many did.
	Problems []string
	Done     int
}

// bulkVerbs are what can be done to several runs at once.
var bulkVerbs = map[string]bool{"cancel": true, "pause": true, "resume": true, "retry": true}

// confirmBulk reads which runs were chosen and sorts out those it makes no sense for.
func (c *Console) confirmBulk(ctx context.Context, r *http.Request) (*page, *fault) {
	verb := r.PathValue("verb")
	if !bulkVerbs[verb] || c.src.WorkActions == nil {
		return nil, faultNotFound
	}
	if err := r.ParseForm(); err != nil {
		return nil, invalid("The form cannot be read.")
	}
	chosen := r.PostForm["run"]
	if len(chosen) == 0 || len(chosen) > runsPage {
		return nil, invalid("Choose runs in the list.")
	}
	v := runBulk{Verb: verb, Act: runVerbs[verb]}
	for _, text := range chosen {
		id, err := workflow.ParseRunID(text)
		if err != nil {
			return nil, invalid("One of these is no id of a run.")
		}
		run, err := c.src.Work.Get(ctx, id, nil)
		if err != nil {
			return nil, c.workFault(err)
		}
		row := rowOf(&run.Summary, c.src.Now())
		if v.Act.fits(&run) {
			v.Runs = append(v.Runs, row)
		} else {
			v.Others = append(v.Others, row)
		}
	}
	return &page{title: fmt.Sprintf("%s %s", v.Act.Title, runCount(len(v.Runs))), template: "run_bulk", room: "/runs", up: "/runs", data: v}, nil
}

func runCount(n int) string {
	if n == 1 {
		return "1 run"
	}
	return fmt.Sprintf("%d runs", n)
}

// Count is how many runs it will be done to.
func (b runBulk) Count() string { return runCount(len(b.Runs)) }

// steerAll asks first, and then does it to each.
func (c *Console) steerAll(w http.ResponseWriter, r *http.Request) {
	p, f := c.working(c.confirmBulk)(r)
	if f != nil {
		c.fail(w, r, f)
		return
	}
	v, _ := p.data.(runBulk)
	if r.PostFormValue("sure") == "" || len(v.Runs) == 0 {
		c.render(w, r, http.StatusOK, p)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), workTimeout)
	defer cancel()
	reason := strings.TrimSpace(r.PostFormValue("reason"))
	for i := range v.Runs {
		err := c.src.WorkActions.Control(ctx, shard.Order{Verb: v.Act.verb, Run: v.Runs[i].ID, By: byName(r), Reason: reason})
		if err != nil {
			v.Problems = append(v.Problems, v.Runs[i].ID.String()+": "+c.workFault(err).text)
			continue
		}
		v.Done++
	}
	c.src.Log.Info("console action done", "action", v.Verb, "runs", v.Done, "failed", len(v.Problems), "user", userOf(r))
	if len(v.Problems) > 0 {
		p.data = v
		c.render(w, r, http.StatusConflict, p)
		return
	}
	http.Redirect(w, r, c.href("/runs", "done", v.Verb), http.StatusSeeOther)
}
