package web

import (
	"io"
	"net/http"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
	"github.com/berth-project/berth/examples/ledger/internal/statement"
)

// maxBody bounds what is read of a request: no form or document here is larger.
const maxBody = 16 << 10

// Handler returns everything the app answers.
func (a *App) Handler() http.Handler {
	guarded := http.NewServeMux()
	guarded.Handle("/api/", a.apiRoutes())
	guarded.Handle("/", a.pageRoutes())

	// A browser sends its cookie along with what other sites' pages ask for;
	// this refuses such requests where they would change something.
	sites := http.NewCrossOriginProtection()
	sites.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.fail(w, r, &fault{http.StatusForbidden, "cross_site", "This request came from another site."})
	}))

	root := http.NewServeMux()
	root.HandleFunc("GET /healthz", a.health)
	root.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(a.cfg.Assets)))
	root.Handle("/", sites.Handler(a.cfg.Guard(guarded)))
	return protective(root)
}

func (a *App) apiRoutes() http.Handler {
	mux := http.NewServeMux()
	on := func(pattern string, h func(http.ResponseWriter, *http.Request) error) {
		mux.Handle(pattern, a.handle(h))
	}
	on("GET /api/accounts", a.apiMyAccounts)
	on("GET /api/{tenant}/accounts", a.apiAccounts)
	on("POST /api/{tenant}/accounts", a.apiOpen)
	on("GET /api/{tenant}/accounts/{id}", a.apiAccount)
	on("GET /api/{tenant}/accounts/{id}/entries", a.apiEntries)
	on("PUT /api/{tenant}/accounts/{id}/status", a.apiStatus)
	on("POST /api/{tenant}/accounts/{id}/deposits", a.apiMove(bank.Deposit))
	on("POST /api/{tenant}/accounts/{id}/withdrawals", a.apiMove(bank.Withdrawal))
	on("POST /api/{tenant}/transfers", a.apiMove(bank.Transfer))
	on("GET /api/{tenant}/accounts/{id}/statement.pdf", a.statement(statement.PDF))
	on("GET /api/{tenant}/accounts/{id}/statement.csv", a.statement(statement.CSV))
	on("GET /api/{tenant}/audit", a.apiAudit)
	on("/", a.nothing)
	return mux
}

func (a *App) pageRoutes() http.Handler {
	mux := http.NewServeMux()
	on := func(pattern string, h func(http.ResponseWriter, *http.Request) error) {
		mux.Handle(pattern, a.handle(h))
	}
	on("GET /{$}", a.landing)
	on("GET /beta/cash-flow", a.cashFlow)
	on("GET /{tenant}/{$}", a.accounts)
	on("POST /{tenant}/accounts", a.openForm)
	on("GET /{tenant}/accounts/{id}", a.account)
	on("POST /{tenant}/accounts/{id}/deposits", a.moveForm(bank.Deposit))
	on("POST /{tenant}/accounts/{id}/withdrawals", a.moveForm(bank.Withdrawal))
	on("POST /{tenant}/accounts/{id}/transfers", a.moveForm(bank.Transfer))
	on("POST /{tenant}/accounts/{id}/status", a.statusForm)
	on("GET /{tenant}/accounts/{id}/statement.pdf", a.statement(statement.PDF))
	on("GET /{tenant}/accounts/{id}/statement.csv", a.statement(statement.CSV))
	on("GET /{tenant}/audit", a.audit)
	on("GET /{tenant}/events", a.events)
	on("/", a.nothing)
	return mux
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

// health says whether the database can be used.
func (a *App) health(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := a.cfg.Store.Ping(r.Context()); err != nil {
		a.cfg.Log.ErrorContext(r.Context(), "database does not answer", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "database does not answer\n") // the prober may be gone
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

func (a *App) nothing(http.ResponseWriter, *http.Request) error { return bank.RefuseUnknown("page") }
