package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/internal/glob"
)

// EventKinds are the events that callbacks and subscriptions are told of.
func EventKinds() []string {
	return []string{"run.succeeded", "run.failed", "run.canceled", "run.timed-out", "step.failed"}
}

// NoEvent says what is the matter with a pattern that no event matches, "" where
// one does.
func NoEvent(pattern string) string {
	kinds := EventKinds()
	if slices.ContainsFunc(kinds, func(kind string) bool { return glob.Match(pattern, kind) }) {
		return ""
	}
	if near := diagnostic.Nearest(pattern, kinds); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "there are " + strings.Join(kinds, ", ")
}
