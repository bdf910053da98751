//go:build !linux

package object

import "net"

// setLowWater is an optimisation that other systems do without.
func setLowWater(*net.TCPConn, bool) {}
