package pop_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/berth-project/berth/compat/pop"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/sqlite"
)

// A service on an engine with its store in a file, asked as POP's clients ask.
func ExampleNew() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "pop")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	store, err := sqlite.Open(ctx, filepath.Join(dir, "work.db"))
	if err != nil {
		panic(err)
	}
	defer store.Close()
	e, err := engine.Open(ctx, engine.Options{Store: store, Executors: pop.Residents(store)})
	if err != nil {
		panic(err)
	}
	defer e.Close(ctx)
	if err := e.Ready(ctx); err != nil {
		panic(err)
	}

	service := pop.New(pop.Config{
		Identify: func(*http.Request) (*pop.Caller, error) { return &pop.Caller{Name: "operator", Global: true}, nil },
	}, e, store)
	// In a program, also: go service.Run(ctx)

	server := httptest.NewServer(service)
	defer server.Close()
	res, err := http.Post(server.URL+"/pop/customer", "application/json", strings.NewReader(`{"id": "acme", "customerId": "acme"}`))
	if err != nil {
		panic(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		panic(err)
	}
	fmt.Println(res.Status)
	// Output: 422 Unprocessable Entity
}
