package process

import (
	"context"
	"slices"
)

// publisher tells the rest of the program about endpoints: one call at a time,
// in the order of the changes, only when something changed.
type publisher struct {
	current  func(process string) []Endpoint
	tell     func(process string, ready []Endpoint)
	requests chan publication
	ended    chan struct{}
}

type publication struct {
	process string
	done    chan struct{}
}

func newPublisher(current func(string) []Endpoint, tell func(string, []Endpoint)) *publisher {
	return &publisher{current: current, tell: tell, requests: make(chan publication), ended: make(chan struct{})}
}

func (p *publisher) run(ctx context.Context) {
	defer close(p.ended)
	told := map[string][]Endpoint{}
	for {
		select {
		case req := <-p.requests:
			// Asked for here and not by the requester: the last call is always of
			// the last state.
			ready := p.current(req.process)
			if !slices.Equal(ready, told[req.process]) {
				told[req.process] = ready
				p.tell(req.process, slices.Clone(ready))
			}
			close(req.done)
		case <-ctx.Done():
			return
		}
	}
}

// publish returns when the endpoints of a process are known to everybody.
func (p *publisher) publish(process string) {
	req := publication{process, make(chan struct{})}
	select {
	case p.requests <- req:
		<-req.done
	case <-p.ended:
	}
}
