package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/store"
)

// workAct is what an operator may have done about a queue, a pool, a schedule, a
// tenant or a dead event.
type workAct struct {
	// Title and Button are what people read, Keep the way back, What what will
	// happen.
	Title, Button, Keep, What string
	// Danger says that it cannot be undone.
	Danger bool
	do     func(ctx context.Context, c *Console, r *http.Request, name string) *fault
}

// workActs are all of them, by room and verb.
var workActs = map[string]map[string]workAct{
	"queues": {
		"pause":  {"Pause queue", "Pause it", "Leave it open", "Nothing starts from it until it is resumed. What runs goes on; what is submitted waits.", false, queueEdit(func(q *work.Queue) { q.Paused = true })},
		"resume": {"Resume queue", "Resume it", "Leave it paused", "What waits starts again, in its order.", false, queueEdit(func(q *work.Queue) { q.Paused = false })},
		"drain":  {"Drain queue", "Drain it", "Leave it open", "It takes nothing new: what names it is refused, what would match it goes elsewhere. What waits runs.", false, queueEdit(func(q *work.Queue) { q.Draining = true })},
		"fill":   {"Open queue", "Take runs again", "Leave it draining", "It takes runs again.", false, queueEdit(func(q *work.Queue) { q.Draining = false })},
	},
	"pools": {
		"pause":  {"Pause pool", "Pause it", "Let it work", "No step starts there until it is resumed. What runs goes on.", false, poolEdit(func(p *work.Pool) { p.Paused = true })},
		"resume": {"Resume pool", "Resume it", "Leave it paused", "Steps start there again.", false, poolEdit(func(p *work.Pool) { p.Paused = false })},
		"drain":  {"Drain pool", "Drain it", "Let it work", "No run begins for it; steps of runs that have begun still start there. Its workers may leave when those have ended.", false, poolEdit(func(p *work.Pool) { p.Draining = true })},
		"fill":   {"Open pool", "Let it work again", "Leave it draining", "Runs begin for it again.", false, poolEdit(func(p *work.Pool) { p.Draining = false })},
	},
	"schedules": {
		"pause":  {"Pause schedule", "Pause it", "Leave it on", "Nothing starts at its times until it is resumed.", false, scheduleEdit(func(s *work.Schedule) { s.Paused = true })},
		"resume": {"Resume schedule", "Resume it", "Leave it paused", "Its times count again. What happens with those that passed meanwhile, its policy for missed times says.", false, scheduleEdit(func(s *work.Schedule) { s.Paused = false })},
		"run":    {"Run now", "Start a run now", "Start nothing", "A run starts now, as at one of its times; its next times stay as they are.", false, nil},
	},
	"tenants": {
		"suspend": {"Suspend tenant", "Suspend it", "Leave it as it is", "None of its runs starts until it is resumed. What runs goes on; it may still submit.", false, tenantEdit(func(t *work.Tenant) { t.Suspended = true })},
		"resume":  {"Resume tenant", "Resume it", "Leave it suspended", "Its runs start again, beside those of the others: what it did not use meanwhile is not made up for.", false, tenantEdit(func(t *work.Tenant) { t.Suspended = false })},
		"limits":  {"Limits of tenant", "Put in force", "Leave them", "", false, tenantLimits},
	},
	"dead": {
		"replay": {"Replay event", "Try it again", "Leave it", "It is delivered again, with the same id: a receiver that has had it can tell.", false, deadDo(WorkActions.Replay)},
		"drop":   {"Drop event", "Drop it", "Keep it", "It is forgotten and will never be delivered.", true, deadDo(WorkActions.Drop)},
	},
}

// workConfirm is the page before an action.
type workConfirm struct {
	Room, Verb, Name string
	Act              workAct
	Problem          string
	Tenant           *tenantRow
}

func (c *Console) confirmWork(ctx context.Context, r *http.Request) (*page, *fault) {
	room, verb, name := r.PathValue("room"), r.PathValue("verb"), r.PathValue("name")
	act, known := workActs[room][verb]
	if !known || c.src.WorkActions == nil {
		return nil, faultNotFound
	}
	v := workConfirm{Room: room, Verb: verb, Name: name, Act: act}
	if room == "tenants" {
		t, f := c.tenantNamed(ctx, name)
		if f != nil {
			return nil, f
		}
		v.Tenant = &t
	}
	return &page{title: act.Title + " " + name, template: "work_confirm", room: "/" + room, up: "/" + room, data: v}, nil
}

// actOnWork carries out what was confirmed.
func (c *Console) actOnWork(w http.ResponseWriter, r *http.Request) {
	p, f := c.working(c.confirmWork)(r)
	if f != nil {
		c.fail(w, r, f)
		return
	}
	v, _ := p.data.(workConfirm)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), workTimeout)
	defer cancel()
	log := c.src.Log.With("room", v.Room, "name", v.Name, "action", v.Verb, "user", userOf(r))
	if v.Room == "schedules" && v.Verb == "run" {
		id, err := c.src.WorkActions.RunSchedule(ctx, v.Name, byName(r))
		if err == nil {
			log.Info("console action done")
			http.Redirect(w, r, c.href("/runs/{id}", "/id", id.String(), "done", "submit"), http.StatusSeeOther)
			return
		}
		f = c.workFault(err)
	} else {
		f = v.Act.do(ctx, c, r, v.Name)
	}
	if f != nil {
		log.Warn("console action did not work", "error", f.text)
		v.Problem = f.text
		p.data = v
		c.render(w, r, f.status, p)
		return
	}
	log.Info("console action done")
	back := "/" + v.Room
	if v.Room == "queues" {
		back = c.href("/queues/{name}", "/name", v.Name)[len(c.cfg.BasePath):]
	}
	http.Redirect(w, r, c.href(back, "done", v.Verb), http.StatusSeeOther)
}

// edit changes a setting as it stands in the store, unless somebody else changes it
// at the same time. base is what counts where the store has none.
func edit[T any](ctx context.Context, c *Console, kind, name string, base T, change func(*T), put func(context.Context, T, int64) (int64, error)) *fault {
	version := int64(0)
	s, err := c.src.WorkActions.Setting(ctx, kind, name)
	switch {
	case err == nil:
		version = s.Version
		var stored T
		if err := json.Unmarshal(s.Body, &stored); err != nil {
			return c.workFault(err)
		}
		base = stored
	case !errors.Is(err, work.ErrNotFound):
		return c.workFault(err)
	}
	change(&base)
	if _, err := put(ctx, base, version); err != nil {
		return c.workFault(err)
	}
	return nil
}

func queueEdit(change func(*work.Queue)) func(context.Context, *Console, *http.Request, string) *fault {
	return func(ctx context.Context, c *Console, _ *http.Request, name string) *fault {
		q, f := c.queueNamed(ctx, name)
		if f != nil {
			return f
		}
		return edit(ctx, c, engine.KindQueue, name, q.Queue, change, c.src.WorkActions.PutQueue)
	}
}

func poolEdit(change func(*work.Pool)) func(context.Context, *Console, *http.Request, string) *fault {
	return func(ctx context.Context, c *Console, _ *http.Request, name string) *fault {
		return edit(ctx, c, engine.KindPool, name, work.Pool{Name: name}, change, c.src.WorkActions.PutPool)
	}
}

func scheduleEdit(change func(*work.Schedule)) func(context.Context, *Console, *http.Request, string) *fault {
	return func(ctx context.Context, c *Console, _ *http.Request, name string) *fault {
		s, f := c.scheduleNamed(name)
		if f != nil {
			return f
		}
		return edit(ctx, c, engine.KindSchedule, name, s, change, c.src.WorkActions.PutSchedule)
	}
}

func tenantEdit(change func(*work.Tenant)) func(context.Context, *Console, *http.Request, string) *fault {
	return func(ctx context.Context, c *Console, _ *http.Request, name string) *fault {
		return edit(ctx, c, engine.KindTenant, name, work.Tenant{Name: name}, change, c.src.WorkActions.PutTenant)
	}
}

func tenantLimits(ctx context.Context, c *Console, r *http.Request, name string) *fault {
	limits, f := limitsOf(work.Tenant{}, r)
	if f != nil {
		return f
	}
	return tenantEdit(func(t *work.Tenant) {
		t.Weight, t.Running, t.Quota = limits.Weight, limits.Running, limits.Quota
	})(ctx, c, r, name)
}

// deadDo does something with the event of an id.
func deadDo(do func(WorkActions, context.Context, store.Event) error) func(context.Context, *Console, *http.Request, string) *fault {
	return func(ctx context.Context, c *Console, _ *http.Request, id string) *fault {
		events, f := c.deadNamed(ctx, []string{id})
		if f != nil {
			return f
		}
		if err := do(c.src.WorkActions, ctx, events[0]); err != nil {
			return c.workFault(err)
		}
		return nil
	}
}

// replayShown tries the events again that a page showed, by their ids: what came
// since is left alone.
func (c *Console) replayShown(w http.ResponseWriter, r *http.Request) {
	if c.src.Work == nil || c.src.WorkActions == nil {
		c.fail(w, r, faultNotFound)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), workTimeout)
	defer cancel()
	if err := r.ParseForm(); err != nil {
		c.fail(w, r, invalid("The form cannot be read."))
		return
	}
	ids := slices.Compact(slices.Sorted(slices.Values(r.PostForm["event"])))
	if len(ids) == 0 || len(ids) > deadPage {
		c.fail(w, r, invalid("Choose events to replay."))
		return
	}
	events, f := c.deadNamed(ctx, ids)
	if f == nil {
		if err := c.src.WorkActions.ReplayAll(ctx, events); err != nil {
			f = c.workFault(err)
		}
	}
	if f != nil {
		c.fail(w, r, f)
		return
	}
	c.src.Log.Info("console action done", "room", "dead", "action", "replay", "events", len(events), "user", userOf(r))
	http.Redirect(w, r, c.href("/dead", "done", "replay-all"), http.StatusSeeOther)
}
