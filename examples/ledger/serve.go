package main

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/berth-project/berth/examples/ledger/internal/statement"
	"github.com/berth-project/berth/examples/ledger/internal/store"
	"github.com/berth-project/berth/examples/ledger/internal/web"
	"github.com/berth-project/berth/session"
)

//go:embed assets
var assets embed.FS

const (
	// drainPatience is how long requests may take to finish at the end; below
	// the grace the manifest gives.
	drainPatience = 10 * time.Second
	tidyEvery     = time.Hour
	maxStreams    = 200
	// keepStatements is how long a statement waits for its download to begin.
	keepStatements = 5 * time.Minute
)

// serve answers requests until ctx ends, then finishes those it has begun.
func serve(ctx context.Context, st *store.Store, getenv func(string) string, log *slog.Logger) error {
	guard, direct, err := guardOf(getenv, log)
	if err != nil {
		return err
	}
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		return err
	}
	shelf := statement.Shelf{
		Directory: cmp.Or(getenv("STATEMENTS_DIR"), filepath.Join(dataDirectory(getenv), "statements")),
		Keep:      keepStatements, Now: time.Now,
	}
	app, err := web.New(web.Config{
		Store: st, Shelf: shelf, Direct: direct, Guard: guard, Assets: files, Log: log, Now: time.Now, Streams: maxStreams,
	}, ctx.Done())
	if err != nil {
		return err
	}
	listener, err := listen(ctx, getenv)
	if err != nil {
		return err
	}
	log.Info("ready", "address", listener.Addr().String())
	return serveOn(ctx, listener, app.Handler(), func(ctx context.Context) { tidy(ctx, st, shelf, log) })
}

// guardOf says how the app learns who is calling: from the gateway, or, only
// where it was asked for, from nobody.
func guardOf(getenv func(string) string, log *slog.Logger) (guard func(http.Handler) http.Handler, direct bool, err error) {
	if getenv("BERTH_JWKS_URL") == "" {
		if getenv("LEDGER_DEVELOPMENT") != "1" {
			return nil, false, errors.New("BERTH_JWKS_URL is not set: run behind Berth, or set LEDGER_DEVELOPMENT=1 to work without it")
		}
		log.Warn("no gateway: every caller on this machine is the developer", "email", developer.User.Email)
		return session.Development(developer), true, nil
	}
	cfg, err := session.ConfigFromEnvironment(getenv)
	if err != nil {
		return nil, false, err
	}
	cfg.Log = log
	verifier, err := session.NewVerifier(cfg)
	if err != nil {
		return nil, false, err
	}
	return verifier.Middleware, false, nil
}

// developer is who everybody is under LEDGER_DEVELOPMENT=1.
var developer = session.Session{
	ID: "development", User: session.User{ID: "development", Email: "casey@acme.test", Name: "Casey (development)"},
	Memberships: []session.Membership{
		{Tenant: "acme", TenantName: "Acme Credit Union", Roles: []string{"customer", "manager"}, Plans: []string{"premium"}},
	},
}

// listen listens where the environment says. Only Berth is to connect, so a
// port is one of the loopback interface.
func listen(ctx context.Context, getenv func(string) string) (net.Listener, error) {
	var lc net.ListenConfig
	if path := getenv("BERTH_SOCKET"); path != "" {
		return lc.Listen(ctx, "unix", path)
	}
	return lc.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", cmp.Or(getenv("PORT"), "8000")))
}

func serveOn(ctx context.Context, listener net.Listener, handler http.Handler, beside func(context.Context)) error {
	srv := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute, // above the gateway's, which closes first
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { beside(ctx) })
	ended := make(chan error, 1)
	wg.Go(func() { ended <- srv.Serve(listener) })
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	last, cancelLast := context.WithTimeout(context.WithoutCancel(ctx), drainPatience)
	defer cancelLast()
	if err := srv.Shutdown(last); err != nil {
		return errors.Join(fmt.Errorf("drain: %w", err), srv.Close())
	}
	return nil
}

// tidy removes, now and then, what nobody will ask for again.
func tidy(ctx context.Context, st *store.Store, shelf statement.Shelf, log *slog.Logger) {
	every := time.NewTicker(tidyEvery)
	defer every.Stop()
	for {
		if err := errors.Join(st.Tidy(ctx), shelf.Sweep()); err != nil && ctx.Err() == nil {
			log.Warn("not tidied", "error", err)
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return
		}
	}
}
