package upstream_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/berth-project/berth/gateway/upstream"
)

// A gateway in a few lines: one app behind a group of one endpoint.
func ExampleGroup_Forward() {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s for %s", r.URL.Path, r.Header.Get("X-Forwarded-For"))
	}))
	defer app.Close()
	group, err := upstream.NewGroup(upstream.Config{
		Name:      "web",
		Endpoints: []upstream.Endpoint{{Network: "tcp", Address: app.Listener.Addr().String(), ID: "web.1"}},
	}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = group.Close() }()

	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := group.Forward(w, &upstream.Request{
			In:     r,
			Target: r.URL.RequestURI(),
			Host:   r.Host,
			Header: []byte("X-Forwarded-For: 192.0.2.1\r\n"),
			Drop:   func(name string) bool { return name == "X-Forwarded-For" },
		})
		if e, ok := errors.AsType[*upstream.Error](err); ok && e.Written {
			panic(http.ErrAbortHandler)
		} else if err != nil {
			http.Error(w, "bad gateway", http.StatusBadGateway)
		}
	}))
	defer front.Close()
	resp, err := front.Client().Get(front.URL + "/hello")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(body))
	// Output: 200 /hello for 192.0.2.1
}
