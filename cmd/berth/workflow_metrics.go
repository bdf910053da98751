package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/telemetry"
	"github.com/berth-project/berth/work/engine"
)

// guardMetrics keeps metrics from whoever reaches the API from elsewhere: they
// tell of queues, pools and workers. Where others cannot reach the listener they
// are open, as on the admin listener of berth up.
func (f workflowServe) guardMetrics(metrics http.Handler, w *workflows.Workflows, at net.Addr) http.Handler {
	if tcp, ok := at.(*net.TCPAddr); ok && tcp.IP.IsLoopback() {
		return metrics
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		caller, err := w.Keys.Identify(r)
		switch {
		case err != nil:
			rw.Header().Set("WWW-Authenticate", `Bearer realm="berth"`)
			http.Error(rw, "metrics are for administrators: send an administrator's key, or scrape the address of --metrics", http.StatusUnauthorized)
		case !caller.Admin:
			http.Error(rw, "metrics are for administrators", http.StatusForbidden)
		default:
			metrics.ServeHTTP(rw, r)
		}
	})
}

// serveMetrics serves metrics and health on a listener of their own, if there
// is to be one.
func (f workflowServe) serveMetrics(w *workflows.Workflows, failed chan<- error) (stop func(), err error) {
	if f.metrics == "" {
		return func() {}, nil
	}
	ln, err := net.Listen("tcp", f.metrics)
	if err != nil {
		return nil, fmt.Errorf("--metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", telemetry.MetricsHandler(f.registry))
	healthRoutes(mux, w.Engine)
	srv := &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
	go func() {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("--metrics: %w", err)
		}
	}()
	return func() { _ = srv.Close() }, nil
}

// healthRoutes tell whether the process answers (/livez), whether the engine
// works (/healthz) and whether requests are answered here (/readyz).
func healthRoutes(mux *http.ServeMux, e *engine.Engine) {
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { answerHealth(w, nil) })
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		answerHealth(w, e.Health(ctx))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		var wrong []string
		if _, err := e.Serving(); err != nil {
			wrong = append(wrong, err.Error())
		}
		answerHealth(w, wrong)
	})
}

func answerHealth(w http.ResponseWriter, wrong []string) {
	if len(wrong) > 0 {
		http.Error(w, wrong[0], http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write([]byte("ok\n"))
}
