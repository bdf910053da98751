package cron

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxTimes is how many times of the day are listed one by one.
const maxTimes = 6

// String says for people when the schedule is due: "at 02:30 on Mondays,
// Europe/Berlin".
func (s Schedule) String() string {
	switch {
	case s.zone == nil:
		return "never"
	case s.every > 0:
		return "every " + interval(s.every)
	}
	parts := []string{s.clock.String()}
	for _, part := range []string{s.days.String(), s.days.inMonths()} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ") + ", " + s.zone.String()
}

// interval writes 1h30m0s as 1h30m.
func interval(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// String is the part about the time of the day.
func (c clock) String() string {
	hours, minutes, secs := c.hours.members(), c.minutes.members(), c.seconds.members()
	if c.hours != allHours && len(hours)*len(minutes)*len(secs) <= maxTimes {
		return "at " + list(c.times(hours, minutes, secs), "and")
	}
	var parts []string
	if c.seconds != 1 {
		parts = append(parts, unit("second", c.seconds, 60))
	}
	if c.minutes != allSixty || c.seconds == 1 {
		parts = append(parts, unit("minute", c.minutes, 60))
	}
	if c.hours != allHours || c.minutes != allSixty && !strings.HasPrefix(parts[len(parts)-1], "every") {
		parts = append(parts, unit("hour", c.hours, 24))
	}
	text := strings.Join(parts, " of ")
	if !strings.HasPrefix(text, "every") {
		text = "at " + text
	}
	return text
}

func (c clock) times(hours, minutes, secs []int) []string {
	var all []string
	for _, h := range hours {
		for _, m := range minutes {
			for _, s := range secs {
				text := fmt.Sprintf("%02d:%02d", h, m)
				if c.seconds != 1 {
					text += fmt.Sprintf(":%02d", s)
				}
				all = append(all, text)
			}
		}
	}
	return all
}

// unit is "every minute", "every 15 minutes" or "minutes 5 and 35".
func unit(name string, s set, size int) string {
	if s == through(0, size-1, 1) {
		return "every " + name
	}
	members := s.members()
	if len(members) == 1 {
		return name + " " + strconv.Itoa(members[0])
	}
	if step := members[1]; members[0] == 0 && size%step == 0 && s == through(0, size-1, step) {
		return fmt.Sprintf("every %d %ss", step, name)
	}
	return name + "s " + spans(members, strconv.Itoa)
}

// String is the part about the days, "" where it is every day.
func (d days) String() string {
	inMonth, inWeek := d.describeMonth(), d.describeWeek()
	switch {
	case inMonth == "" || inWeek == "":
		return inMonth + inWeek
	case d.starOfMonth || d.starOfWeek:
		return inMonth + " if " + strings.TrimPrefix(inWeek, "on ")
	}
	return inMonth + " or " + inWeek
}

func (d days) describeMonth() string {
	if d.ofMonth == through(1, 31, 1) {
		return ""
	}
	var parts []string
	if members := d.ofMonth.members(); len(members) == 1 {
		parts = append(parts, "day "+strconv.Itoa(members[0]))
	} else if len(members) > 1 {
		parts = append(parts, "days "+spans(members, strconv.Itoa))
	}
	for _, n := range d.fromLast.members() {
		if n == 0 {
			parts = append(parts, "the last day")
		} else {
			parts = append(parts, fmt.Sprintf("the last day but %d", n))
		}
	}
	return "on " + list(parts, "and") + " of the month"
}

func (d days) describeWeek() string {
	var parts []string
	switch d.ofWeek {
	case through(0, 6, 1):
		return ""
	case through(1, 5, 1):
		parts = append(parts, "weekdays")
	case 1<<0 | 1<<6:
		parts = append(parts, "weekends")
	case 0:
	default:
		// The week begins on Monday, so that "Saturdays and Sundays" stand together.
		members := d.ofWeek.members()
		slices.SortFunc(members, func(a, b int) int { return (a+6)%7 - (b+6)%7 })
		for _, w := range members {
			parts = append(parts, time.Weekday(w).String()+"s")
		}
	}
	for w, nth := range d.nth {
		for _, n := range nth.members() {
			parts = append(parts, fmt.Sprintf("the %s %s of the month", ordinals[n], time.Weekday(w)))
		}
	}
	for _, w := range d.last.members() {
		parts = append(parts, fmt.Sprintf("the last %s of the month", time.Weekday(w)))
	}
	return "on " + list(parts, "and")
}

var ordinals = [...]string{"", "first", "second", "third", "fourth", "fifth"}

func (d days) inMonths() string {
	if d.months == allMonth {
		return ""
	}
	return "in " + spans(d.months.members(), func(m int) string { return time.Month(m).String() })
}

// spans lists numbers, three and more in a row as "2 to 5".
func spans(members []int, name func(int) string) string {
	var parts []string
	for i := 0; i < len(members); {
		end := i
		for end+1 < len(members) && members[end+1] == members[end]+1 {
			end++
		}
		if end-i < 2 {
			end = i
			parts = append(parts, name(members[i]))
		} else {
			parts = append(parts, name(members[i])+" to "+name(members[end]))
		}
		i = end + 1
	}
	return list(parts, "and")
}

// list is "a, b and c".
func list(parts []string, word string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ", ") + " " + word + " " + parts[last]
}
