package tables

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

const maxCursor = 64 << 10

// IDCursor reads the cursor of a list in the order of ids; "" is 0.
func IDCursor(text string) (workflow.RunID, error) {
	if text == "" {
		return 0, nil
	}
	id, err := workflow.ParseRunID(text)
	if err != nil || id == 0 || id > 1<<63-1 {
		return 0, badCursor(text)
	}
	return id, nil
}

// EventCursor reads the cursor of a list of dead events: when the last one
// was given up, and its id. "" is behind all.
func EventCursor(text string) (dead store.Millis, id int64, err error) {
	if text == "" {
		return math.MaxInt64, math.MaxInt64, nil
	}
	first, second, _ := strings.Cut(text, "-")
	if dead, err = strconv.ParseInt(first, 36, 64); err == nil {
		id, err = strconv.ParseInt(second, 36, 64)
	}
	if err != nil {
		return 0, 0, badCursor(text)
	}
	return dead, id, nil
}

// EventCursorAt is the cursor behind an event.
func EventCursorAt(e *store.Event) string {
	return strconv.FormatInt(e.Dead, 36) + "-" + strconv.FormatUint(e.ID, 36)
}

func badCursor(text string) error {
	return fmt.Errorf("%.40q is %w: begin without one", text, store.ErrCursor)
}

// Position is how far a reader of the order [store.Finished] is, by shard.
type Position map[int]Place

// ParsePosition reads a cursor; "" is the beginning.
func ParsePosition(text string) (Position, error) {
	p := Position{}
	if text == "" || text == emptyPosition {
		return p, nil
	}
	list, ok := strings.CutPrefix(text, "f")
	if !ok || len(text) > maxCursor {
		return nil, badCursor(text)
	}
	for part := range strings.SplitSeq(list, "_") {
		shard, place, _ := strings.Cut(part, "-")
		s, err := strconv.ParseUint(shard, 36, 31)
		if err != nil {
			return nil, badCursor(text)
		}
		n, err := strconv.ParseUint(place, 36, statusBits)
		if err != nil {
			return nil, badCursor(text)
		}
		p[int(s)] = Place(n)
	}
	return p, nil
}

// emptyPosition is the cursor of a reader who found no shard at all.
const emptyPosition = "f"

// String returns the cursor.
func (p Position) String() string {
	b := []byte(emptyPosition)
	for i, shard := range slices.Sorted(maps.Keys(p)) {
		if i > 0 {
			b = append(b, '_')
		}
		b = strconv.AppendInt(b, int64(shard), 36)
		b = append(b, '-')
		b = strconv.AppendInt(b, int64(p[shard]), 36)
	}
	return string(b)
}
