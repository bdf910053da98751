package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/gateway/listen"
)

func TestGateway_SendsBodiesOfAnyLengthWhole(t *testing.T) {
	t.Parallel()
	content := map[string]string{}
	for name, n := range map[string]int{"one": 1, "below": 3<<10 - 1, "least": 3 << 10, "buffer": 4 << 10, "common": 10 << 10, "most": 64 << 10, "above": 64<<10 + 1} {
		content[name] = strings.Repeat(name[:1], n)
	}
	app := func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(content[strings.TrimPrefix(r.URL.Path, "/public/app/")]))
	}
	w := newWorld(t, app, change{config: func(c *gateway.Config) {
		c.Routes = append([]gateway.Route{{Name: "files", Pattern: "/public/files/**", Static: files(t, content)}}, c.Routes...)
	}})
	client := w.client(nil) // one connection: what is left of an answer would spoil the next
	for _, from := range []string{"/public/files/", "/public/app/"} {
		for name, want := range content {
			for range 2 {
				res, body := get(t, client, "http://"+w.addr+from+name)
				if res.StatusCode != http.StatusOK || body != want {
					t.Errorf("%s%s: %d with %d bytes, want 200 with %d", from, name, res.StatusCode, len(body), len(want))
				}
			}
		}
	}
}

// On a connection that many requests share, nothing may be held back for one.
func TestGateway_SendsBodiesWholeOverH2C(t *testing.T) {
	t.Parallel()
	want := strings.Repeat("x", 10<<10)
	w := newWorld(t, echo, change{
		config: func(c *gateway.Config) {
			c.Routes = append([]gateway.Route{{Name: "files", Pattern: "/public/files/**", Static: files(t, map[string]string{"a": want})}}, c.Routes...)
		},
		server: func(s *listen.Config) { s.Listen[0].H2C = true },
	})
	client := w.client(func(tr *http.Transport) {
		tr.Protocols = &http.Protocols{}
		tr.Protocols.SetUnencryptedHTTP2(true)
	})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 50 {
				res, err := client.Get("http://example.com/public/files/a")
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if err != nil || string(body) != want {
					t.Errorf("%d bytes, %v; want %d", len(body), err, len(want))
					return
				}
			}
		})
	}
	wg.Wait()
}
