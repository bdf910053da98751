package compress_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/berth-project/berth/gateway/compress"
)

func ExampleNewWriter() {
	cfg := compress.Config{Types: []string{"text/*"}}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cw := compress.NewWriter(w, r, cfg)
		defer cw.Close()
		cw.Header().Set("Content-Type", "text/plain")
		io.WriteString(cw, strings.Repeat("again ", 1000))
	})

	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept-Encoding", "gzip;q=0.5, zstd")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Header().Get("Content-Encoding"), w.Body.Len() < 100)
	// Output: zstd true
}
