package tables

import "github.com/berth-project/berth/work/store"

// LastLedgers returns those of a list that count, as a later one replaces one
// of the same queue: those to be written, and the queues of those to be
// deleted. The names of queues are escaped.
func LastLedgers(list []store.Ledger) (put []store.Ledger, drop []string) {
	last := make(map[string]int, len(list))
	for i, l := range list {
		last[l.Queue] = i
	}
	for i, l := range list {
		switch {
		case last[l.Queue] != i:
		case l.Body == nil:
			drop = append(drop, Escape(l.Queue))
		default:
			put = append(put, store.Ledger{Queue: Escape(l.Queue), Body: l.Body})
		}
	}
	return put, drop
}

// ScanLedger reads a queue and the body of its ledger.
func ScanLedger(scan func(...any) error) (l store.Ledger, err error) {
	err = scan(&l.Queue, &l.Body)
	unescape(&l.Queue)
	return l, err
}
