package console

import (
	"context"
	"net/http"
	"strings"
)

// builder makes a page for a request.
type builder func(*http.Request) (*page, *fault)

// routes are all addresses of the console.
func (c *Console) routes() http.Handler {
	mux := http.NewServeMux()
	c.page(mux, "/processes", c.processList)
	c.page(mux, "/routes", c.routeList)
	c.page(mux, "/routes/explain", c.explain)
	c.page(mux, "/requests", c.requestList)
	c.page(mux, "/logs", c.logList)
	c.page(mux, "/iam/simulate", c.iamSimulate)
	c.page(mux, "/iam/lint", c.iamLint)
	c.page(mux, "/iam/actions", c.iamActions)
	for path, build := range map[string]builder{"/iam/simulate": c.iamSimulate, "/iam/lint": c.iamLint} {
		mux.Handle("POST "+path, c.show(build))
		mux.Handle("POST "+path+".json", c.show(build))
	}
	mux.Handle("GET /iam", http.RedirectHandler(c.path("/iam/simulate", nil), http.StatusFound))
	mux.Handle("GET /{$}", c.show(c.overview))
	mux.Handle("GET /overview.json", c.show(c.overview))
	mux.Handle("GET /processes/{name}", c.show(c.processDetail))
	mux.Handle("GET /processes/{name}/restart", c.show(c.confirmRestart))
	mux.Handle("POST /processes/{name}/restart", http.HandlerFunc(c.restart))
	mux.Handle("GET /processes/{name}/signal", c.show(c.confirmSignal))
	mux.Handle("POST /processes/{name}/signal", http.HandlerFunc(c.signal))
	c.workRoutes(mux)
	mux.Handle("GET /preferences", c.show(c.preferences))
	mux.Handle("POST /preferences", http.HandlerFunc(c.savePreferences))
	mux.Handle("GET /events", http.HandlerFunc(c.events))
	mux.Handle("GET /assets/", http.HandlerFunc(c.asset))
	mux.Handle("/", http.HandlerFunc(c.unknown))
	return c.protect(http.StripPrefix(c.cfg.BasePath, mux))
}

// workRoutes are the addresses of the rooms of work. The name of a run is its id.
func (c *Console) workRoutes(mux *http.ServeMux) {
	for path, build := range map[string]func(context.Context, *http.Request) (*page, *fault){
		"/runs": c.runList, "/definitions": c.definitionList, "/queues": c.queueList, "/pools": c.poolList,
		"/schedules": c.scheduleList, "/dead": c.deadList, "/tenants": c.tenantList,
	} {
		c.page(mux, path, c.working(build))
	}
	for path, build := range map[string]func(context.Context, *http.Request) (*page, *fault){
		"/runs/{name}": c.runDetail, "/runs/{name}/steps/{step}": c.stepDetail, "/runs/{name}/{verb}": c.confirmRun,
		"/definitions/{name}": c.definitionDetail, "/queues/{name}": c.queueDetail,
	} {
		mux.Handle("GET "+path, c.show(c.working(build)))
	}
	mux.Handle("GET /runs/{name}/steps/{step}/log", http.HandlerFunc(c.stepLog))
	mux.Handle("POST /runs/{name}/{verb}", http.HandlerFunc(c.steer))
	mux.Handle("POST /runs/{verb}", http.HandlerFunc(c.steerAll))
	mux.Handle("POST /definitions/{name}/runs", http.HandlerFunc(c.submit))
	mux.Handle("POST /dead/replay", http.HandlerFunc(c.replayShown))
	for room := range workActs {
		within := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.SetPathValue("room", room)
				next.ServeHTTP(w, r)
			})
		}
		mux.Handle("GET /"+room+"/{name}/{verb}", within(c.show(c.working(c.confirmWork))))
		mux.Handle("POST /"+room+"/{name}/{verb}", within(http.HandlerFunc(c.actOnWork)))
	}
}

// page puts a page and its twin for machines on the mux.
func (c *Console) page(mux *http.ServeMux, path string, build builder) {
	mux.Handle("GET "+path, c.show(build))
	mux.Handle("GET "+path+".json", c.show(build))
}

// show answers with a page as HTML, as a fragment or as JSON.
func (c *Console) show(build builder) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, twin := strings.CutSuffix(r.PathValue("name"), ".json")
		r.SetPathValue("name", name)
		p, f := build(r)
		switch {
		case f != nil:
			c.fail(w, r, f)
		case twin || strings.HasSuffix(r.URL.Path, ".json"):
			c.writeJSON(w, r, p)
		default:
			c.render(w, r, http.StatusOK, p)
		}
	})
}

func (c *Console) unknown(w http.ResponseWriter, r *http.Request) {
	if unsafeMethod(r.Method) {
		c.fail(w, r, faultMethod)
		return
	}
	c.fail(w, r, faultNotFound)
}
