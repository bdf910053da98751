package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/popexport"
	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/compat/pop"
	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/telemetry"
	"github.com/berth-project/berth/work/store"
)

// importFlags are what berth workflow import is told.
type importFlags struct {
	directory string
	tables    []string
	store     string
	dry       bool
}

func (c *cli) workflowImportCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import",
		Short: "take over customers, queues and agendas of Priority Operation Processing",
		Long: "Reads exports of the DynamoDB tables of a deployment of Comcast's Priority Operation Processing and keeps what is in them\n" +
			"in the store of an engine. All is checked before anything is kept; what is there already stays, so that an import may be\n" +
			"run again. The deployment's scheduler and executors must be stopped, and so must an engine whose store is an SQLite file.\n" +
			"Agendas that were waiting or running are queued when \"berth workflow serve --pop\" runs on the store.\n\n" +
			"DIR holds, for each table, a file or a directory of that name: POP-Agenda-prod.json, or POP-Agenda-prod with what an\n" +
			"export to S3 wrote. Prefix and stage may be left out, and files may be compressed (.gz).",
		Example: "  berth workflow import --pop export --dry-run\n" +
			"  berth workflow import --pop export --store postgres://berth@db.internal/app\n" +
			"  berth workflow import --table Insight=insights.json --table ResourcePool=pools.json",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			err := c.importPOP(ctx, f)
			if ctx.Err() != nil && errors.Is(err, context.Canceled) {
				return childStatus{code: 130, err: errors.New("interrupted: what was kept stays; the same command goes on from there")}
			}
			return err
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.directory, "pop", "", "the `DIR` with the exports of the tables")
	fs.StringArrayVar(&f.tables, "table", nil, "a table that is elsewhere, `TABLE=PATH`; may be repeated")
	fs.StringVar(&f.store, "store", "", "postgres://… or the path of an SQLite `FILE` (default: work.db below --data)")
	fs.BoolVar(&f.dry, "dry-run", false, "only say what would be imported")
	c.dataFlag(cmd)
	c.jsonFlag(cmd)
	return cmd
}

// importedPOP is what an import did, as JSON.
type importedPOP struct {
	pop.Imported
	DryRun   bool            `json:"dry_run,omitempty"`
	Problems diagnostic.List `json:"problems,omitempty"`
}

func (c *cli) importPOP(ctx context.Context, f importFlags) error {
	tables, strange, err := popexport.Find(f.directory, f.tables)
	if err != nil {
		return usageError{err}
	}
	survey, err := tables.Survey(ctx)
	if err != nil {
		return err
	}
	problems := append(strange, surveyProblems(survey)...)
	if survey.Wrong > 0 {
		if c.json {
			return errors.Join(errReported, c.printJSON(importedPOP{DryRun: f.dry, Problems: problems}))
		}
		c.report(problems)
		fmt.Fprintf(c.stderr, "berth: nothing was imported: of the exports %d items or files cannot be\n", survey.Wrong)
		return errReported
	}
	st, err := c.importStore(ctx, f)
	if err != nil {
		return err
	}
	do := pop.Import
	if f.dry {
		do = pop.Preview
	}
	done, err := do(ctx, tables, st)
	if st != nil {
		err = errors.Join(err, st.Close())
	}
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(importedPOP{done, f.dry, problems})
	}
	c.printWarnings(problems)
	return c.printImported(done, f.dry)
}

// importStore opens the store; nil for one that is not there yet and need not be.
func (c *cli) importStore(ctx context.Context, f importFlags) (store.Store, error) {
	where := f.store
	if where == "" {
		where = filepath.Join(c.dataDirectory("."), "work.db")
	}
	if !workflows.IsURL(where) {
		_, err := os.Stat(where)
		if f.dry && errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err := os.MkdirAll(filepath.Dir(where), 0o700); err != nil {
			return nil, fmt.Errorf("--store: %w", err)
		}
	}
	log := telemetry.NewLogger(c.stderr, telemetry.LogConfig{Format: telemetry.Human, Level: slog.LevelWarn}, nil)
	return workflows.OpenStore(ctx, where, log)
}

// surveyProblems tells what was found in exports.
func surveyProblems(survey *pop.Survey) diagnostic.List {
	var list diagnostic.List
	for _, f := range survey.Findings {
		p := &diagnostic.Problem{Code: "B1303", File: f.File, Line: f.Line, Path: f.Field, Message: f.Message}
		if f.Field != "" {
			p.Message = f.Field + ": " + p.Message
		}
		if f.Item > 0 {
			p.Column = 1
			p.Message = fmt.Sprintf("item %d (%q): %s", f.Item, f.ID, p.Message)
		}
		if !f.Wrong {
			p.Severity, p.Code = diagnostic.Warning, "B1304"
		}
		list = append(list, p)
	}
	if survey.More > 0 {
		list = append(list, &diagnostic.Problem{Severity: diagnostic.Warning, Code: "B1304", Message: fmt.Sprintf("there are %d further problems", survey.More)})
	}
	return list
}

func (c *cli) printImported(done pop.Imported, dry bool) error {
	rows := [][]string{{"objects", "items", "new", "present"}}
	orphans := 0
	for _, t := range done.Tables {
		rows = append(rows, []string{t.Name, strconv.Itoa(t.Items), strconv.Itoa(t.New), strconv.Itoa(t.Present)})
		orphans += t.Orphans
	}
	if err := writeTable(c.stdout, rows); err != nil {
		return err
	}
	if orphans > 0 {
		fmt.Fprintf(c.stderr, "progress of operations that belong to no progress of an agenda was left out: %d\n", orphans)
	}
	if dry {
		fmt.Fprintf(c.stderr, "nothing was imported; agendas that would be queued: %d, and held: %d\n", done.Queued, done.Held)
		return nil
	}
	fmt.Fprintf(c.stderr, "agendas that \"berth workflow serve --pop\" queues: %d, and holds: %d\n", done.Queued, done.Held)
	return nil
}
