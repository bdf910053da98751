// Package telemetry is how a running Berth tells what it does: structured
// logs for people and for machines, one line for each request, and a registry
// of metrics.
//
// [NewLogger] makes the one *slog.Logger that is handed down to every part;
// [Recent] keeps its last lines for the console. [AccessLog] writes request
// lines without allocating, in batches. [NewRegistry] is the metrics registry
// of this process; nothing is ever registered in a global one.
package telemetry
