package process

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
)

func BenchmarkParseLine(b *testing.B) {
	for name, line := range map[string]string{
		"plain": "127.0.0.1 - - [10/Oct/2026:13:55:36] \"GET / HTTP/1.1\" 200 2326",
		"json":  `{"time":"2026-10-10T13:55:36Z","level":"info","msg":"request","method":"GET","path":"/","status":200,"ms":1.25}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				parseLine([]byte(line))
			}
		})
	}
}

// nothing counts nothing.
type nothing struct{}

func (nothing) Add(float64) {}

// BenchmarkOutput is a line from the pipe to a JSON log.
func BenchmarkOutput(b *testing.B) {
	o, ends, err := openOutput(slog.New(slog.NewJSONHandler(io.Discard, nil)), nothing{})
	if err != nil {
		b.Fatal(err)
	}
	var writers sync.WaitGroup
	o.start(&writers)
	chunk := []byte(strings.Repeat("a line of some forty bytes, as they go\n", 100))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%100 == 0 {
			if _, err := ends[0].Write(chunk); err != nil {
				b.Fatal(err)
			}
		}
	}
	for _, end := range ends {
		_ = end.Close()
	}
	o.finish()
	writers.Wait()
}

// BenchmarkStart is one start and end of a program that does nothing.
func BenchmarkStart(b *testing.B) {
	s := newSpawner()
	ctx, cancel := context.WithCancel(b.Context())
	var serving sync.WaitGroup
	serving.Go(func() { s.run(ctx) })
	log := slog.New(slog.DiscardHandler)
	cmd := command{argv: []string{"true"}, environment: []string{"PATH=" + os.Getenv("PATH")}}
	for b.Loop() {
		c, err := startChild(s, cmd, log, nothing{})
		if err != nil {
			b.Fatal(err)
		}
		<-c.exited
		if exit := c.finish(""); exit.Code != 0 {
			b.Fatal(exit)
		}
	}
	cancel()
	serving.Wait()
}

// BenchmarkGroupAlive is one look at the process table.
func BenchmarkGroupAlive(b *testing.B) {
	for b.Loop() {
		groupAlive(1 << 30)
	}
}
