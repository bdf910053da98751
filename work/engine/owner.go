package engine

import (
	"errors"
	"fmt"
	"slices"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow"
)

// OwnerError says that another engine owns the shard.
type OwnerError struct {
	Shard int
	Node  string // "" when nobody does at the moment
	Addr  string // "" when it cannot be reached
}

// Error names the owner.
func (o *OwnerError) Error() string {
	if o.Node == "" {
		return fmt.Sprintf("shard %d has no owner at the moment: try again in a few seconds", o.Shard)
	}
	return fmt.Sprintf("shard %d is owned by engine %s", o.Shard, o.Node)
}

// Unwrap makes it work.ErrNotOwner.
func (o *OwnerError) Unwrap() error { return work.ErrNotOwner }

// Owns says whether the shard of a run is this engine's: an *OwnerError tells
// whose it is else, work.ErrNotFound that there is no such shard.
func (e *Engine) Owns(id workflow.RunID) error {
	l := e.shardOf(id)
	if l == nil {
		return fmt.Errorf("%w: there is no run %v", work.ErrNotFound, id)
	}
	return l.owned()
}

// Serving says whether all shards are served: by this engine, or, while it
// stands by, by another that it can pass requests on to. The error is an
// *OwnerError of the first shard that is not. It asks nobody and is cheap.
func (e *Engine) Serving() (standby bool, err error) {
	for _, l := range e.loops {
		err := l.owned()
		var owner *OwnerError
		if errors.As(err, &owner) {
			if owner.Addr == "" {
				return standby, err
			}
			standby = true
		}
	}
	return standby, nil
}

// OwnsAll says whether all shards are this engine's, as Owns does of one: what
// it counts is only then the whole.
func (e *Engine) OwnsAll() error {
	for _, l := range e.loops {
		if err := l.owned(); err != nil {
			return err
		}
	}
	return nil
}

// Others gives the URLs of the other engines that own shards at present, in
// order: what this engine cannot answer alone they must be asked too.
func (e *Engine) Others() []string {
	var list []string
	for _, l := range e.loops {
		l.mu.Lock()
		addr, mine := l.other.Addr, l.mine
		l.mu.Unlock()
		if !mine && addr != "" && addr != e.opt.Addr && !slices.Contains(list, addr) {
			list = append(list, addr)
		}
	}
	slices.Sort(list)
	return list
}
