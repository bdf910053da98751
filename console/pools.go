package console

import (
	"context"
	"net/http"

	"github.com/berth-project/berth/work/shard"
)

// poolList is the page of pools.
type poolList struct {
	Pools   []poolRow `json:"pools"`
	Actions bool      `json:"-"`
	Done    string    `json:"-"`
}

// poolRow is a pool with its workers.
type poolRow struct{ shard.PoolState }

// Mark is the state for people.
func (p poolRow) Mark() stateMark {
	switch {
	case p.Paused:
		return stateMark{"wait", "‖", "paused"}
	case p.Draining:
		return stateMark{"wait", "◔", "draining"}
	case len(p.Workers) == 0 && p.Ready > 0:
		return stateMark{"fail", "✕", "no workers"}
	case len(p.Workers) == 0:
		return stateMark{"quiet", "○", "no workers"}
	}
	return stateMark{"ok", "●", "works"}
}

// Limit is how many slots may be used at once, 0 for as many as the workers have.
func (p poolRow) Limit() int { return p.Slots }

// poolDone are what the page says after an action.
var poolDone = map[string]string{
	"pause": "Paused: no step starts there; what runs goes on.", "resume": "Resumed.",
	"drain": "Draining: no step starts there, and its workers may leave.", "fill": "Steps start there again.",
}

func (c *Console) poolList(ctx context.Context, r *http.Request) (*page, *fault) {
	states, err := c.src.Work.Pools(ctx)
	if err != nil {
		return nil, c.workFault(err)
	}
	v := poolList{Pools: []poolRow{}, Actions: c.src.WorkActions != nil, Done: poolDone[r.URL.Query().Get("done")]}
	for _, p := range states {
		v.Pools = append(v.Pools, poolRow{p})
	}
	return &page{
		title: "Pools", template: "pools", room: "/pools", up: "/", topic: topicPools, twin: "/pools.json", params: []string{"done"},
		command: "berth pool list", data: v,
	}, nil
}
