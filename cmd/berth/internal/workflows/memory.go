package workflows

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/berth-project/berth/work/client"
)

// Serve answers requests of the client it returns, through memory: no other
// process can reach it. It ends with stop.
func (w *Workflows) Serve() (c *client.Client, stop func(), err error) {
	if c, err = client.New("http://berth.invalid", ""); err != nil {
		return nil, nil, err
	}
	ln := &memory{conns: make(chan net.Conn), done: make(chan struct{})}
	srv := &http.Server{Handler: w.API, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = srv.Serve(ln) // ends with stop
	}()
	c = c.Through(&http.Transport{DialContext: ln.dial, MaxIdleConnsPerHost: 8})
	return c, func() {
		_ = srv.Close()
		<-served
	}, nil
}

// memory is a listener whose connections never leave the process.
type memory struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

var errEnded = errors.New("the engine has ended")

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case m.conns <- there:
		return here, nil
	case <-m.done:
		return nil, errEnded
	case <-ctx.Done():
		return nil, fmt.Errorf("reach the engine: %w", ctx.Err())
	}
}

// Accept implements net.Listener.
func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (m *memory) Close() error {
	m.once.Do(func() { close(m.done) })
	return nil
}

// Addr implements net.Listener.
func (m *memory) Addr() net.Addr { return memoryAddr{} }

type memoryAddr struct{}

func (memoryAddr) Network() string { return "memory" }
func (memoryAddr) String() string  { return "memory" }
