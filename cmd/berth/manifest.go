package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/manifest"
)

func (c *cli) manifestCommand() *cobra.Command {
	return noun("manifest", "the manifest itself", c.manifestShowCommand(), c.manifestSchemaCommand())
}

func (c *cli) manifestShowCommand() *cobra.Command {
	var resolved bool
	cmd := &cobra.Command{
		Use:     "show",
		Short:   "print the manifest; with --resolved every default filled in",
		Example: "  berth manifest show --resolved -f examples/ledger",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			m, err := c.load(c.file)
			if err != nil {
				return err
			}
			text, err := m.ResolvedJSON()
			switch {
			case c.json:
			case resolved:
				text, err = m.Resolved(), nil
			default:
				text, err = os.ReadFile(m.File())
			}
			if err == nil {
				_, err = c.stdout.Write(text)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&resolved, "resolved", false, "fill in every default")
	c.fileFlag(cmd)
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) manifestSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "print the JSON Schema of berth.yaml, for editors",
		Example: "  berth manifest schema > berth.schema.json",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			_, err := c.stdout.Write(manifest.Schema())
			return err
		},
	}
}
