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
	mux := http.NewServeMux()
	mux.HandleFunc("/accel", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Accel-Redirect", r.URL.Query().Get("to"))
		w.Header().Set("Content-Disposition", `attachment; filename="file"`)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20)) // what could be read is told
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("App", "yes")
		_ = json.NewEncoder(w).Encode(echo{os.Getpid(), os.Getenv("APP_VERSION"), r.Method, r.RequestURI, r.Host, r.Header, string(body)})
	})
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
