package listen_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/berth-project/berth/gateway/listen"
)

func Example() {
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "hello, encrypted: %t", listen.ConnOf(r).Secure())
	})
	srv, err := listen.New(listen.Config{
		Listen: []listen.Address{{Network: "tcp", Address: "127.0.0.1:0"}},
	}, hello, slog.New(slog.DiscardHandler))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	if err := srv.Listen(ctx); err != nil {
		fmt.Println(err)
		return
	}
	done := make(chan error)
	go func() { done <- srv.Serve(ctx) }()

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get("http://" + srv.Addrs()[0].String())
	if err != nil {
		fmt.Println(err)
		return
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	fmt.Println(string(body))
	stop()
	fmt.Println(<-done)
	// Output:
	// hello, encrypted: false
	// <nil>
}
