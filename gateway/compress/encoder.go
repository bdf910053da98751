package compress

import (
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// window bounds what a zstd encoder remembers, and with it its memory and that
// of the client's decoder.
const window = 128 << 10

// encoder is what both compressors offer.
type encoder interface {
	io.WriteCloser
	Flush() error
	Reset(w io.Writer)
}

// Encoders are large and slow to make; they are kept between responses. A pool
// holds no state that one response could see of another: Reset drops it.
var (
	gzipPools [10]sync.Pool // by level
	zstdPool  sync.Pool
	copyPool  = sync.Pool{New: func() any { return new([32 << 10]byte) }}
)

// takeEncoder returns an encoder that writes to w.
func takeEncoder(encoding string, level int, w io.Writer) encoder {
	pool := &zstdPool
	if encoding == Gzip {
		pool = &gzipPools[level]
	}
	if e, ok := pool.Get().(encoder); ok {
		e.Reset(w)
		return e
	}
	if encoding == Gzip {
		return newGzip(level, w)
	}
	return newZstd(w)
}

// releaseEncoder gives an encoder back, whatever state it is in.
func releaseEncoder(encoding string, level int, e encoder) {
	e.Reset(io.Discard)
	if encoding == Gzip {
		gzipPools[level].Put(e)
		return
	}
	zstdPool.Put(e)
}

func newGzip(level int, w io.Writer) encoder {
	e, err := gzip.NewWriterLevel(w, level)
	if err != nil { // the level is clamped to what gzip knows
		panic(err)
	}
	return e
}

func newZstd(w io.Writer) encoder {
	e, err := zstd.NewWriter(w,
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1), // no goroutines: it works in the caller's
		zstd.WithWindowSize(window),
		zstd.WithLowerEncoderMem(true))
	if err != nil { // the options are constant and valid
		panic(err)
	}
	return e
}
