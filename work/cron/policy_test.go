package cron_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/work/cron"
)

func TestDue(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		missed    cron.Missed
		last, now string
		want      []string
	}{
		{"nothing before the time", cron.All, "2026-01-01T02:00:00Z", "2026-01-01T02:59:59Z", nil},
		{"at the moment", cron.Skip, "2026-01-01T02:00:00Z", "2026-01-01T03:00:00Z", []string{"03:00"}},
		{"not twice", cron.All, "2026-01-01T03:00:00Z", "2026-01-01T03:00:00.5Z", nil},
		{"a little late is not missed", cron.Skip, "2026-01-01T02:00:00Z", "2026-01-01T03:00:59Z", []string{"03:00"}},
		{"skip forgets what is missed", cron.Skip, "2026-01-01T02:00:00Z", "2026-01-01T06:30:00Z", nil},
		{"skip takes the one that is not missed", cron.Skip, "2026-01-01T02:00:00Z", "2026-01-01T06:00:10Z", []string{"06:00"}},
		{"latest takes one", cron.Latest, "2026-01-01T02:00:00Z", "2026-01-01T06:30:00Z", []string{"06:00"}},
		{"latest is the default", "", "2026-01-01T02:00:00Z", "2026-01-01T06:30:00Z", []string{"06:00"}},
		{"all takes each", cron.All, "2026-01-01T02:00:00Z", "2026-01-01T06:30:00Z", []string{"03:00", "04:00", "05:00", "06:00"}},
		{"a clock that goes back", cron.All, "2026-01-01T06:00:00Z", "2026-01-01T02:30:00Z", nil},
	}
	s := parse(t, "@hourly", "")
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, m := range cron.Due(s, tc.missed, at(t, tc.last), at(t, tc.now)) {
				got = append(got, m.Format("15:04"))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Due (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDueIsBounded(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-01-01T00:00:00Z")
	due := cron.Due(parse(t, "* * * * * *", ""), cron.All, time.Unix(0, 0), now)
	if len(due) != cron.MaxMissed || !due[len(due)-1].Equal(now) || !slices.IsSortedFunc(due, time.Time.Compare) {
		t.Errorf("Due over 56 years = %d moments up to %v, want the last %d in order", len(due), due[len(due)-1], cron.MaxMissed)
	}
}

func TestZeroScheduleIsNeverDue(t *testing.T) {
	t.Parallel()
	var s cron.Schedule
	if due := cron.Due(s, cron.All, time.Unix(0, 0), time.Unix(1e9, 0)); len(due) > 0 || !s.Next(time.Unix(0, 0)).IsZero() {
		t.Errorf("Due of the zero schedule = %v, want none", due)
	}
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	tests := []struct {
		overlap          cron.Overlap
		running, waiting int
		want             cron.Decision
	}{
		{"", 3, 0, cron.Start},
		{cron.Allow, 1, 0, cron.Start},
		{cron.SkipRun, 0, 0, cron.Start},
		{cron.SkipRun, 1, 0, cron.Drop},
		{cron.QueueOne, 0, 0, cron.Start},
		{cron.QueueOne, 1, 0, cron.Wait},
		{cron.QueueOne, 1, 1, cron.Drop},
		{cron.QueueOne, 0, 1, cron.Drop}, // the one that waits is about to start
		{cron.CancelRunning, 0, 0, cron.Start},
		{cron.CancelRunning, 2, 0, cron.CancelAndStart},
	}
	for _, tc := range tests {
		if got := tc.overlap.Decide(tc.running, tc.waiting); got != tc.want {
			t.Errorf("%q.Decide(%d, %d) = %v, want %v", tc.overlap, tc.running, tc.waiting, got, tc.want)
		}
	}
}

func TestPoliciesAreChecked(t *testing.T) {
	t.Parallel()
	for _, m := range []cron.Missed{"", cron.Skip, cron.Latest, cron.All} {
		if err := m.Check(); err != nil {
			t.Errorf("Missed(%q).Check() = %v", m, err)
		}
	}
	for _, o := range []cron.Overlap{"", cron.Allow, cron.SkipRun, cron.QueueOne, cron.CancelRunning} {
		if err := o.Check(); err != nil {
			t.Errorf("Overlap(%q).Check() = %v", o, err)
		}
	}
	if cron.Missed("some").Check() == nil || cron.Overlap("queue").Check() == nil {
		t.Error("unknown policies pass")
	}
}
