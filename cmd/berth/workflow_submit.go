package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/work/client"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/workflow"
)

// submitFlags are what berth workflow submit is told besides the workflow.
type submitFlags struct {
	paramFlags
	tenant, queue, key, idempotency, deadline, startAt string
	priority                                           int
	labels                                             map[string]string
	hold, wait, plan                                   bool
}

func (c *cli) workflowSubmitCommand() *cobra.Command {
	var f submitFlags
	var cmd *cobra.Command
	cmd = c.onEngine(engineCommand{
		use:   "submit FILE|NAME[@VERSION]",
		short: "submit a run: of a document, or of a workflow the engine has",
		long: "Prints the id of the run. What names a file that is there, ends in .json or is - is read as a document, or an agenda of\n" +
			"POP's; anything else is the name of a workflow that was defined. With an idempotency key a repeated submission\n" +
			"answers the first one's run. With --wait it waits for the end, prints the run's output, and fails if the run does.",
		example:  "  berth workflow submit publish --tenant acme --param source=https://example.org/a.png --wait",
		args:     exactly("FILE|NAME"),
		complete: c.completeFirst(c.workflowNames),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			s, err := f.submission(c, args[0], cmd.Flags().Changed("priority"))
			if err != nil {
				return err
			}
			if f.plan {
				return c.planRun(ctx, e, s)
			}
			return c.submitRun(ctx, e, s, f.wait)
		},
	})
	f.register(cmd)
	fs := cmd.Flags()
	fs.StringVar(&f.tenant, "tenant", "", "whose the run is (default: the key's, if it has one)")
	fs.StringVar(&f.queue, "queue", "", "the queue that takes it, whatever the matchers say")
	fs.IntVar(&f.priority, "priority", 0, "0, the most urgent, to 9 (default: the document's)")
	fs.StringVar(&f.key, "key", "", "concurrency key: runs of a queue with the same one share a limit")
	fs.StringVar(&f.idempotency, "idempotency-key", "", "submit once, however often this is repeated")
	labelFlag(fs, &f.labels, "a label, `NAME=VALUE`; may be repeated")
	fs.StringVar(&f.deadline, "deadline", "", "how long the run may take, waiting included, such as 2h")
	fs.StringVar(&f.startAt, "start", "", "not before this `TIME`: RFC 3339, or a duration from now such as 15m")
	fs.BoolVar(&f.hold, "hold", false, "hold it until \"berth workflow release\"")
	fs.BoolVar(&f.wait, "wait", false, "wait until it is final; fail unless it succeeds")
	fs.BoolVar(&f.plan, "dry-run", false, "say which queue would take it, and why; submit nothing")
	return cmd
}

func (f *submitFlags) submission(c *cli, what string, prioritised bool) (client.Submission, error) {
	s := client.Submission{
		Tenant: f.tenant, Queue: f.queue, Key: f.key, IdempotencyKey: f.idempotency, Labels: f.labels, Hold: f.hold, Deadline: f.deadline,
	}
	if prioritised {
		s.Priority = &f.priority
	}
	if d, err := workflow.ParseDuration(f.deadline); f.deadline != "" && (err != nil || d <= 0) {
		return s, usageError{fmt.Errorf("--deadline %q: a duration above zero, such as 2h or 7d", f.deadline)}
	}
	if f.startAt != "" {
		at, err := momentOf(f.startAt, time.Now(), 1)
		if err != nil {
			return s, usageError{fmt.Errorf("--start: %w", err)}
		}
		s.StartAt = &at
	}
	params, err := f.name(c, what, &s)
	if err != nil {
		return s, err
	}
	if params, err = f.read(c, params); params != nil {
		s.Params = params
	}
	if text, ok := s.Document.(json.RawMessage); ok {
		c.noteStray(text, params)
	}
	return s, err
}

// name says which workflow is meant: one of the engine's, or a document. It
// gives the parameters that an agenda brings.
func (f *submitFlags) name(c *cli, what string, s *client.Submission) (json.RawMessage, error) {
	if !isFile(what) {
		name, version, versioned := strings.Cut(what, "@")
		s.Workflow = name
		if !versioned {
			return nil, nil
		}
		n, err := strconv.Atoi(version)
		if err != nil || n < 1 {
			return nil, usageError{fmt.Errorf("%q: a version is a number from 1: %s@3", what, name)}
		}
		s.Version = n
		return nil, nil
	}
	doc, err := c.readWorkflow(what)
	if err != nil {
		return nil, err
	}
	s.Document, s.Hold = json.RawMessage(doc.text), s.Hold || doc.hold
	for name, value := range doc.labels {
		if s.Labels == nil {
			s.Labels = map[string]string{}
		}
		if _, set := s.Labels[name]; !set {
			s.Labels[name] = value
		}
	}
	return doc.params, nil
}

// isFile tells a file from the name of a workflow.
func isFile(what string) bool {
	if what == "-" || strings.HasSuffix(what, ".json") || strings.ContainsRune(what, os.PathSeparator) {
		return true
	}
	info, err := os.Stat(what)
	return err == nil && info.Mode().IsRegular()
}

// momentOf reads a time: RFC 3339, or a duration from now, forward (1) or back (-1).
func momentOf(text string, now time.Time, direction time.Duration) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(direction * d), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("%q is neither a time such as 2006-01-02T15:04:05Z nor a duration such as 15m", text)
	}
	return at, nil
}

func (c *cli) submitRun(ctx context.Context, e *client.Client, s client.Submission, wait bool) error {
	receipt, err := e.Submit(ctx, s)
	if err != nil {
		return err
	}
	switch {
	case receipt.Duplicate:
		fmt.Fprintf(c.stderr, "submitted before: run %s\n", receipt.ID)
	case wait:
		fmt.Fprintf(c.stderr, "run %s in queue %s\n", receipt.ID, receipt.Queue)
	}
	if wait {
		return c.outcome(ctx, e, receipt.ID)
	}
	if c.json {
		return c.printJSON(receipt)
	}
	_, err = fmt.Fprintln(c.stdout, receipt.ID)
	return err
}

// outcome waits for the end of a run, and prints its output.
func (c *cli) outcome(ctx context.Context, e *client.Client, id string) error {
	r, err := e.Wait(ctx, id)
	if err != nil {
		return err
	}
	return c.printOutcome(&r)
}

// planRun says what a submission would become.
func (c *cli) planRun(ctx context.Context, e *client.Client, s client.Submission) error {
	var raw json.RawMessage
	if err := e.Do(ctx, http.MethodPost, "/runs/plan", nil, s, &raw); err != nil {
		return err
	}
	if c.json {
		return c.printJSON(raw)
	}
	var p engine.Planned
	if err := json.Unmarshal(raw, &p); err != nil {
		return fmt.Errorf("the answer: %w", err)
	}
	fmt.Fprintf(c.stdout, "%s goes to queue %s with priority %d\nparams %s\n", p.Workflow, p.Queue, p.Priority, p.Params)
	for _, q := range p.Queues {
		fmt.Fprintf(c.stdout, "  %s  %s\n", q.Queue, q.Why)
	}
	return nil
}
