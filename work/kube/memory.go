package kube

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow/machine"
)

// memory is what an attempt leaves to the next one: the pod that may be alive,
// and what the handler saved. It is a reporter of which only Save differs.
type memory struct {
	work.Reporter

	// What the attempt before left.
	namespace, pod string
	saved          json.RawMessage

	mu   sync.Mutex // guards the field below
	left left
}

// left is the state as it is saved.
type left struct {
	Pod       string          `json:"pod,omitempty"`
	Namespace string          `json:"namespace,omitempty"`
	Saved     json.RawMessage `json:"saved,omitempty"`
}

func remember(report work.Reporter, state json.RawMessage) *memory {
	m := &memory{Reporter: report}
	if json.Unmarshal(state, &m.left) != nil {
		m.left = left{}
	}
	m.namespace, m.pod, m.saved = m.left.Namespace, m.left.Pod, m.left.Saved
	return m
}

// room is what is left beside what a handler saves for the pod that has it.
const room = 1 << 10

// Save implements work.Reporter: it keeps what the handler saves. What is larger
// than an attempt may leave is not kept, lest the pod be forgotten with it.
func (m *memory) Save(state json.RawMessage) {
	if most := machine.MaxSaved - room; len(state) > most {
		m.Log(fmt.Appendf(nil, "berth: what the handler saved for its next attempt is %d bytes, of %d allowed: it is not kept\n", len(state), most))
		return
	}
	m.change(func(l *left) { l.Saved = state })
}

// holds notes the pod of the attempt, before it can be lost.
func (m *memory) holds(namespace, pod string) {
	m.change(func(l *left) { l.Namespace, l.Pod = namespace, pod })
}

// forget notes that the next attempt is not to look for a pod.
func (m *memory) forget() { m.holds("", "") }

func (m *memory) change(edit func(*left)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	edit(&m.left)
	if state, err := json.Marshal(m.left); err == nil {
		m.Reporter.Save(state)
	}
}
