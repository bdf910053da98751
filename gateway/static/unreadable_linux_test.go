package static_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berth-project/berth/gateway/static"
)

func TestServeFileAnswersUnreadableLikeMissing(t *testing.T) {
	t.Parallel()
	root := tree(t, map[string]string{"locked.txt": "secret", "open.txt": "open"})
	if err := os.Chmod(filepath.Join(root, "locked.txt"), 0); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{root, filepath.Dir(root)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	h, err := static.New(static.Config{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	// Root reads everything, so this thread, which ends with the test, looks at
	// files as nobody does.
	runtime.LockOSThread()
	if os.Geteuid() == 0 {
		if err := unix.Setfsuid(65534); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = unix.Setfsuid(0) }() // cleaning up is root's again
	}
	for name, want := range map[string]int{"open.txt": http.StatusOK, "locked.txt": http.StatusNotFound} {
		w := httptest.NewRecorder()
		h.ServeFile(w, httptest.NewRequest("GET", "/", nil), name)
		if w.Code != want {
			t.Errorf("GET %s = %d, want %d", name, w.Code, want)
		}
	}
}
