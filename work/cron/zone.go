package cron

import "time"

// widest is more than any clock was ever off UTC, either way, and so half of
// how long a clock may take to show a time again.
const widest = 26 * time.Hour

// wall is what the clock of a zone shows at t, written as if in UTC.
func wall(t time.Time, zone *time.Location) time.Time {
	_, offset := t.In(zone).Zone()
	return t.UTC().Add(seconds(offset))
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// period is a time in which a zone's clock is not changed: from start until
// just before end, which are zero where it has no bound.
type period struct {
	start, end time.Time
	offset     time.Duration
}

func periodOf(t time.Time, zone *time.Location) period {
	t = t.In(zone)
	start, end := t.ZoneBounds()
	_, offset := t.Zone()
	return period{start, end, seconds(offset)}
}

// reached is the latest time that the clock has shown up to t, in whole
// seconds: before a repeated hour is over that is more than it shows.
func reached(t time.Time, zone *time.Location) time.Time {
	highest := wall(t, zone)
	for p := periodOf(t, zone); !p.start.IsZero() && t.Sub(p.start) < 2*widest; {
		last := p.start.Add(-time.Second)
		if w := wall(last, zone); w.After(highest) {
			highest = w
		}
		p = periodOf(last, zone)
	}
	return highest
}

// firstAt is the first moment at which the clock of the zone has reached the
// wall time w.
func firstAt(w time.Time, zone *time.Location) time.Time {
	t := w.Add(-widest)
	for {
		p := periodOf(t, zone)
		if at := w.Add(-p.offset); p.end.IsZero() || at.Before(p.end) {
			if at.Before(t) {
				at = t // the clock has jumped over w
			}
			return at.In(zone)
		}
		t = p.end
	}
}

// nextElapsed returns the first moment at or after from at which the clock
// shows a time of the schedule.
func (s *Schedule) nextElapsed(from time.Time) time.Time {
	for {
		p := periodOf(from, s.zone)
		w, ok := s.nextWall(from.UTC().Add(p.offset))
		if !ok {
			return time.Time{}
		}
		if at := w.Add(-p.offset); p.end.IsZero() || at.Before(p.end) {
			return at.In(s.zone)
		}
		from = p.end
	}
}

// previousElapsed returns the last moment at or before until at which the
// clock shows a time of the schedule.
func (s *Schedule) previousElapsed(until time.Time) time.Time {
	for {
		p := periodOf(until, s.zone)
		w, ok := s.previousWall(until.UTC().Add(p.offset))
		if !ok {
			return time.Time{}
		}
		if at := w.Add(-p.offset); p.start.IsZero() || !at.Before(p.start) {
			return at.In(s.zone)
		}
		until = p.start.Add(-time.Second)
	}
}
