package web

import (
	"io"
	"net/http"
)

// maxBody bounds what is read of a request, in bytes: an upload and its form.
const maxBody = maxUpload + 1<<20

// Handler returns everything the app answers.
func (a *App) Handler() http.Handler {
	guarded := http.NewServeMux()
	on := func(pattern string, h func(http.ResponseWriter, *http.Request) error) {
		guarded.Handle(pattern, a.handle(h))
	}
	on("GET /{$}", a.landing)
	on("GET /waits", a.waitEvents)
	on("GET /{tenant}/{$}", a.studio)
	on("GET /{tenant}/events", a.studioEvents)
	on("POST /{tenant}/runs", a.submit)
	on("POST /{tenant}/flood", a.flood)
	on("GET /{tenant}/runs/{id}", a.run)
	on("GET /{tenant}/runs/{id}/events", a.runEvents)
	on("GET /{tenant}/runs/{id}/files/{name}", a.file)
	on("POST /{tenant}/runs/{id}/cancel", a.steer(a.cfg.Studio.Cancel))
	on("POST /{tenant}/runs/{id}/retry", a.steer(a.cfg.Studio.Retry))
	on("/", func(http.ResponseWriter, *http.Request) error { return faultNoPage })

	// A browser sends its cookie along with what other sites' pages ask for;
	// this refuses such requests where they would change something.
	sites := http.NewCrossOriginProtection()
	sites.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.fail(w, r, &fault{http.StatusForbidden, "This request came from another site."})
	}))

	root := http.NewServeMux()
	root.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	root.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(a.cfg.Assets)))
	root.Handle("/", sites.Handler(a.cfg.Guard(guarded)))
	return protective(root)
}

// protective sets what every answer says to browsers, and bounds every body.
func protective(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "+
			"form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}
