//go:build unix

package static_test

import (
	"net"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/berth-project/berth/gateway/static"
)

func TestServeFileRefusesWhatIsNotAFile(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(root, "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", filepath.Join(root, "sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	_, srv := serve(t, static.Config{Root: root})
	for _, target := range []string{"/s/fifo", "/s/sock"} {
		if resp, _ := fetch(t, srv, "GET", target); resp.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", target, resp.StatusCode)
		}
	}
}
