// Command media is a studio's pipeline for images: upload one, watch it being
// made in several sizes, download what was made.
//
// It runs behind Berth, which signs people in, keeps strangers out, runs the
// workflow and sends the files; see berth.yaml beside it. Of Berth it imports
// package session and package work/client alone.
//
// It reads its environment:
//
//	BERTH_SOCKET, PORT               where to listen: a unix socket, or a port of 127.0.0.1
//	BERTH_WORK_URL, BERTH_WORK_KEY   where the engine's API is
//	BERTH_JWKS_URL, …                how to verify who is calling, see package session
//	MEDIA_DATA                       the directory of the files (default .berth/media)
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
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/berth-project/berth/examples/media/internal/studio"
	"github.com/berth-project/berth/examples/media/internal/vault"
	"github.com/berth-project/berth/examples/media/internal/web"
	"github.com/berth-project/berth/session"
	"github.com/berth-project/berth/work/client"
)

//go:embed assets
var assets embed.FS

const (
	// drainPatience is how long requests may take to finish at the end; below
	// the grace the manifest gives.
	drainPatience = 10 * time.Second
	maxStreams    = 200
	sweepEvery    = time.Hour
	// keepWork is how long a run that failed can be retried from where it was.
	keepWork = 24 * time.Hour
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	if err := serve(ctx, os.Getenv, log); err != nil {
		log.Error("media ends", "error", err)
		os.Exit(1)
	}
}

// serve answers requests until ctx ends, then finishes those it has begun.
func serve(ctx context.Context, getenv func(string) string, log *slog.Logger) error {
	if getenv("BERTH_JWKS_URL") == "" || getenv("BERTH_WORK_URL") == "" {
		return errors.New("BERTH_JWKS_URL or BERTH_WORK_URL is not set: run it behind Berth, berth up examples/media")
	}
	cfg, err := session.ConfigFromEnvironment(getenv)
	if err != nil {
		return err
	}
	cfg.Log = log
	verifier, err := session.NewVerifier(cfg)
	if err != nil {
		return err
	}
	work, err := client.New(getenv("BERTH_WORK_URL"), getenv("BERTH_WORK_KEY"))
	if err != nil {
		return err
	}
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		return err
	}
	data := cmp.Or(getenv("MEDIA_DATA"), filepath.Join(".berth", "media"))
	app, err := web.New(web.Config{
		Studio: studio.New(work), Data: data, Guard: verifier.Middleware, Assets: files, Log: log, Now: time.Now, Streams: maxStreams,
	}, ctx.Done())
	if err != nil {
		return err
	}
	listener, err := listen(ctx, getenv)
	if err != nil {
		return err
	}
	log.Info("ready", "address", listener.Addr().String())
	return serveOn(ctx, listener, app.Handler(), func(ctx context.Context) { sweep(ctx, data, log) })
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
		ReadTimeout:       2 * time.Minute, // an upload
		WriteTimeout:      2 * time.Minute,
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

// sweep removes, now and then, what no run will go on from.
func sweep(ctx context.Context, data string, log *slog.Logger) {
	every := time.NewTicker(sweepEvery)
	defer every.Stop()
	for {
		if err := vault.SweepAll(data, time.Now().Add(-keepWork)); err != nil {
			log.Warn("old files are not removed", "error", err)
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return
		}
	}
}
