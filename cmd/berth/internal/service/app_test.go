package service

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/berth-project/berth/session"
)

// TestMain lets the test binary play the app that a service runs: a real
// process with a real listener that answers what it was asked.
func TestMain(m *testing.M) {
	if os.Getenv("BERTH_TEST_APP") != "" {
		if err := runApp(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// echo is what the app says of the request it received.
type echo struct {
	PID     int         `json:"pid"`
	Version string      `json:"version"`
	Method  string      `json:"method"`
	Target  string      `json:"target"`
	Host    string      `json:"host"`
	Header  http.Header `json:"header"`
	Body    string      `json:"body"`
	Port    string      `json:"port"`
}

// answer tells what the request was.
func answer(w http.ResponseWriter, r *http.Request) {
	note(r)
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20)) // what could be read is told
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("App", "yes")
	e := describe(r)
	e.Body = string(body)
	_ = json.NewEncoder(w).Encode(e)
}

func describe(r *http.Request) echo {
	return echo{
		PID: os.Getpid(), Version: os.Getenv("APP_VERSION"), Port: os.Getenv("PORT"),
		Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: r.Header,
	}
}

// note writes a request that reached the app into $APP_JOURNAL, before its
// body is read.
func note(r *http.Request) {
	name := os.Getenv("APP_JOURNAL")
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	line, err := json.Marshal(describe(r))
	if err != nil {
		panic(err)
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		panic(err)
	}
}

// newVerifier is the SDK as apps use it.
func newVerifier() (*session.Verifier, error) {
	cfg, err := session.ConfigFromEnvironment(os.Getenv)
	if err != nil {
		return nil, err
	}
	return session.NewVerifier(cfg)
}

func runApp() error {
	network, address := "tcp", "127.0.0.1:"+os.Getenv("PORT")
	if socket := os.Getenv("BERTH_SOCKET"); socket != "" {
		network, address = "unix", socket
	}
	ln, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	verifier, err := newVerifier()
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/accel", func(w http.ResponseWriter, r *http.Request) {
		note(r)
		w.Header().Set("X-Accel-Redirect", r.URL.Query().Get("to"))
		w.Header().Set("Content-Disposition", `attachment; filename="file"`)
	})
	mux.HandleFunc("/", answer)
	mux.HandleFunc("/.berth/health/live", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"status":"ok"}`) // as the gateway's, for those who pass it by
	})
	mux.Handle("/sdk/", verifier.Middleware(http.HandlerFunc(answer)))
	srv := &http.Server{Handler: mux}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	done := make(chan error)
	go func() {
		<-ctx.Done()
		done <- srv.Shutdown(context.Background())
	}()
	if err := srv.Serve(ln); err != http.ErrServerClosed {
		return err
	}
	return <-done
}
