package cron

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// maxExpression bounds the bytes of an expression.
const maxExpression = 256

// MaxInterval is the longest interval "every" takes.
const MaxInterval = 366 * 24 * time.Hour

// Schedule is a set of moments, without end in both directions. It is
// immutable; its zero value has no moments.
type Schedule struct {
	expression string
	every      time.Duration // of "every"; the fields below are then unused
	clock      clock
	days       days
	zone       *time.Location
}

// presets are the names crontab(5) has for common expressions.
var presets = map[string]string{
	"@yearly":   "0 0 1 1 *",
	"@annually": "0 0 1 1 *",
	"@monthly":  "0 0 1 * *",
	"@weekly":   "0 0 * * 0",
	"@daily":    "0 0 * * *",
	"@midnight": "0 0 * * *",
	"@hourly":   "0 * * * *",
}

// Parse reads an expression and the IANA name of the time zone it is meant
// in; "" is UTC. An expression that is never due, such as the 30th of
// February, is an error.
func Parse(expression, zone string) (Schedule, error) {
	if len(expression) > maxExpression {
		return Schedule{}, fmt.Errorf("cron: the expression has %d bytes, at most %d are allowed", len(expression), maxExpression)
	}
	loc, err := location(zone)
	if err != nil {
		return Schedule{}, err
	}
	s := Schedule{expression: strings.Join(strings.Fields(expression), " "), zone: loc}
	if err := s.parse(); err != nil {
		return Schedule{}, fmt.Errorf("cron: %q: %w", s.expression, err)
	}
	return s, nil
}

// location knows the zones of the time zone database by name; "Local" would
// mean another on each machine.
func location(zone string) (*time.Location, error) {
	if zone == "Local" {
		return nil, errors.New("cron: the time zone \"Local\" differs from machine to machine: write its name, such as Europe/Berlin")
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("cron: the time zone %.64q is not known: write a name such as UTC or Europe/Berlin", zone)
	}
	return loc, nil
}

func (s *Schedule) parse() error {
	text := s.expression
	lower := strings.ToLower(text)
	if interval, ok := cutPrefixes(lower, "every ", "@every "); ok {
		return s.parseEvery(interval)
	}
	if fields, ok := presets[lower]; ok {
		text = fields
	}
	switch {
	case text == "":
		return errors.New("is empty: write five fields, such as \"30 2 * * MON\"")
	case lower == "@reboot":
		return errors.New("@reboot is no time: run the workflow from a hook of the service instead")
	case strings.HasPrefix(text, "@"):
		return errors.New("is no known name: write @hourly, @daily, @weekly, @monthly or @yearly")
	case strings.HasPrefix(lower, "tz=") || strings.HasPrefix(lower, "cron_tz="):
		return errors.New("holds a time zone: write it as the schedule's time-zone")
	}
	return s.parseFields(strings.Fields(text))
}

func cutPrefixes(text string, prefixes ...string) (string, bool) {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(text, p); ok {
			return rest, true
		}
	}
	return "", false
}

func (s *Schedule) parseEvery(text string) error {
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no interval: write one such as 90s, 10m or 1h30m", text)
	case d < time.Second || d > MaxInterval || d%time.Second != 0:
		return fmt.Errorf("an interval of %s: whole seconds from 1s to %s are allowed", d, MaxInterval)
	}
	s.every = d
	return nil
}

func (s *Schedule) parseFields(fields []string) error {
	if len(fields) == 5 {
		fields = append([]string{"0"}, fields...)
	}
	if len(fields) != 6 {
		return fmt.Errorf("has %d fields: five are wanted (minute, hour, day of month, month, day of week), or six with the second first", len(fields))
	}
	var err error
	for i, set := range []func(string) error{
		s.clock.parseSeconds, s.clock.parseMinutes, s.clock.parseHours,
		s.days.parseOfMonth, s.days.parseMonths, s.days.parseOfWeek,
	} {
		if err = set(fields[i]); err != nil {
			return err
		}
	}
	if _, ok := s.nextWall(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)); !ok {
		return errors.New("is never due: no month has such a day")
	}
	return nil
}

// Expression returns what was parsed, without superfluous blanks.
func (s Schedule) Expression() string { return s.expression }

// Location returns the time zone the schedule is meant in.
func (s Schedule) Location() *time.Location {
	if s.zone == nil {
		return time.UTC
	}
	return s.zone
}

// Next returns the first moment after the given one, in the schedule's time
// zone. It is the zero time only for the zero Schedule.
func (s Schedule) Next(after time.Time) time.Time {
	from := ceilSecond(after, 1)
	switch {
	case s.zone == nil:
		return time.Time{}
	case s.every > 0:
		return s.everyAtOrAfter(from)
	case s.clock.hours == allHours:
		return s.nextElapsed(from)
	}
	w, ok := s.nextWall(reached(from.Add(-time.Second), s.zone).Add(time.Second))
	if !ok {
		return time.Time{}
	}
	return firstAt(w, s.zone)
}

// Previous returns the last moment before the given one, in the schedule's
// time zone. It is the zero time only for the zero Schedule.
func (s Schedule) Previous(before time.Time) time.Time {
	until := ceilSecond(before, 0).Add(-time.Second)
	switch {
	case s.zone == nil:
		return time.Time{}
	case s.every > 0:
		return s.everyAtOrAfter(until.Add(time.Second)).Add(-s.every)
	case s.clock.hours == allHours:
		return s.previousElapsed(until)
	}
	w, ok := s.previousWall(reached(until, s.zone))
	if !ok {
		return time.Time{}
	}
	return firstAt(w, s.zone)
}

// ceilSecond is the first whole second at or after t; with plus 1 the first
// one after t.
func ceilSecond(t time.Time, plus int64) time.Time {
	if t.Nanosecond() > 0 {
		plus = 1
	}
	return time.Unix(t.Unix()+plus, 0)
}

func (s Schedule) everyAtOrAfter(from time.Time) time.Time {
	step := int64(s.every / time.Second)
	unix := from.Unix()
	rest := unix % step
	if rest < 0 {
		rest += step
	}
	if rest > 0 {
		unix += step - rest
	}
	return time.Unix(unix, 0).In(s.zone)
}
