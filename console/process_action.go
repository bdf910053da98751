package console

import (
	"context"
	"net/http"
	"syscall"
	"time"
)

// restartTimeout bounds a restart the operator asked for.
const restartTimeout = 5 * time.Minute

// signalChoice is a signal that can be sent, and what programs take it for.
type signalChoice struct {
	Name, Meaning string
	number        syscall.Signal
}

// signals are those of use to somebody who looks at a running program.
var signals = [...]signalChoice{
	{"HUP", "reload, by convention", syscall.SIGHUP},
	{"USR1", "as the program says", syscall.SIGUSR1},
	{"USR2", "as the program says", syscall.SIGUSR2},
	{"INT", "interrupt", syscall.SIGINT},
	{"QUIT", "end, often with a trace of what it was doing", syscall.SIGQUIT},
	{"TERM", "end; it is started again as its restart policy says", syscall.SIGTERM},
	{"KILL", "end at once, losing what it was doing", syscall.SIGKILL},
}

// confirmation is the page before an action.
type confirmation struct {
	Process   string
	Instances int
	Action    string
	Signals   []signalChoice
	Problem   string
}

func (c *Console) confirm(r *http.Request, action string) (*page, *fault) {
	v, f := c.processNamed(r.PathValue("name"))
	if f != nil {
		return nil, f
	}
	if c.src.Actions == nil {
		return nil, faultNotFound
	}
	title := "Restart " + v.Name
	if action == "signal" {
		title = "Send a signal to " + v.Name
	}
	return &page{
		title: title, template: "confirm", room: "/processes", up: c.href("/processes/{name}", "/name", v.Name)[len(c.cfg.BasePath):],
		data: confirmation{Process: v.Name, Instances: len(v.Instances), Action: action, Signals: signals[:]},
	}, nil
}

func (c *Console) confirmRestart(r *http.Request) (*page, *fault) { return c.confirm(r, "restart") }

func (c *Console) confirmSignal(r *http.Request) (*page, *fault) { return c.confirm(r, "signal") }

// restart goes on when the browser leaves: half a restart is worse than one.
func (c *Console) restart(w http.ResponseWriter, r *http.Request) {
	c.act(w, r, "restart", func(ctx context.Context, name string) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restartTimeout)
		defer cancel()
		return c.src.Actions.Restart(ctx, name)
	})
}

func (c *Console) signal(w http.ResponseWriter, r *http.Request) {
	wanted := r.PostFormValue("signal")
	for _, s := range signals {
		if s.Name == wanted {
			c.act(w, r, "signal", func(_ context.Context, name string) error {
				return c.src.Actions.Signal(name, s.number)
			})
			return
		}
	}
	c.fail(w, r, invalid("Choose a signal to send."))
}

func (c *Console) act(w http.ResponseWriter, r *http.Request, action string, do func(context.Context, string) error) {
	p, f := c.confirm(r, action)
	if f != nil {
		c.fail(w, r, f)
		return
	}
	name := r.PathValue("name")
	log := c.src.Log.With("process", name, "action", action, "user", userOf(r))
	if err := do(r.Context(), name); err != nil {
		log.Warn("console action did not work", "error", err)
		v, _ := p.data.(confirmation)
		v.Problem = err.Error()
		p.data = v
		c.render(w, r, http.StatusConflict, p)
		return
	}
	log.Info("console action done")
	http.Redirect(w, r, c.href("/processes/{name}", "/name", name, "done", action), http.StatusSeeOther)
}
