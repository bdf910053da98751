package object_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/gateway/object"
)

// blob starts an origin with one object of n bytes.
func blob(t testing.TB, n int) (host string, sum [sha256.Size]byte) {
	t.Helper()
	content := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(content)
	_, host = origin(t, func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	})
	return host, sha256.Sum256(content)
}

func TestServeStreamsLargeBodiesWhole(t *testing.T) {
	t.Parallel()
	for _, size := range []int{256 << 10, 1 << 20, 2<<20 + 1, 24<<20 + 12345} {
		host, want := blob(t, size)
		srv := gateway(t, plain(host), nil)
		for range 2 { // the low-water mark must be back where it was for the next exchange
			resp, body := fetch(t, srv, "GET", "http/"+host+"/x")
			if resp.StatusCode != 200 || sha256.Sum256([]byte(body)) != want {
				t.Errorf("%d bytes arrived as %d different ones", size, len(body))
			}
			if resp, body := fetch(t, srv, "GET", "http/"+host+"/x", "Range", "bytes=1-2"); resp.StatusCode != 206 || len(body) != 2 {
				t.Errorf("a small range afterwards = %d with %d bytes", resp.StatusCode, len(body))
			}
		}
	}
}

// socketRecorder notes what it is asked to read from.
type socketRecorder struct {
	*httptest.ResponseRecorder
	sockets, others int
}

func (w *socketRecorder) ReadFrom(src io.Reader) (int64, error) {
	limited, ok := src.(*io.LimitedReader)
	if _, isSocket := limited.R.(*net.TCPConn); ok && isSocket {
		w.sockets++
	} else {
		w.others++
	}
	return io.Copy(w.ResponseRecorder, src)
}

func TestServeHandsTheSocketItselfToTheWriter(t *testing.T) {
	t.Parallel()
	host, want := blob(t, 4<<20)
	h, err := object.New(plain(host), quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	w := &socketRecorder{ResponseRecorder: httptest.NewRecorder()}
	if err := h.Serve(w, httptest.NewRequest("GET", "/", nil), object.Ref{Path: "http/" + host + "/x"}, nil); err != nil {
		t.Fatal(err)
	}
	if w.sockets == 0 || w.others != 0 {
		t.Errorf("%d pieces from the socket, %d from elsewhere", w.sockets, w.others)
	}
	if sha256.Sum256(w.Body.Bytes()) != want {
		t.Error("the body is not what the origin sent")
	}
}

// BenchmarkServe100MiB measures a download from socket to socket; origin,
// gateway and client share the process.
func BenchmarkServe100MiB(b *testing.B) {
	const size = 100 << 20
	host, _ := blob(b, size)
	srv := gateway(b, plain(host), nil)
	address := strings.TrimPrefix(srv.URL, "http://")
	b.SetBytes(size)
	for b.Loop() {
		c, err := net.Dial("tcp", address)
		if err != nil {
			b.Fatal(err)
		}
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Ref: http/%s/x\r\n\r\n", host)
		if n, err := io.Copy(io.Discard, c); err != nil || n < size {
			b.Fatalf("%d bytes, %v", n, err)
		}
		c.Close()
	}
}
