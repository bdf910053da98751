package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/manifest"
)

func (c *cli) jsonFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&c.json, "json", false, "print JSON: one document, or one per line for lists")
}

func (c *cli) fileFlag(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVarP(&c.file, "file", "f", "berth.yaml", "the manifest, or the directory it is in")
}

func (c *cli) dataFlag(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVar(&c.data, "data", "", "directory of what Berth remembers (default $BERTH_DATA, else .berth beside the manifest)")
}

// load reads the manifest.
func (c *cli) load(path string) (*manifest.Manifest, error) {
	m, problems := manifest.Load(path)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return m, nil
}

// manifestPath is the file a directory argument or --file means.
func manifestPath(arg string) (string, error) {
	info, err := os.Stat(arg)
	if err != nil {
		return "", fmt.Errorf("no manifest: %w", err)
	}
	if info.IsDir() {
		arg = filepath.Join(arg, manifest.FileName)
		if _, err := os.Stat(arg); err != nil {
			return "", fmt.Errorf("no manifest: %w", err)
		}
	}
	return arg, nil
}

// dataDirectory is where the state of the service is; it need not exist.
func (c *cli) dataDirectory(manifestFile string) string {
	if c.data != "" {
		return c.data
	}
	if env := c.getenv("BERTH_DATA"); env != "" {
		return env
	}
	return filepath.Join(filepath.Dir(manifestFile), ".berth")
}

// existingData is dataDirectory for commands that read or change state made by
// a running service.
func (c *cli) existingData() (string, error) {
	file, err := manifestPath(c.file)
	if err != nil && c.data == "" && c.getenv("BERTH_DATA") == "" {
		return "", usageError{fmt.Errorf("neither a manifest nor --data says where the data is: %w", err)}
	}
	dir := c.dataDirectory(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make data directory: %w", err)
	}
	return dir, nil
}

// printWarnings tells what is allowed but looks like a mistake.
func (c *cli) printWarnings(list diagnostic.List) {
	if len(list) > 0 {
		_ = diagnostic.Write(c.stderr, list, c.style())
	}
}
