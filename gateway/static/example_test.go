package static_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/berth-project/berth/gateway/static"
)

func ExampleHandler_ServeFile() {
	dir, err := os.MkdirTemp("", "public")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "app.css"), []byte("body{}"), 0o600); err != nil {
		panic(err)
	}

	files, err := static.New(static.Config{
		Root:         dir,
		CacheControl: []static.CacheRule{{Match: "*.css", Value: "max-age=3600"}},
	})
	if err != nil {
		panic(err)
	}
	defer files.Close()

	for _, target := range []string{"/static/app.css", "/static/.env"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, target, nil)
		files.ServeFile(w, r, strings.TrimPrefix(r.URL.Path, "/static/"))
		fmt.Println(w.Code, w.Header().Get("Content-Type"), w.Header().Get("Cache-Control"))
	}
	// Output:
	// 200 text/css; charset=utf-8 max-age=3600
	// 404 text/plain; charset=utf-8
}
