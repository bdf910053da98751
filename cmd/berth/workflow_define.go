package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/client"
	"github.com/berth-project/berth/workflow"
)

func (c *cli) workflowDefineCommand() *cobra.Command {
	var tenant string
	var dry bool
	cmd := c.onEngine(engineCommand{
		use:   "define FILE...",
		short: "keep documents as the next versions of their workflows",
		long: "Says what differs from the newest version and keeps the document as the next one; what is the newest already is not\n" +
			"kept twice. Runs that have begun go on with the version they began with. With --dry-run nothing is kept.",
		example: "  berth workflow define workflows/publish.json --dry-run",
		args:    atLeastOne("FILE"),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			for _, path := range args {
				f, err := c.readWorkflow(path)
				if err != nil {
					return err
				}
				if err := c.define(ctx, e, f, tenant, dry); err != nil {
					return err
				}
			}
			return nil
		},
	})
	cmd.Flags().StringVar(&tenant, "tenant", "", "whose they are (default: operators', and all tenants may run them)")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would change")
	return cmd
}

// definedWorkflow is what became of a document, as JSON.
type definedWorkflow struct {
	Name    string   `json:"name"`
	Version int      `json:"version"` // the newest now; 0 when there is none
	Changed bool     `json:"changed"`
	Changes []string `json:"changes,omitempty"`
	DryRun  bool     `json:"dry_run,omitempty"`
}

func (c *cli) define(ctx context.Context, e *client.Client, f *workflowFile, tenant string, dry bool) error {
	newest, err := definitionOf(ctx, e, f.doc.Name, 0)
	if err != nil && !client.IsNotFound(err) {
		return err
	}
	out := definedWorkflow{Name: f.doc.Name, Version: newest.Version, DryRun: dry}
	if out.Changes, err = changesSince(newest, f.doc); err != nil {
		return err
	}
	out.Changed = newest.Version == 0 || len(out.Changes) > 0
	if !dry {
		var d work.Definition
		query := url.Values{}
		if tenant != "" {
			query.Set("tenant", tenant)
		}
		if err := e.Do(ctx, http.MethodPost, "/workflows", query, json.RawMessage(f.text), &d); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		out.Changed, out.Version = d.Version != newest.Version, d.Version
	}
	if c.json {
		return c.printJSON(out)
	}
	return c.printDefined(out)
}

func (c *cli) printDefined(d definedWorkflow) error {
	for _, change := range d.Changes {
		fmt.Fprintln(c.stdout, change)
	}
	switch {
	case !d.Changed:
		fmt.Fprintf(c.stderr, "%s is version %d already\n", d.Name, d.Version)
	case d.DryRun && d.Version == 0:
		fmt.Fprintf(c.stderr, "%s would be new\n", d.Name)
	case d.DryRun:
		fmt.Fprintf(c.stderr, "%s would change (newest version %d, changes %d)\n", d.Name, d.Version, len(d.Changes))
	default:
		fmt.Fprintf(c.stderr, "%s is version %d now\n", d.Name, d.Version)
	}
	return nil
}

// definitionOf gives a version of a workflow, 0 the newest.
func definitionOf(ctx context.Context, e *client.Client, name string, version int) (work.Definition, error) {
	var d work.Definition
	query := url.Values{}
	if version > 0 {
		query.Set("version", strconv.Itoa(version))
	}
	err := e.Do(ctx, http.MethodGet, "/workflows/"+url.PathEscape(name), query, nil, &d)
	return d, err
}

// changesSince says what differs from a version; nothing where there is none.
func changesSince(d work.Definition, now *workflow.Document) ([]string, error) {
	if d.Version == 0 {
		return nil, nil
	}
	before, err := workflow.Parse(d.Name, d.Document)
	if err != nil {
		return nil, fmt.Errorf("version %d of %s: %w", d.Version, d.Name, err)
	}
	before.Version = now.Version // the engine numbers versions, documents need not
	changes, err := workflow.Changes(before, now)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(changes))
	for i, ch := range changes {
		texts[i] = ch.String()
	}
	return texts, nil
}

func (c *cli) workflowDefinitionsCommand() *cobra.Command {
	var document int
	cmd := c.onEngine(engineCommand{
		use:      "definitions [NAME]",
		short:    "list the workflows of the engine, or the versions of one",
		example:  "  berth workflow definitions publish\n  berth workflow definitions publish --document 3 > publish.json",
		args:     cobra.MaximumNArgs(1),
		complete: c.completeFirst(c.workflowNames),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			if document > 0 {
				if len(args) == 0 {
					return usageError{errors.New("--document is of one workflow: say which")}
				}
				return c.printDocument(ctx, e, args[0], document)
			}
			path := "/workflows"
			if len(args) > 0 {
				path += "/" + url.PathEscape(args[0]) + "/versions"
			}
			var page struct {
				Workflows []work.Definition `json:"workflows"`
			}
			if err := e.Do(ctx, http.MethodGet, path, nil, nil, &page); err != nil {
				return err
			}
			return printList(c, page.Workflows, []string{"name", "version", "tenant", "created", "by"}, func(d work.Definition) []string {
				return []string{d.Name, strconv.Itoa(d.Version), orDash(d.Tenant), stamp(time.UnixMilli(d.Created)), orDash(d.By)}
			})
		},
	})
	cmd.Flags().IntVar(&document, "document", 0, "print the document of this `VERSION`")
	return cmd
}

func (c *cli) printDocument(ctx context.Context, e *client.Client, name string, version int) error {
	d, err := definitionOf(ctx, e, name, version)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(d)
	}
	doc, err := workflow.Parse(name, d.Document)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "%s\n", text)
	return err
}

// stamp is a time in UTC to the second; - for none.
func stamp(t time.Time) string {
	if t.IsZero() || t.UnixMilli() == 0 {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
