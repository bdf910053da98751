package container_test

import (
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/work/container"
)

// breaking serves the calls of one container that succeeds, as an engine that
// goes away while it sends the log: it tells of more than it sends.
func breaking(t *testing.T, sent string, more uint32) string {
	t.Helper()
	mux := http.NewServeMux()
	answer := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Api-Version", "1.41")
			_, _ = io.WriteString(w, body)
		}
	}
	mux.HandleFunc("GET /_ping", answer("OK"))
	mux.HandleFunc("GET /v1.41/images/", answer("{}"))
	mux.HandleFunc("POST /v1.41/containers/create", answer(`{"Id": "c1"}`))
	mux.HandleFunc("PUT /v1.41/containers/c1/archive", answer(""))
	mux.HandleFunc("POST /v1.41/containers/c1/start", answer(""))
	mux.HandleFunc("GET /v1.41/containers/c1/json", answer(`{"State": {"ExitCode": 0}}`))
	mux.HandleFunc("DELETE /v1.41/containers/c1", answer(""))
	logged := make(chan struct{})
	mux.HandleFunc("GET /v1.41/containers/c1/logs", func(w http.ResponseWriter, _ *http.Request) {
		defer close(logged)
		frame := binary.BigEndian.AppendUint32([]byte{1, 0, 0, 0}, uint32(len(sent))+more)
		_, _ = w.Write(append(frame, sent...))
	})
	mux.HandleFunc("POST /v1.41/containers/c1/wait", func(w http.ResponseWriter, r *http.Request) {
		<-logged
		_, _ = io.WriteString(w, `{"StatusCode": 0}`)
	})
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return socket
}

func TestAnOutputThatWasCutIsNoResult(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		result container.Result
		sent   string
		more   uint32
		want   string // of the output; "" for a failure
	}{
		{container.ResultStdout, "12", 2, ""},
		{container.ResultStdout, "", 4, ""},
		{container.ResultText, "half a te", 2, ""},
		{container.ResultStdout, "12", 0, "12"},
		{container.ResultNone, "a line", 9, "null"},
	} {
		e, err := container.New(container.Options{
			Socket: breaking(t, c.sent, c.more), Images: map[string]container.Image{"it": {Image: "i", Result: c.result}},
		})
		if err != nil {
			t.Fatal(err)
		}
		got := e.Execute(t.Context(), task("it", `{}`), newRecorder())
		e.Close()
		if c.want != "" {
			if string(got.Output) != c.want {
				t.Errorf("Execute() with all of %q as %s = %s %+v, want %s", c.sent, c.result, got.Output, got.Failure, c.want)
			}
			continue
		}
		if f := got.Failure; f == nil || f.Code != "engine" || f.Fatal || !strings.Contains(f.Message, "to the end") {
			t.Errorf("Execute() with a part of %q as %s = %s %+v, want a failure of the engine", c.sent, c.result, got.Output, got.Failure)
		}
	}
}
