package cron_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/work/cron"
)

func parse(tb testing.TB, expression, zone string) cron.Schedule {
	tb.Helper()
	s, err := cron.Parse(expression, zone)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func at(tb testing.TB, text string) time.Time {
	tb.Helper()
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func TestNext(t *testing.T) {
	t.Parallel()
	tests := []struct {
		expression, zone, after string
		want                    []string
	}{
		{"30 2 * * MON", "", "2026-01-01T00:00:00Z", []string{"2026-01-05T02:30:00Z", "2026-01-12T02:30:00Z"}},
		{"30 2 * * 1", "", "2026-01-05T02:29:59.999Z", []string{"2026-01-05T02:30:00Z"}},
		{"30 2 * * 1", "", "2026-01-05T02:30:00Z", []string{"2026-01-12T02:30:00Z"}},
		{"15 30 2 * * *", "", "2026-01-05T02:30:00Z", []string{"2026-01-05T02:30:15Z"}},
		{"*/20 8-9 * * mon-fri", "", "2026-01-02T09:00:00Z", []string{"2026-01-02T09:20:00Z", "2026-01-02T09:40:00Z", "2026-01-05T08:00:00Z"}},
		{"0 0 1,15 * FRI", "", "2026-01-01T00:00:00Z", []string{"2026-01-02T00:00:00Z", "2026-01-09T00:00:00Z", "2026-01-15T00:00:00Z"}},
		{"0 0 */2 * MON", "", "2026-01-01T00:00:00Z", []string{"2026-01-05T00:00:00Z", "2026-01-19T00:00:00Z"}},
		{"0 0 29 2 *", "", "2096-03-01T00:00:00Z", []string{"2104-02-29T00:00:00Z"}},
		{"0 12 L * *", "", "2028-01-31T12:00:00Z", []string{"2028-02-29T12:00:00Z", "2028-03-31T12:00:00Z"}},
		{"0 12 L-2 * ?", "", "2026-02-01T00:00:00Z", []string{"2026-02-26T12:00:00Z"}},
		{"0 9 * * FRI#2", "", "2026-01-01T00:00:00Z", []string{"2026-01-09T09:00:00Z", "2026-02-13T09:00:00Z"}},
		{"0 9 * * 7L", "", "2026-01-01T00:00:00Z", []string{"2026-01-25T09:00:00Z", "2026-02-22T09:00:00Z"}},
		{"0 0 * * SAT-SUN", "", "2026-01-01T00:00:00Z", []string{"2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z", "2026-01-10T00:00:00Z"}},
		{"0 0 * * 7-1", "", "2026-01-01T00:00:00Z", []string{"2026-01-04T00:00:00Z", "2026-01-05T00:00:00Z", "2026-01-11T00:00:00Z"}},
		{"@monthly", "America/New_York", "2026-01-15T00:00:00Z", []string{"2026-02-01T00:00:00-05:00", "2026-03-01T00:00:00-05:00", "2026-04-01T00:00:00-04:00"}},
		{"every 10m", "", "2026-01-01T00:03:00Z", []string{"2026-01-01T00:10:00Z", "2026-01-01T00:20:00Z"}},
		{"@every 90s", "", "1969-12-31T23:57:00Z", []string{"1969-12-31T23:58:30Z", "1970-01-01T00:00:00Z"}},

		// 2026-03-29, Berlin: 02:00 +01:00 becomes 03:00 +02:00.
		{"30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", []string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"}},
		{"0,20,40 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", []string{"2026-03-29T03:00:00+02:00", "2026-03-29T03:20:00+02:00"}},
		{"30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", []string{"2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"}},
		// 2026-10-25, Berlin: 03:00 +02:00 becomes 02:00 +01:00.
		{"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}},
		{"30 2 * * *", "Europe/Berlin", "2026-10-25T00:45:00Z", []string{"2026-10-26T02:30:00+01:00"}},
		{"0 1-3 * * *", "Europe/Berlin", "2026-10-24T22:00:00Z", []string{"2026-10-25T01:00:00+02:00", "2026-10-25T02:00:00+02:00", "2026-10-25T03:00:00+01:00"}},
		{"*/30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", []string{"2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:00:00+01:00"}},
		// Cairo has no midnight on 2026-04-24.
		{"@daily", "Africa/Cairo", "2026-04-23T12:00:00Z", []string{"2026-04-24T01:00:00+03:00", "2026-04-25T00:00:00+03:00"}},
		// Lord Howe's clock moves by half an hour.
		{"15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", []string{"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"}},
		// Samoa had no 30 December 2011.
		{"0 9 * * *", "Pacific/Apia", "2011-12-29T10:00:00-10:00", []string{"2011-12-31T00:00:00+14:00", "2011-12-31T09:00:00+14:00"}},
	}
	for _, tc := range tests {
		t.Run(tc.expression+" "+tc.zone, func(t *testing.T) {
			t.Parallel()
			s := parse(t, tc.expression, tc.zone)
			moment := at(t, tc.after)
			var got []string
			for range tc.want {
				moment = s.Next(moment)
				got = append(got, moment.Format(time.RFC3339))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Next after %s (-want +got):\n%s", tc.after, diff)
			}
		})
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := []struct{ expression, zone, want string }{
		{"", "", "is empty"},
		{"* * * *", "", "has 4 fields"},
		{"* * * * * * *", "", "has 7 fields"},
		{"60 * * * *", "", `minute: "60" is not allowed: write numbers from 0 to 59`},
		{"* 24 * * *", "", "hour: "},
		{"* * 0 * *", "", `day of month: "0"`},
		{"* * 32 * *", "", "numbers from 1 to 31"},
		{"* * * JAM *", "", "names from JAN to DEC"},
		{"* * * * 8", "", "day of week"},
		{"* 22-2 * * *", "", "write it as two ranges, 22-23,0-2"},
		{"*/60 * * * *", "", "a step of 60"},
		{"*/0 * * * *", "", "is no step"},
		{"*/-5 * * * *", "", "is no step"},
		{"1, * * * *", "", `minute: ""`},
		{"+1 * * * *", "", `minute: "+1"`},
		{"0 0 30 2 *", "", "is never due"},
		{"0 0 31 4,6 *", "", "is never due"},
		{"0 0 L-31 * *", "", "L-30"},
		{"0 0 LW * *", "", "L for the last day"},
		{"0 0 * * 1#6", "", "behind #"},
		{"0 0 * * 1#0", "", "behind #"},
		{"0 0 * * FOOL", "", "day of week"},
		{"@fortnightly", "", "write @hourly"},
		{"@reboot", "", "hook of the service"},
		{"TZ=Europe/Berlin 0 0 * * *", "", "time-zone"},
		{"every 10", "", "is no interval"},
		{"every 500ms", "", "whole seconds"},
		{"every -5m", "", "whole seconds"},
		{"every 9000h", "", "whole seconds"},
		{"@daily", "Mars/Olympus", "is not known"},
		{"@daily", "../../etc/passwd", "is not known"},
		{"@daily", "Local", "differs from machine to machine"},
		{strings.Repeat("1,", 200) + "1 * * * *", "", "at most 256"},
	}
	for _, tc := range tests {
		if s, err := cron.Parse(tc.expression, tc.zone); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Parse(%q, %q) = %v, %v, want an error with %q", tc.expression, tc.zone, s, err, tc.want)
		}
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	tests := []struct{ expression, zone, want string }{
		{"30 2 * * MON", "Europe/Berlin", "at 02:30 on Mondays, Europe/Berlin"},
		{"* * * * *", "", "every minute, UTC"},
		{"* * * * * *", "", "every second, UTC"},
		{"*/15 * * * *", "", "every 15 minutes, UTC"},
		{"5 * * * *", "", "at minute 5 of every hour, UTC"},
		{"0 */4 * * *", "", "at 00:00, 04:00, 08:00, 12:00, 16:00 and 20:00, UTC"},
		{"*/20 8-18 * * MON-FRI", "", "every 20 minutes of hours 8 to 18 on weekdays, UTC"},
		{"30 0 2 * * 0,6", "", "at 02:00:30 on weekends, UTC"},
		{"0 0 2 * * SUN,WED", "", "at 02:00 on Wednesdays and Sundays, UTC"},
		{"0 0 1,15,L * *", "", "at 00:00 on days 1 and 15 and the last day of the month, UTC"},
		{"0 0 13 * FRI", "", "at 00:00 on day 13 of the month or on Fridays, UTC"},
		{"0 0 */15 * MON", "", "at 00:00 on days 1, 16 and 31 of the month if Mondays, UTC"},
		{"0 9 * 1-3,7 FRI#2,SUNL", "", "at 09:00 on the second Friday of the month and the last Sunday of the month in January to March and July, UTC"},
		{"@yearly", "", "at 00:00 on day 1 of the month in January, UTC"},
		{"every 1h30m", "", "every 1h30m"},
		{"every 120s", "", "every 2m"},
		{"every 24h", "", "every 24h"},
	}
	for _, tc := range tests {
		if got := parse(t, tc.expression, tc.zone).String(); got != tc.want {
			t.Errorf("Parse(%q).String() = %q, want %q", tc.expression, got, tc.want)
		}
	}
}

// fields is an expression as sets of numbers, which the reference below looks
// at one by one.
type fields struct {
	minutes, hours, days, months, weekdays []int
	anyDay, anyWeekday                     bool
}

func random(r *rand.Rand) fields {
	pick := func(low, high int) []int {
		if r.IntN(3) == 0 {
			return nil // a star
		}
		var some []int
		for range 1 + r.IntN(4) {
			some = append(some, low+r.IntN(high-low+1))
		}
		slices.Sort(some)
		return slices.Compact(some)
	}
	f := fields{minutes: pick(0, 59), hours: pick(0, 23), days: pick(1, 31), months: pick(1, 12), weekdays: pick(0, 6)}
	if r.IntN(2) == 0 {
		f.hours = pick(0, 4) // where clocks are changed
	}
	if r.IntN(2) == 0 {
		f.days, f.weekdays, f.months = nil, nil, nil
	}
	f.anyDay, f.anyWeekday = f.days == nil, f.weekdays == nil
	return f
}

func (f fields) String() string {
	var parts []string
	for _, numbers := range [][]int{f.minutes, f.hours, f.days, f.months, f.weekdays} {
		text := strings.ReplaceAll(strings.Trim(fmt.Sprint(numbers), "[]"), " ", ",")
		if text == "" {
			text = "*"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

// shows reports whether a clock that shows t shows a time of the expression.
func (f fields) shows(t time.Time) bool {
	in := func(numbers []int, n int) bool { return numbers == nil || slices.Contains(numbers, n) }
	day, weekday := in(f.days, t.Day()), in(f.weekdays, int(t.Weekday()))
	ok := day && weekday
	if !f.anyDay && !f.anyWeekday {
		ok = day || weekday
	}
	return ok && in(f.minutes, t.Minute()) && in(f.hours, t.Hour()) && in(f.months, int(t.Month()))
}

// reference goes minute by minute from one moment to another.
func (f fields) reference(from, to time.Time, zone *time.Location) []string {
	clock := func(t time.Time) time.Time {
		l := t.In(zone)
		return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), 0, 0, time.UTC)
	}
	var due []string
	highest := clock(from.Add(-48 * time.Hour))
	for t := from.Add(-48 * time.Hour); !t.After(to); t = t.Add(time.Minute) {
		isDue := false
		if f.hours == nil || len(f.hours) == 24 {
			isDue = f.shows(clock(t))
		} else {
			for w := highest.Add(time.Minute); !w.After(clock(t)); w = w.Add(time.Minute) {
				isDue = isDue || f.shows(w)
			}
		}
		if clock(t).After(highest) {
			highest = clock(t)
		}
		if isDue && !t.Before(from) {
			due = append(due, t.UTC().Format(time.RFC3339))
		}
	}
	return due
}

func TestSameAsMinuteByMinute(t *testing.T) {
	t.Parallel()
	windows := []struct{ zone, from string }{
		{"UTC", "2026-02-27T00:00:00Z"},
		{"Europe/Berlin", "2026-03-28T00:00:00Z"},
		{"Europe/Berlin", "2026-10-24T00:00:00Z"},
		{"America/New_York", "2026-03-07T00:00:00Z"},
		{"America/New_York", "2026-10-31T00:00:00Z"},
		{"America/St_Johns", "2006-10-28T00:00:00Z"}, // changes at 00:01
		{"Australia/Lord_Howe", "2026-04-04T00:00:00Z"},
		{"Australia/Lord_Howe", "2026-10-03T00:00:00Z"},
		{"Africa/Cairo", "2026-04-23T00:00:00Z"},
		{"America/Havana", "2026-10-31T00:00:00Z"}, // 01:00 becomes 00:00
		{"Pacific/Apia", "2011-12-29T00:00:00Z"},
		{"Asia/Kathmandu", "2026-01-30T00:00:00Z"},
	}
	for _, w := range windows {
		t.Run(w.zone+" "+w.from, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(4, 2))
			zone, err := time.LoadLocation(w.zone)
			if err != nil {
				t.Fatal(err)
			}
			from := at(t, w.from)
			to := from.Add(72 * time.Hour)
			for range 60 {
				f := random(r)
				s, err := cron.Parse(f.String(), w.zone)
				if err != nil {
					continue // the 31st of a month of 30 days
				}
				want := f.reference(from, to, zone)
				var forth, back []string
				for m := s.Next(from.Add(-1)); !m.After(to); m = s.Next(m) {
					forth = append(forth, m.UTC().Format(time.RFC3339))
				}
				for m := s.Previous(to.Add(1)); !m.Before(from); m = s.Previous(m) {
					back = append(back, m.UTC().Format(time.RFC3339))
				}
				slices.Reverse(back)
				if diff := cmp.Diff(want, forth); diff != "" {
					t.Errorf("Next of %q in %s (-reference +got):\n%s", f, w.zone, diff)
				}
				if diff := cmp.Diff(want, back); diff != "" {
					t.Errorf("Previous of %q in %s (-reference +got):\n%s", f, w.zone, diff)
				}
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"30 2 * * MON", "0 */5 1-3,7 L-3 JAN-MAR/2 FRI#2", "@daily", "every 90s", "0 0 29 2 1L", "60 * * * *"} {
		f.Add(seed, "Europe/Berlin", int64(1774746000))
	}
	f.Fuzz(func(t *testing.T, expression, zone string, unix int64) {
		s, err := cron.Parse(expression, zone)
		if err != nil {
			return
		}
		again, err := cron.Parse(s.Expression(), zone)
		if err != nil || again.String() != s.String() {
			t.Fatalf("Parse(%q) = %v, %v, want %v", s.Expression(), again, err, s)
		}
		now := time.Unix(unix%4e9, 0)
		next := s.Next(now)
		if !next.After(now) {
			t.Fatalf("Next(%v) of %q = %v, want a later moment", now, expression, next)
		}
		if p := s.Previous(next); p.After(now) {
			t.Fatalf("Previous(%v) of %q = %v, which Next(%v) left out", next, expression, p, now)
		}
		if p := s.Previous(next.Add(time.Second)); !p.Equal(next) {
			t.Fatalf("Previous(%v + 1s) of %q = %v, want that moment", next, expression, p)
		}
	})
}

func Example() {
	s, err := cron.Parse("30 2 * * MON", "Europe/Berlin")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s)
	fmt.Println(s.Next(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)))
	// Output:
	// at 02:30 on Mondays, Europe/Berlin
	// 2026-03-02 02:30:00 +0100 CET
}

func BenchmarkNext(b *testing.B) {
	s := parse(b, "30 2 * * MON", "Europe/Berlin")
	for now := time.Unix(1774746000, 0); b.Loop(); {
		now = s.Next(now)
	}
}
