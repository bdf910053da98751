package shell

import (
	"sync"
	"time"
)

// processTable shares the reading of the process table between attempts.
type processTable struct {
	mu    sync.Mutex // held while reading: all who wait want the same
	begun time.Time  // when stats were begun to be read
	stats []procStat
}

// since returns a table whose reading began at that time or later.
func (t *processTable) since(at time.Time) []procStat {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.begun.Before(at) {
		t.begun = time.Now()
		t.stats = processes()
	}
	return t.stats
}

// tree finds the processes of an attempt: those of its control group, if it has
// one, those of the program's group and session, the descendants of these, those
// found before, and those that have the attempt's mark in their environment.
type tree struct {
	table   *processTable
	leader  int
	started uint64
	mark    string
	group   *cgroup

	mu   sync.Mutex     // guards seen
	seen map[int]uint64 // when a process that was found had started, by number
}

func newTree(table *processTable, leader int, mark string, group *cgroup) *tree {
	t := &tree{table: table, leader: leader, mark: mark, group: group, seen: map[int]uint64{}}
	if stat, ok := readStat(leader); ok {
		t.started = stat.started
	}
	return t
}

// members returns those of a table that belong to the attempt, the program
// included, and remembers them.
func (t *tree) members(table []procStat) []procStat {
	t.mu.Lock()
	defer t.mu.Unlock()
	in := map[int]bool{}
	for _, pid := range t.group.members() {
		in[pid] = true
	}
	for _, p := range table {
		started, seen := t.seen[p.pid]
		if p.pid == t.leader || p.group == t.leader || p.session == t.leader || seen && started == p.started {
			in[p.pid] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for _, p := range table {
			if !in[p.pid] && in[p.parent] && p.started >= t.started {
				in[p.pid], grown = true, true
			}
		}
	}
	var members []procStat
	for _, p := range table {
		if in[p.pid] {
			members = append(members, p)
			t.seen[p.pid] = p.started
		}
	}
	return members
}

// living returns the members that have not ended, searching environments too.
func (t *tree) living() []procStat {
	table := t.table.since(time.Now())
	for _, p := range table {
		if p.started >= t.started && p.alive() && hasVariable(p.pid, t.mark) {
			t.mu.Lock()
			t.seen[p.pid] = p.started
			t.mu.Unlock()
		}
	}
	var living []procStat
	for _, p := range t.members(table) {
		if p.alive() {
			living = append(living, p)
		}
	}
	return living
}

// watchEvery is how often the use of an attempt is compared with its limits.
const watchEvery = 200 * time.Millisecond

// exceeds returns which limit the attempt is over, "" for none.
func (t *tree) exceeds(l Limits) string {
	var resident int64
	var cpu time.Duration
	count := 0
	for _, p := range t.members(t.table.since(time.Now().Add(-watchEvery / 2))) {
		resident += p.resident
		cpu += p.cpu
		if p.alive() {
			count++
		}
	}
	switch {
	case l.Memory > 0 && resident > int64(l.Memory):
		return "memory"
	case l.CPUTime > 0 && cpu > l.CPUTime.Std():
		return "cpu-time"
	case l.Processes > 0 && count > l.Processes:
		return "processes"
	}
	return ""
}
