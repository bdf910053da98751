package shard

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/work/store"
)

// ledgerEvery is how often what the order remembers of its tenants is written,
// in milliseconds. In between the tags of the runs tell most of it.
const ledgerEvery = 60_000

// Recall gives the order back what it remembered of its queues; before the
// first round. The error names the ledgers that cannot be read, which are left
// out: the tags of the runs tell most of them.
func (c *Core) Recall(ledgers []store.Ledger) error {
	var bad error
	for _, l := range ledgers {
		c.ledgers[l.Queue] = true
		var led queue.Ledger
		if err := json.Unmarshal(l.Body, &led); err != nil {
			bad = fmt.Errorf("ledger of queue %q: %w", l.Queue, err)
			continue
		}
		if _, ok := c.settings.Queues[l.Queue]; ok {
			c.order.SetLedger(l.Queue, led)
		}
	}
	return bad
}

// Remember has the next round write what the order remembers.
func (c *Core) Remember() { c.remember = c.now }

// ledger adds what the order remembers to a batch, when that is due.
func (c *Core) ledger(b *store.Batch) {
	if c.remember > c.now {
		return
	}
	c.remember = c.now + ledgerEvery
	for _, name := range slices.Sorted(maps.Keys(c.settings.Queues)) {
		led := c.order.Ledger(name)
		if led.At == 0 {
			continue // it never had a run here
		}
		body, err := json.Marshal(led)
		if err != nil { // a number that is none: the tags are left
			continue
		}
		c.ledgers[name] = true
		b.Ledgers = append(b.Ledgers, store.Ledger{Queue: name, Body: body})
	}
	for name := range c.ledgers {
		if _, ok := c.settings.Queues[name]; !ok {
			delete(c.ledgers, name)
			b.Ledgers = append(b.Ledgers, store.Ledger{Queue: name})
		}
	}
}
