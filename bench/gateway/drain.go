package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// drained is what drain prints.
type drained struct {
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

// drain downloads a URL over several connections, again and again. It has the
// kernel drop the bytes (MSG_TRUNC), because a client that read them would
// take the processor from the server of the objects.
func drain(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("drain", flag.ContinueOnError)
	address := fs.String("address", "", "host:port")
	path := fs.String("path", "/dl/blob", "what to download")
	cookie := fs.String("cookie", "", "Cookie header")
	conns := fs.Int("connections", 4, "downloads at once")
	length := fs.Duration("for", 3*time.Second, "begin none after this long")
	if err := fs.Parse(args); err != nil {
		return err
	}
	head := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\n", *path, *address)
	if *cookie != "" {
		head += "Cookie: " + *cookie + "\r\n"
	}
	head += "Connection: close\r\n\r\n"
	var total atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	start := time.Now()
	for range *conns {
		group.Go(func() error {
			for time.Since(start) < *length && ctx.Err() == nil {
				n, err := download(ctx, *address, head)
				total.Add(n)
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(drained{total.Load(), time.Since(start).Seconds()})
}

// download returns the length of the body it dropped; one that is not whole is
// an error.
func download(ctx context.Context, address, head string) (int64, error) {
	nc, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return 0, err
	}
	defer nc.Close()
	if _, err := nc.Write([]byte(head)); err != nil {
		return 0, err
	}
	br := bufio.NewReaderSize(nc, 4096)
	res, err := http.ReadResponse(br, nil) //nolint:bodyclose // read below it
	if err != nil {
		return 0, err
	}
	if res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("download answered %s", res.Status)
	}
	got := int64(br.Buffered())
	raw, err := nc.(*net.TCPConn).SyscallConn()
	if err != nil {
		return got, err
	}
	buf := make([]byte, 1<<20) // with MSG_TRUNC its length alone matters
	for got < res.ContentLength {
		n, err := dropBytes(raw, buf)
		got += int64(n)
		if err != nil || n == 0 {
			return got, fmt.Errorf("download ended after %d of %d bytes: %w", got, res.ContentLength, err)
		}
	}
	return got, nil
}

func dropBytes(raw syscall.RawConn, buf []byte) (n int, err error) {
	waitErr := raw.Read(func(fd uintptr) bool {
		n, _, err = syscall.Recvfrom(int(fd), buf, syscall.MSG_TRUNC)
		return err != syscall.EAGAIN
	})
	if waitErr != nil {
		return 0, waitErr
	}
	return n, err
}
