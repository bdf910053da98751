package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/internal/diagnostic"
)

func (c *cli) workflowCheckCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "say everything that is wrong with workflows, and start nothing",
		Long: "Reads each document strictly: unknown keys, references to what is not there, cycles, conditions that are no CEL are\n" +
			"told at once, each with its line; then keys that steps of Berth's own types are not given. Agendas of POP's (JSON with \"operations\") are checked as they would run here.\n" +
			"- is standard input. With --json a line per file.",
		Example: "  berth workflow check workflows/*.json",
		Args:    atLeastOne("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			wrong := 0
			for _, path := range args {
				ok, err := c.checkWorkflow(path)
				if err != nil {
					return err
				}
				if !ok {
					wrong++
				}
			}
			if wrong > 0 {
				return errReported
			}
			return nil
		},
	}
	c.jsonFlag(cmd)
	return cmd
}

// checkedWorkflow is what was found of one file, as JSON.
type checkedWorkflow struct {
	File     string          `json:"file"`
	OK       bool            `json:"ok"`
	Kind     string          `json:"kind"` // workflow or agenda
	Name     string          `json:"name,omitempty"`
	Steps    int             `json:"steps,omitempty"`
	Problems diagnostic.List `json:"problems,omitempty"`
	Error    string          `json:"error,omitempty"` // where there are no problems with a place
}

func (c *cli) checkWorkflow(path string) (ok bool, err error) {
	f, err := c.readWorkflow(path)
	if f == nil {
		f = &workflowFile{name: path}
	}
	if err == nil {
		err = f.checkGiven(given())
	}
	found := checkedWorkflow{File: f.name, OK: err == nil, Kind: f.kind()}
	if err == nil {
		found.Name, found.Steps = f.doc.Name, f.plan.Len()
	}
	if !c.json {
		if err != nil {
			c.report(err)
		} else {
			fmt.Fprintf(c.stderr, "%s is fine (%s %s, steps %d)\n", found.File, found.Kind, found.Name, found.Steps)
		}
		return err == nil, nil
	}
	if err != nil && !errors.As(err, &found.Problems) {
		found.Error = err.Error()
	}
	return found.OK, c.printJSON(found)
}
