package listen

import (
	"errors"
	"net"
	"testing"
)

// tally counts what is done to a connection.
type tally struct {
	net.Conn
	wrote  []string
	fail   error
	closed bool
}

func (c *tally) Write(p []byte) (int, error) {
	c.wrote = append(c.wrote, string(p))
	return len(p), c.fail
}

func (c *tally) Close() error {
	c.closed = true
	return nil
}

func TestGuardedConn_SendsWhatItGatheredAtOnce(t *testing.T) {
	t.Parallel()
	under := &tally{}
	c := newGuardedConn(under, 0, false)
	c.gather()
	for _, part := range []string{"head", "+", "body"} {
		if n, err := c.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("Write(%q) = %d, %v", part, n, err)
		}
	}
	if len(under.wrote) != 0 {
		t.Errorf("written before send: %q", under.wrote)
	}
	if err := c.send(); err != nil || len(under.wrote) != 1 || under.wrote[0] != "head+body" {
		t.Errorf("send() = %v, wrote %q", err, under.wrote)
	}
	if _, err := c.Write([]byte("next")); err != nil || len(under.wrote) != 2 {
		t.Errorf("after send: %v, wrote %q", err, under.wrote)
	}
}

func TestGuardedConn_ClosesWhenWhatItGatheredCannotBeSent(t *testing.T) {
	t.Parallel()
	under := &tally{fail: errors.New("broken")}
	c := newGuardedConn(under, 0, false)
	c.gather()
	_, _ = c.Write([]byte("answer")) // gathering never fails
	if err := c.send(); !errors.Is(err, under.fail) || !under.closed {
		t.Errorf("send() = %v, closed %v: the server would go on with half an answer", err, under.closed)
	}
}
