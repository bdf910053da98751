package api

import "strings"

// operation makes an operationId of a path: /queues/{name}/pause → pauseQueue.
func operation(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	return parts[2] + strings.ToUpper(parts[0][:1]) + strings.TrimSuffix(parts[0][1:], "s")
}
