package cron

import (
	"fmt"
	"strings"
	"time"
)

// cycle is how long the calendar takes to repeat: what is not due within it
// is never due.
const cycle = 400

var (
	secondField = field{name: "second", high: 59}
	minuteField = field{name: "minute", high: 59}
	hourField   = field{name: "hour", high: 23}
	dayField    = field{name: "day of month", low: 1, high: 31}
	monthField  = field{name: "month", low: 1, high: 12, names: []string{
		"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
	}}
	weekdayField = field{name: "day of week", high: 6, wraps: true, names: []string{
		"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT",
	}}
)

var (
	allSixty = through(0, 59, 1)
	allHours = through(0, 23, 1)
	allMonth = through(1, 12, 1)
)

// clock is when within a day.
type clock struct{ seconds, minutes, hours set }

func (c *clock) parseSeconds(text string) (err error) {
	c.seconds, err = secondField.parse(text)
	return err
}

func (c *clock) parseMinutes(text string) (err error) {
	c.minutes, err = minuteField.parse(text)
	return err
}

func (c *clock) parseHours(text string) (err error) {
	c.hours, err = hourField.parse(text)
	return err
}

// next returns the first time of the day at or after h:m:s.
func (c clock) next(h, m, s int) (time.Duration, bool) {
	if c.hours.has(h) {
		if c.minutes.has(m) {
			if s2, ok := c.seconds.next(s); ok {
				return sinceMidnight(h, m, s2), true
			}
		}
		if m2, ok := c.minutes.next(m + 1); ok {
			return sinceMidnight(h, m2, c.seconds.first()), true
		}
	}
	h2, ok := c.hours.next(h + 1)
	return sinceMidnight(h2, c.minutes.first(), c.seconds.first()), ok
}

// previous returns the last time of the day at or before h:m:s.
func (c clock) previous(h, m, s int) (time.Duration, bool) {
	if c.hours.has(h) {
		if c.minutes.has(m) {
			if s2, ok := c.seconds.previous(s); ok {
				return sinceMidnight(h, m, s2), true
			}
		}
		if m2, ok := c.minutes.previous(m - 1); ok {
			return sinceMidnight(h, m2, c.seconds.last()), true
		}
	}
	h2, ok := c.hours.previous(h - 1)
	return sinceMidnight(h2, c.minutes.last(), c.seconds.last()), ok
}

func sinceMidnight(h, m, s int) time.Duration {
	return time.Duration(h*3600+m*60+s) * time.Second
}

// days is on which days.
type days struct {
	months   set
	ofMonth  set    // 1 to 31
	fromLast set    // n: n days before the last of the month
	ofWeek   set    // 0, Sunday, to 6
	nth      [7]set // of a weekday: the first to fifth of the month
	last     set    // weekdays, the last of the month
	// starOfMonth and starOfWeek: the field begins with * and so leaves it
	// to the other one.
	starOfMonth, starOfWeek bool
}

func (d *days) parseMonths(text string) (err error) {
	d.months, err = monthField.parse(text)
	return err
}

func (d *days) parseOfMonth(text string) error {
	d.starOfMonth = star(text)
	for item := range strings.SplitSeq(text, ",") {
		if err := d.addOfMonth(item); err != nil {
			return err
		}
	}
	return nil
}

func (d *days) addOfMonth(item string) error {
	rest, ok := strings.CutPrefix(strings.ToUpper(item), "L")
	if !ok {
		s, err := dayField.parse(item)
		d.ofMonth |= s
		return err
	}
	if rest == "" {
		d.fromLast |= 1
		return nil
	}
	before, ok := strings.CutPrefix(rest, "-")
	n, err := field{low: 1, high: 30}.number(before)
	if !ok || err != nil {
		return fmt.Errorf("%s: %q is not allowed: write L for the last day, L-1 to L-30 for one before it", dayField.name, item)
	}
	d.fromLast |= 1 << n
	return nil
}

func (d *days) parseOfWeek(text string) error {
	d.starOfWeek = star(text)
	for item := range strings.SplitSeq(text, ",") {
		if err := d.addOfWeek(item); err != nil {
			return err
		}
	}
	return nil
}

func (d *days) addOfWeek(item string) error {
	if day, nth, ok := strings.Cut(item, "#"); ok {
		w, err := weekdayField.number(day)
		if err != nil {
			return err
		}
		n, err := field{name: weekdayField.name + ", behind #", low: 1, high: 5}.number(nth)
		d.nth[w%7] |= 1 << n
		return err
	}
	if upper := strings.ToUpper(item); len(upper) > 1 && strings.HasSuffix(upper, "L") {
		w, err := weekdayField.number(upper[:len(upper)-1])
		d.last |= 1 << (w % 7)
		return err
	}
	s, err := weekdayField.parse(item)
	d.ofWeek |= s
	return err
}

func star(text string) bool { return text[0] == '*' || text[0] == '?' }

// match reports whether the day of t, a wall time, is one of them. Its month
// is not looked at.
func (d *days) match(t time.Time) bool {
	inMonth, inWeek := d.matchMonth(t), d.matchWeek(t)
	if d.starOfMonth || d.starOfWeek {
		return inMonth && inWeek
	}
	return inMonth || inWeek
}

func (d *days) matchMonth(t time.Time) bool {
	return d.ofMonth.has(t.Day()) || d.fromLast != 0 && d.fromLast.has(daysIn(t)-t.Day())
}

func (d *days) matchWeek(t time.Time) bool {
	w := int(t.Weekday())
	return d.ofWeek.has(w) || d.nth[w].has((t.Day()+6)/7) || d.last.has(w) && t.Day()+7 > daysIn(t)
}

func daysIn(t time.Time) int {
	return time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// nextWall returns the first wall time of the schedule at or after from. Wall
// times are what a clock shows, written as if in UTC.
func (s *Schedule) nextWall(from time.Time) (time.Time, bool) {
	if s.days.months.has(int(from.Month())) && s.days.match(from) {
		if at, ok := s.clock.next(from.Clock()); ok {
			return midnight(from).Add(at), true
		}
	}
	first, _ := s.clock.next(0, 0, 0)
	end := from.Year() + cycle
	for day := midnight(from).AddDate(0, 0, 1); day.Year() <= end; {
		switch {
		case !s.days.months.has(int(day.Month())):
			day = time.Date(day.Year(), day.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		case s.days.match(day):
			return day.Add(first), true
		default:
			day = day.AddDate(0, 0, 1)
		}
	}
	return time.Time{}, false
}

// previousWall returns the last wall time of the schedule at or before until.
func (s *Schedule) previousWall(until time.Time) (time.Time, bool) {
	if s.days.months.has(int(until.Month())) && s.days.match(until) {
		if at, ok := s.clock.previous(until.Clock()); ok {
			return midnight(until).Add(at), true
		}
	}
	last, _ := s.clock.previous(23, 59, 59)
	end := until.Year() - cycle
	for day := midnight(until).AddDate(0, 0, -1); day.Year() >= end; {
		switch {
		case !s.days.months.has(int(day.Month())):
			day = time.Date(day.Year(), day.Month(), 0, 0, 0, 0, 0, time.UTC)
		case s.days.match(day):
			return day.Add(last), true
		default:
			day = day.AddDate(0, 0, -1)
		}
	}
	return time.Time{}, false
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}
