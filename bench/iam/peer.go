package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// peer is another evaluator, run as a program that answers a file of cases.
type peer struct {
	name string
	// command is the program with its arguments, dir where it runs.
	command []string
	dir     string
}

// simulatePackage is the peer of the Node world, with the version measured. It
// is run as a program and no part of it is copied here (AGPL).
const simulatePackage = "@cloud-copilot/iam-simulate"

// here is where the scripts are, from the root of the repository.
const here = "bench/iam"

// findPeers returns the peers that run on this machine. done removes what was
// installed for them.
func findPeers(ctx context.Context, talk io.Writer) (peers []peer, done func(), err error) {
	dir, err := os.MkdirTemp("", "berth-bench-iam-")
	if err != nil {
		return nil, nil, err
	}
	done = func() { _ = os.RemoveAll(dir) } // a leftover of a benchmark in the temporary directory
	if _, err := os.Stat(filepath.Join(here, "moto_peer.py")); err != nil {
		done()
		return nil, nil, errors.New("run it from the root of the repository: go run ./bench/iam")
	}
	if err := exec.CommandContext(ctx, "python3", "-c", "import moto").Run(); err != nil {
		fmt.Fprintln(talk, "moto is left out: python3 with the package moto is not here (pip install moto)")
	} else {
		peers = append(peers, peer{name: "moto", command: []string{"python3", filepath.Join(here, "moto_peer.py")}})
	}
	if err := installSimulate(ctx, dir); err != nil {
		fmt.Fprintf(talk, "iam-simulate is left out: %v\n", err)
	} else {
		peers = append(peers, peer{name: "iam-simulate", command: []string{"node", "simulate.mjs"}, dir: dir})
	}
	return peers, done, nil
}

func installSimulate(ctx context.Context, dir string) error {
	script, err := os.ReadFile(filepath.Join(here, "simulate.mjs"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "simulate.mjs"), script, 0o644); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", simulatePackage)
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("npm install %s: %w %s", simulatePackage, err, bytes.TrimSpace(out))
	}
	return nil
}

// question is what a peer reads.
type question struct {
	Cases  []json.RawMessage `json:"cases"`
	Repeat int               `json:"repeat"`
}

// answer is a line a peer writes: a decision, or the time of one.
type answer struct {
	ID       string  `json:"id"`
	Decision string  `json:"decision"`
	NS       float64 `json:"ns"`
}

// ask runs a peer once. ns is the time of one answer where repeat is not zero.
func (p peer) ask(ctx context.Context, cases []json.RawMessage, repeat int) (decisions map[string]string, ns float64, err error) {
	input, err := json.Marshal(question{cases, repeat})
	if err != nil {
		return nil, 0, err
	}
	cmd := exec.CommandContext(ctx, p.command[0], p.command[1:]...)
	cmd.Dir = p.dir
	cmd.Stdin = bytes.NewReader(input)
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(talk.String()), "\n")
		return nil, 0, fmt.Errorf("%s: %w: %s", p.name, err, lines[len(lines)-1])
	}
	decisions = map[string]string{}
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var a answer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", p.name, err)
		}
		if a.ID == "" {
			ns = a.NS
			continue
		}
		decisions[a.ID] = a.Decision
	}
	return decisions, ns, lines.Err()
}
