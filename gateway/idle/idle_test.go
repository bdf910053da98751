//go:build unix

package idle_test

import (
	"net"
	"testing"
	"time"

	"github.com/berth-project/berth/gateway/idle"
)

// pair returns both ends of a connection.
func pair(t *testing.T) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = near.Close() })
	if far, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	return near, far
}

func TestSilent_NoticesWhatHappenedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(far net.Conn){
		"a byte":  func(far net.Conn) { _, _ = far.Write([]byte("x")) },
		"the end": func(far net.Conn) { _ = far.Close() },
	} {
		near, far := pair(t)
		p := idle.NewProbe(near)
		for range 2 {
			if !p.Silent() {
				t.Fatalf("%s: not silent before anything happened", name)
			}
		}
		act(far)
		deadline := time.Now().Add(5 * time.Second)
		for p.Silent() {
			if time.Now().After(deadline) {
				t.Fatalf("%s: not noticed", name)
			}
		}
	}
}

func TestSilent_SaysNothingOfWhatIsNoSocket(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	if !idle.NewProbe(near).Silent() {
		t.Error("a connection of which nothing is known was given up")
	}
}
