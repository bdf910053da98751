package storetest

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Benchmark measures what a run costs a store, which is to insert it and to
// update it twice, in batches of several sizes. The time of the processor is
// that of this process: a database in another one is not counted.
func Benchmark(b *testing.B, open func(*testing.B) store.Store) {
	for _, size := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			s := open(b)
			o, err := s.Acquire(b.Context(), 0, "bench", "", 3600*1000)
			if err != nil {
				b.Fatal(err)
			}
			benchmark(b, s, o, size)
		})
	}
}

func benchmark(b *testing.B, s store.Store, o store.Owner, size int) {
	b.ReportAllocs()
	begin := processor()
	seq, n := o.Seq, 0
	b.ResetTimer()
	for done := 0; done < b.N; done += size {
		for _, batch := range life(n, size) {
			seq++
			batch.Owner, batch.Seq, batch.Now = o, seq, epoch
			if _, err := s.Flush(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
		}
		n += size
	}
	b.StopTimer()
	b.ReportMetric(float64(processor()-begin)/float64(n)/1000, "cpu-µs/run")
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "runs/s")
}

// life returns the batches that take runs from their submission to their end.
func life(from, size int) []*store.Batch {
	insert, start, finish := &store.Batch{Documents: []store.Document{document}}, &store.Batch{}, &store.Batch{}
	for n := from; n < from+size; n++ {
		r := queued(n)
		r.Meta.ID = workflow.MakeRunID(epoch+int64(n/4), 1, n%4)
		r.Meta.Tenant = fmt.Sprintf("tenant-%d", n%20)
		r.Meta.Params = []byte(`{"input":"s3://bucket/key","size":12345}`)
		r.State = make([]byte, 120)
		insert.Inserts = append(insert.Inserts, r)
		u := update(r, machine.Running, epoch)
		u.State = r.State
		start.Updates = append(start.Updates, u)
		u.Status, u.Finished = machine.Succeeded, epoch+5
		finish.Updates = append(finish.Updates, u)
	}
	return []*store.Batch{insert, start, finish}
}

// processor is the processor time of this process in nanoseconds.
func processor() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkRestart measures how long what a new owner reads first takes.
func BenchmarkRestart(b *testing.B, open func(*testing.B) store.Store, runs int) {
	s := open(b)
	o, err := s.Acquire(b.Context(), 0, "bench", "", 3600*1000)
	if err != nil {
		b.Fatal(err)
	}
	for n := 0; n < runs; n += 1000 {
		batch := life(n, 1000)[0]
		batch.Owner, batch.Seq, batch.Now = o, o.Seq+1+uint64(n/1000), epoch
		for i := range batch.Inserts {
			batch.Inserts[i].Meta.Tenant = fmt.Sprintf("tenant-%d", (n+i)*7919%10_000)
		}
		if _, err := s.Flush(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for b.Loop() {
		read := 0
		for after := workflow.RunID(0); ; {
			page, err := s.Queued(b.Context(), 0, after, 20_000)
			if err != nil {
				b.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			read += len(page)
			after = page[len(page)-1].ID
		}
		if _, err := s.Started(b.Context(), 0, 0, 1000); err != nil {
			b.Fatal(err)
		}
		if read != runs {
			b.Fatalf("%d runs were read, want %d", read, runs)
		}
	}
}
