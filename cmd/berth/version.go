package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/iam/catalog"
)

// version is set by the linker for releases.
var version = ""

func (c *cli) versionCommand() *cobra.Command {
	var licenses bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "print the version of this binary",
		Example: "  berth version --json\n  berth version --licenses",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			if licenses {
				fmt.Fprintf(c.stdout, "The facts about AWS actions, resources and condition keys in this binary:\n\n%s", catalog.License())
				return nil
			}
			v := buildVersion()
			if c.json {
				return c.printJSON(map[string]string{"version": v, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH})
			}
			fmt.Fprintf(c.stdout, "berth %s %s %s/%s\n", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
	c.jsonFlag(cmd)
	cmd.Flags().BoolVar(&licenses, "licenses", false, "print the licence that the embedded facts about AWS come under")
	cmd.MarkFlagsMutuallyExclusive("json", "licenses")
	return cmd
}

func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
