package service

import (
	"io"
	"log/slog"

	"github.com/berth-project/berth/telemetry"
)

// Options say how a service is run; what is run is in the manifest.
type Options struct {
	// Manifest is the path of berth.yaml.
	Manifest string
	// Data is the directory of everything the service remembers.
	Data string
	// Listen replaces the gateway's addresses, where it is given.
	Listen string
	// Admin replaces the address of the console, health and metrics.
	Admin string
	// Mode says which parts run.
	Mode Mode
	// Environ is what Berth was started with.
	Environ []string
	// Version is shown in the console and in metrics.
	Version string
	// Reap takes over orphaned processes, as PID 1 must.
	Reap bool
	// Hurry, once closed, ends the processes of a service that is stopping at
	// once instead of waiting for their grace. Nil never does.
	Hurry <-chan struct{}
	// Log takes what happens; Recent holds its last lines for the console.
	Log *slog.Logger
	// Recent is described at Log.
	Recent *telemetry.Recent
	// AccessLog is where request lines go; nil writes none.
	AccessLog io.Writer
	// AccessFormat is how they are written; empty follows the manifest.
	AccessFormat telemetry.Format
}

// Mode says which parts of a service run.
type Mode int

const (
	// Production runs the gateway and the processes.
	Production Mode = iota
	// Development is Production on a developer's machine: the service answers
	// to loopback names too, the users of the manifest's development section
	// are made, and draining is short.
	Development
	// GatewayOnly runs no processes.
	GatewayOnly
)

// Ready is what a service tells when it stands.
type Ready struct {
	// URL is where the app is.
	URL string
	// Admin is where the console, health and metrics are.
	Admin string
	// Users are those made for development.
	Users []DevelopmentUser
}
