package listen

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"testing"
)

// TestFraming_FollowsCleanTrafficInAnyPieces proves that what is clean passes
// whatever the pieces it comes in.
func TestFraming_FollowsCleanTrafficInAnyPieces(t *testing.T) {
	t.Parallel()
	traffic := []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n" +
		"POST /x HTTP/1.0\r\nContent-Length: 11\r\n\r\nhello\nworld" +
		"PUT /y HTTP/1.1\r\nHost: a\r\ntransfer-encoding:  Chunked \r\n\r\nA\r\n0123456789\r\n1\r\n\n\r\n0\r\nT: 1\r\n\r\n" +
		"GET http://A/ HTTP/1.1\r\nHost: a\r\n\r\n")
	for size := 1; size <= len(traffic); size++ {
		f := framing{first: true}
		for i := 0; i < len(traffic); i += size {
			piece := traffic[i:min(i+size, len(traffic))]
			if n := f.scan(piece); n != len(piece) {
				t.Fatalf("pieces of %d: refused at %d: %q", size, i+n, traffic[:i+n])
			}
		}
		if f.state != inHead || !f.first {
			t.Fatalf("pieces of %d: state %d at the end", size, f.state)
		}
	}
}

func TestFraming_LetsThePrefaceOfHTTP2ThroughWhereItMay(t *testing.T) {
	t.Parallel()
	preface := []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\n")
	f := framing{first: true, h2c: true}
	if n := f.scan(preface); n != len(preface) {
		t.Errorf("refused at %d", n)
	}
	f = framing{first: true}
	if n := f.scan(preface); n == len(preface) {
		t.Error("it passed where h2c is off")
	}
}

// FuzzFraming holds the guard against net/http: of what it lets through,
// net/http must find the same requests with bodies of the same length.
func FuzzFraming(f *testing.F) {
	for _, s := range []string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
		"GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\n X: y\r\n\r\n",
	} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, data []byte, step int) {
		step = max(1, step%64)
		g := framing{first: true}
		clean := 0
		var ends []int // where heads of clean requests began anew
		for clean < len(data) {
			piece := data[clean:min(clean+1, len(data))]
			if g.scan(piece) != len(piece) {
				break
			}
			clean += len(piece)
			if g.state == inHead && g.first && len(g.line) == 0 {
				ends = append(ends, clean)
			}
		}
		checkPieces(t, data, step, clean)
		r := bufio.NewReaderSize(bytes.NewReader(data[:clean]), 16)
		at := 0
		for _, end := range ends {
			if end <= at {
				continue
			}
			req, err := http.ReadRequest(r)
			if err != nil {
				return // refused by net/http for another reason
			}
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return
			}
			at = end
			if rest := clean - remaining(r); rest != end {
				t.Fatalf("net/http is at %d, the guard at %d of %q", rest, end, data[:clean])
			}
		}
	})
}

// remaining returns how many bytes r has not given out.
func remaining(r *bufio.Reader) int {
	rest, _ := io.ReadAll(r)
	r.Reset(bytes.NewReader(rest))
	return len(rest)
}

// checkPieces proves that the pieces bytes come in make no difference.
func checkPieces(t *testing.T, data []byte, step, clean int) {
	g := framing{first: true}
	for i := 0; i < len(data); i += step {
		piece := data[i:min(i+step, len(data))]
		if n := g.scan(piece); n != len(piece) {
			if i+n != clean {
				t.Fatalf("refused at %d in pieces of %d, at %d in single bytes: %q", i+n, step, clean, data)
			}
			return
		}
	}
	if clean != len(data) {
		t.Fatalf("accepted in pieces of %d, refused at %d in single bytes: %q", step, clean, data)
	}
}

func TestGuardedConn_SplicesWhatItReadsFrom(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const size = 3*writePiece + 17
	go func() {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			return
		}
		defer c.Close()
		g := newGuardedConn(c, 0, false)
		_, _ = g.ReadFrom(&io.LimitedReader{R: bytes.NewReader(make([]byte, 2*size)), N: size})
		_, _ = g.ReadFrom(bytes.NewReader(make([]byte, size)))
	}()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if n, err := io.Copy(io.Discard, c); n != 2*size || err != nil {
		t.Errorf("received %d bytes, %v; want %d", n, err, 2*size)
	}
}
