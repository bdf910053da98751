package http_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/berth-project/berth/work"
	steps "github.com/berth-project/berth/work/http"
)

func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"method": "`+r.Method+`"}`)
	}))
	defer server.Close()
	executor, err := steps.New(steps.Options{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer executor.Close()
	result := executor.Execute(context.Background(), work.Task{
		Type: "http",
		With: json.RawMessage(`{"url": "` + server.URL + `", "json": {"id": 7}}`),
	}, silent{})
	var answer steps.Response
	_ = json.Unmarshal(result.Output, &answer)
	fmt.Println(answer.Status, string(answer.Body))
	// Output: 200 {"method":"POST"}
}
