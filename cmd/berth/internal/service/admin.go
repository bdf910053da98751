package service

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/health"
	"github.com/berth-project/berth/login"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/telemetry"
)

// adminServer is the listener beside the app's: console, metrics, health, and
// the key set for the processes on this machine.
type adminServer struct {
	listener net.Listener
	tls      bool
	log      *slog.Logger
}

func listenAdmin(address string, log *slog.Logger) (*adminServer, error) {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("console, health and metrics: %w (--admin or console.listen names another address)", err)
	}
	return &adminServer{listener: ln, log: log}, nil
}

// secure makes a listener that others reach speak TLS, with the gateway's
// certificates, where the service has any.
func (a *adminServer) secure(m *manifest.Manifest, certs *certificates) {
	if a.loopback() || m.Gateway.TLS.Mode == "off" {
		return
	}
	a.tls = true
	a.listener = tls.NewListener(a.listener, &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: certs.Certificate, NextProtos: []string{"http/1.1"},
	})
}

// url is where a person on this machine opens it.
func (a *adminServer) url() string {
	scheme := "http://"
	if a.tls {
		scheme = "https://"
	}
	return scheme + localAddress(a.listener.Addr())
}

// loopback reports whether nobody but this machine reaches it.
func (a *adminServer) loopback() bool {
	tcp, ok := a.listener.Addr().(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// localAddress is an address as this machine dials it: an unspecified host is
// the loopback one.
func localAddress(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("localhost:%d", tcp.Port)
	}
	return a.String()
}

// longestAnswer is for a page that waits for a restart, which may take five
// minutes. Event streams have limits of their own.
const longestAnswer = 6 * time.Minute

// serve answers until ctx ends.
func (a *adminServer) serve(ctx context.Context, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      longestAnswer,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if server.Shutdown(bound) != nil {
			_ = server.Close() // event streams never end by themselves
		}
	})
	err := server.Serve(a.listener)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// adminHandler puts what the admin listener serves together. No proxy is
// trusted here, so what a client says about its own connection is dropped.
func (s *Service) adminHandler(consoleHandler http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", telemetry.MetricsHandler(s.registry))
	mux.Handle("GET "+login.JWKSPath, s.people.login.Handler())
	mux.HandleFunc("GET "+gateway.LivePath, func(w http.ResponseWriter, _ *http.Request) {
		writeHealth(w, http.StatusOK, health.Report{State: health.OK, Ready: true})
	})
	mux.HandleFunc("GET "+gateway.ReadyPath, func(w http.ResponseWriter, _ *http.Request) {
		report := s.health.Snapshot()
		if !s.admin.loopback() { // whoever asks from elsewhere gets the answer without its reasons
			report.Checks = nil
		}
		status := http.StatusOK
		if !report.Ready {
			status = http.StatusServiceUnavailable
		}
		writeHealth(w, status, report)
	})
	if consoleHandler != nil {
		mux.Handle("/.berth/", s.people.login.Handler()) // signing in to the console
		mux.Handle("/", consoleHandler)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("X-Forwarded-Proto")
		mux.ServeHTTP(w, r)
	})
}

// keysHandler serves the key set alone, to the processes of this machine.
func (s *Service) keysHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+login.JWKSPath, s.people.login.Handler())
	return mux
}

func writeHealth(w http.ResponseWriter, status int, report health.Report) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(report) // a reader that left needs no answer
}
