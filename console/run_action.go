package console

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow/machine"
)

// runVerb is what an operator may ask of a run.
type runVerb struct {
	verb shard.Verb
	// Title and Button are what people read, Keep the way back, What what will
	// happen.
	Title, Button, Keep, What string
	// danger says that it cannot be undone.
	danger bool
	// fits says in which states it makes sense.
	fits func(*engine.Run) bool
}

func unfinished(r *engine.Run) bool { return !r.Status.Final() }
func finished(r *engine.Run) bool   { return r.Status.Final() }
func begunRun(r *engine.Run) bool   { return r.View.Started != 0 }

// runVerbs are all of them, by their addresses.
var runVerbs = map[string]runVerb{
	"cancel": {
		shard.Cancel, "Cancel", "Cancel the run", "Let it run",
		"What executes is called back, what waits does not start. Steps under finally still run; canceled again, those end too.", true, unfinished,
	},
	"pause": {
		shard.Pause, "Pause", "Pause the run", "Let it run",
		"What executes goes on; nothing new starts until the run is resumed.", false, unfinished,
	},
	"resume": {
		shard.Resume, "Resume", "Resume the run", "Leave it paused",
		"Steps start again as they become ready.", false, unfinished,
	},
	"release": {
		shard.Release, "Release", "Queue it now", "Leave it held",
		"It is queued now instead of at its time.", false, func(r *engine.Run) bool { return r.Status == machine.Held },
	},
	"retry": {
		shard.Retry, "Retry", "Run again what did not succeed", "Leave it",
		"It is queued again and goes on from where it failed. What succeeded stays as it is.", false,
		func(r *engine.Run) bool { return r.Status.Final() && r.Status != machine.Succeeded },
	},
	"reset": {
		shard.Reset, "Reset steps of", "Run these again", "Leave them",
		"The steps lose their results and run again, and so does all that depends on them.", true, begunRun,
	},
	"skip": {
		shard.Skip, "Skip a step of", "Skip it", "Leave it",
		"The step is settled as skipped; those that need it go on without its output.", true, unfinished,
	},
	"signal": {
		shard.SignalIt, "Signal", "Send the signal", "Send nothing",
		"Steps that wait for a signal of the name take it; one that comes before anybody waits is kept.", false, unfinished,
	},
	"move": {
		shard.Requeue, "Move", "Move the run", "Leave it where it is",
		"It waits in the queue, and with the priority, that is chosen.", false, func(r *engine.Run) bool { return r.Status == machine.Queued || r.Status == machine.Held },
	},
	"delete": {
		shard.Delete, "Delete", "Delete the run", "Keep it",
		"The run is deleted with its outputs, history and logs. It cannot be brought back.", true, finished,
	},
}

// runConfirm is the page before an action.
type runConfirm struct {
	Verb    string
	Act     runVerb
	Row     runRow
	Problem string
	// Steps are those of the run, for a reset; Chosen are marked.
	Steps  []stepRow
	Chosen map[string]bool
	// Reset and Drop are what a reset means, when steps are chosen.
	Previewed   bool
	Reset, Drop []string
	// Awaits are the signals that steps wait for, Signal, Data and Approve the
	// form.
	Awaits       []stepRow
	Signal, Data string
	Approval     bool
	Queues       []string
	Classes      []int
	Priority     int
	Reason       string
}

// Danger says that the action cannot be undone.
func (v runVerb) Danger() bool { return v.danger }

func (c *Console) confirmRun(ctx context.Context, r *http.Request) (*page, *fault) {
	verb, known := runVerbs[r.PathValue("verb")]
	if !known || c.src.WorkActions == nil {
		return nil, faultNotFound
	}
	run, f := c.runNamed(ctx, r)
	if f != nil {
		return nil, f
	}
	if !verb.fits(run) {
		return nil, &fault{
			status: http.StatusConflict, code: "conflict",
			text: "Run " + run.ID.String() + " is " + runMark(run.Status, run.Paused).Word + ": that does not allow this any more, or not yet.",
		}
	}
	v := runConfirm{Verb: r.PathValue("verb"), Act: verb, Row: rowOf(&run.Summary, c.src.Now()), Chosen: map[string]bool{}, Priority: int(run.Priority)}
	if f := c.fillConfirm(ctx, &v, run, r); f != nil {
		return nil, f
	}
	id := run.ID.String()
	return &page{
		title: verb.Title + " " + id, template: "run_confirm", room: "/runs", up: c.href("/runs/{id}", "/id", id)[len(c.cfg.BasePath):],
		params: []string{"step", "name"}, data: v,
	}, nil
}

// fillConfirm adds what the form of an action asks for, as it was filled in so far.
func (c *Console) fillConfirm(ctx context.Context, v *runConfirm, run *engine.Run, r *http.Request) *fault {
	if err := r.ParseForm(); err != nil {
		return invalid("The form cannot be read.")
	}
	v.Signal, v.Data, v.Reason = r.Form.Get("name"), r.Form.Get("data"), r.Form.Get("reason")
	for i := range run.View.Steps {
		row := stepRow{StepView: run.View.Steps[i], Run: run.ID.String(), now: c.src.Now()}
		v.Steps = append(v.Steps, row)
		if row.Status == machine.StepSleeping && row.Awaits != "" {
			v.Awaits = append(v.Awaits, row)
			v.Approval = v.Approval || row.Approval && (v.Signal == "" || v.Signal == row.Awaits)
		}
	}
	if v.Signal == "" && len(v.Awaits) > 0 {
		v.Signal = v.Awaits[0].Awaits
	}
	chosen := r.Form["step"]
	for _, name := range chosen {
		v.Chosen[name] = true
	}
	if v.Act.verb == shard.Reset && len(chosen) > 0 {
		reset, drop, err := run.Plan.ResetClosure(chosen)
		if err != nil {
			return invalid(sentence(err))
		}
		v.Previewed, v.Reset, v.Drop = true, namesOf(run, reset), namesOf(run, drop)
	}
	if v.Act.verb == shard.Requeue {
		v.Queues = c.queueNames(ctx, run.Queue)
		for class := range 10 {
			v.Classes = append(v.Classes, class)
		}
	}
	return nil
}

func namesOf(run *engine.Run, nodes []int) []string {
	var names []string
	for _, i := range nodes {
		names = append(names, run.Plan.Node(i).Step.Name)
	}
	return names
}

// steer carries out what was confirmed.
func (c *Console) steer(w http.ResponseWriter, r *http.Request) {
	p, f := c.working(c.confirmRun)(r)
	if f != nil {
		c.fail(w, r, f)
		return
	}
	v, _ := p.data.(runConfirm)
	order, f := orderOf(&v, r)
	if f == nil && v.Act.verb == shard.Reset && r.PostFormValue("sure") == "" {
		c.render(w, r, http.StatusOK, p) // the steps were chosen: here is what that means
		return
	}
	log := c.src.Log.With("run", v.Row.ID.String(), "action", v.Verb, "user", userOf(r))
	if f == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), workTimeout)
		defer cancel()
		if err := c.src.WorkActions.Control(ctx, order); err != nil {
			log.Warn("console action did not work", "error", err)
			f = c.workFault(err)
		}
	}
	if f != nil {
		v.Problem = f.text
		p.data = v
		c.render(w, r, f.status, p)
		return
	}
	log.Info("console action done")
	if v.Act.verb == shard.Delete {
		http.Redirect(w, r, c.href("/runs"), http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, c.href("/runs/{id}", "/id", v.Row.ID.String(), "done", v.Verb), http.StatusSeeOther)
}

// orderOf reads the form of an action.
func orderOf(v *runConfirm, r *http.Request) (shard.Order, *fault) {
	o := shard.Order{Verb: v.Act.verb, Run: v.Row.ID, By: byName(r), Reason: strings.TrimSpace(r.PostFormValue("reason"))}
	switch o.Verb {
	case shard.Reset, shard.Skip:
		if o.Steps = r.PostForm["step"]; len(o.Steps) == 0 {
			return o, invalid("Choose a step.")
		}
		for _, name := range o.Steps {
			if !slices.ContainsFunc(v.Steps, func(s stepRow) bool { return s.Name == name }) {
				return o, invalid("The run has no step " + strconv.Quote(name) + ".")
			}
		}
	case shard.SignalIt:
		return signalOf(o, r)
	case shard.Requeue:
		o.Queue = r.PostFormValue("queue")
		priority, err := strconv.Atoi(r.PostFormValue("priority"))
		if err != nil || priority < 0 || priority > 9 {
			return o, invalid("The priority is a number from 0, the most urgent, to 9.")
		}
		o.Priority = &priority
	}
	return o, nil
}

// decisionData is the data of a signal that answers a request for approval.
type decisionData struct {
	Approved bool   `json:"approved"`
	Comment  string `json:"comment,omitempty"`
}

// signalOf reads the form of a signal.
func signalOf(o shard.Order, r *http.Request) (shard.Order, *fault) {
	o.Signal.Name = strings.TrimSpace(r.PostFormValue("name"))
	if o.Signal.Name == "" {
		return o, invalid("Say which signal it is.")
	}
	if decision := r.PostFormValue("decision"); decision != "" {
		data, err := json.Marshal(decisionData{Approved: decision == "approve", Comment: o.Reason})
		o.Signal.Data = data
		if err != nil || decision != "approve" && decision != "reject" {
			return o, invalid("Approve or reject.")
		}
		return o, nil
	}
	if data := strings.TrimSpace(r.PostFormValue("data")); data != "" {
		if !json.Valid([]byte(data)) {
			return o, invalid("The data is no JSON.")
		}
		o.Signal.Data = json.RawMessage(data)
	}
	return o, nil
}
