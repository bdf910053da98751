package console

import (
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
	mux.Handle("GET /preferences", c.show(c.preferences))
	mux.Handle("POST /preferences", http.HandlerFunc(c.savePreferences))
	mux.Handle("GET /events", http.HandlerFunc(c.events))
	mux.Handle("GET /assets/", http.HandlerFunc(c.asset))
	mux.Handle("/", http.HandlerFunc(c.unknown))
	return c.protect(http.StripPrefix(c.cfg.BasePath, mux))
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
