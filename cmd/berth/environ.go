package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/service"
	"github.com/berth-project/berth/environ"
)

func (c *cli) environCommand() *cobra.Command {
	cmd := noun("environ", "the environment of the processes", c.environShowCommand())
	c.fileFlag(cmd)
	return cmd
}

// shownVariable is what may be told of a variable.
type shownVariable struct {
	Name      string   `json:"name"`
	Value     string   `json:"value"`
	Source    string   `json:"source"`
	Sensitive bool     `json:"sensitive"`
	Overrides []string `json:"overrides,omitempty"`
}

func (c *cli) environShowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show",
		Short:   "print each variable with where it came from; values are masked",
		Example: "  berth environ show -f examples/ledger",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, env, err := service.Load(cmd.Context(), c.options(c.file, service.Production))
			if err != nil {
				return err
			}
			var shown []shownVariable
			for _, v := range env.Variables() {
				shown = append(shown, shownVariable{v.Name, environ.Mask(v), v.Source, v.Sensitive, v.Overrides})
			}
			return printList(c, shown, []string{"name", "value", "source", "overrides"}, func(v shownVariable) []string {
				return []string{v.Name, v.Value, v.Source, orDash(strings.Join(v.Overrides, ", "))}
			})
		},
	}
	c.jsonFlag(cmd)
	return cmd
}
