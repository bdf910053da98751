package console_test

import (
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/berth-project/berth/console"
	"github.com/berth-project/berth/gateway"
)

// The gateway tells the feed of each request; the console shows them on a
// listener of its own.
func Example() {
	feed := console.NewRequestFeed()
	c, err := console.New(console.Config{Service: "survey", Environment: "local"}, console.Sources{Requests: feed})
	if err != nil {
		fmt.Println(err)
		return
	}
	feed.Observe(&gateway.Record{Method: "GET", Host: "localhost", Path: "/hello", Status: 200})

	r := httptest.NewRequest("GET", "http://localhost:4100/requests.json", nil)
	r.RemoteAddr = "127.0.0.1:50000"
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	fmt.Println(w.Code, strings.Contains(w.Body.String(), `"/hello"`))
	// Output: 200 true
}
