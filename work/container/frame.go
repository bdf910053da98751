package container

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The streams of a frame.
const (
	streamStdin  = 0
	streamStdout = 1
	streamStderr = 2
	streamSystem = 3 // an error of the engine
)

// demultiplex copies the output of a container to two writers. The engine sends
// it in frames: a byte that names the stream, three zeros, the length in four
// bytes, and the data ("Attach to a container" of the Docker Engine API).
func demultiplex(r io.Reader, stdout, stderr io.Writer) error {
	var header [8]byte
	for {
		if _, err := io.ReadFull(r, header[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("log stream: %w", err)
		}
		to := stderr
		switch header[0] {
		case streamStdin, streamStdout:
			to = stdout
		case streamStderr, streamSystem:
		default:
			return fmt.Errorf("log stream: a frame of stream %d: the engine sends something else than frames", header[0])
		}
		length := int64(binary.BigEndian.Uint32(header[4:]))
		if n, err := io.CopyN(to, r, length); err != nil {
			return fmt.Errorf("log stream: %d of %d bytes of a frame: %w", n, length, err)
		}
	}
}
