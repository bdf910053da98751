package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// notes is what callers, workers and the receiver of webhooks saw.
type notes struct {
	mu      sync.Mutex
	keys    map[string]string            // idempotency key → run, as acknowledged
	results map[string]map[string]string // run/step → fence → worker, as accepted
	ends    map[string]int               // run → webhooks of its end
	wrong   []string
}

func newNotes() *notes {
	return &notes{keys: map[string]string{}, results: map[string]map[string]string{}, ends: map[string]int{}}
}

func (n *notes) acknowledged() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.keys)
}

func (n *notes) accepted() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.results)
}

// acknowledge notes the run that a key was answered with.
func (n *notes) acknowledge(key, run string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if first, ok := n.keys[key]; ok && first != run {
		n.wrong = append(n.wrong, fmt.Sprintf("key %s was acknowledged as run %s and as run %s", key, first, run))
		return
	}
	n.keys[key] = run
}

// told notes a webhook.
func (n *notes) told(body []byte) error {
	var e struct {
		Event string `json:"event"`
		Run   string `json:"run"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if strings.HasPrefix(e.Event, "run.") {
		n.ends[e.Run]++
	}
	return nil
}

// writer takes what a worker prints: one line for each result that was
// accepted: run, step, fence, worker.
func (n *notes) writer() *os.File {
	r, w, err := os.Pipe()
	if err != nil {
		return nil
	}
	go func() {
		defer r.Close() //nolint:errcheck // nothing is written to it
		n.read(r)
	}()
	return w
}

func (n *notes) read(r io.Reader) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) != 4 { // the last line of one who was killed
			continue
		}
		n.mu.Lock()
		step := f[0] + "/" + f[1]
		if n.results[step] == nil {
			n.results[step] = map[string]string{}
		}
		n.results[step][f[2]] = f[3]
		n.mu.Unlock()
	}
}
